package mesh

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/internal/durable"
)

// Members is who belongs to the home of this box. It is kept in the state directory,
// and what it tells others has been written first.
type Members struct {
	self Identity
	file string

	mutex   sync.Mutex
	ledger  *ledger // nil: this box was not paired
	home    household
	vouched []Member      // for whom this box ever vouched
	changed chan struct{} // closed with the next change
}

// MembersError says why the file of members cannot be used. The mesh then stays
// closed: with an older file the box would trust who was revoked since.
type MembersError struct {
	File string
	Err  error
}

func (e *MembersError) Error() string { return fmt.Sprintf("read members %s: %v", e.File, e.Err) }
func (e *MembersError) Unwrap() error { return e.Err }

// Hint is what the owner can do.
func (e *MembersError) Hint() string {
	return "restore the file from a backup of this box, or delete the folder " + filepath.Dir(e.File) + " and pair the box again: cricket mesh pair"
}

const membersHeading = "cricket members, version 1, sha256 %x\n"

// OpenMembers reads the members in dir. Without a file the box belongs to no home yet.
func OpenMembers(dir string, self Identity) (*Members, error) {
	m := &Members{self: self, file: filepath.Join(dir, membersFile), changed: make(chan struct{})}
	data, err := os.ReadFile(m.file)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, &MembersError{m.file, err}
	}
	line, text, _ := bytes.Cut(data, []byte("\n"))
	if string(line)+"\n" != fmt.Sprintf(membersHeading, sha256.Sum256(text)) {
		return nil, &MembersError{m.file, errDamaged}
	}
	var kept membership
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, &MembersError{m.file, err}
	}
	if m.home, err = kept.Ledger.read(); err != nil {
		return nil, &MembersError{m.file, err}
	}
	m.ledger, m.vouched = &kept.Ledger, kept.Vouched
	return m, nil
}

// membership is what the file has.
type membership struct {
	Ledger  ledger   `json:"ledger"`
	Vouched []Member `json:"vouched"`
}

// set writes a ledger and then goes by it. The mutex is held.
func (m *Members) set(l *ledger, h household) error {
	vouched := slices.Clone(m.vouched)
	for _, b := range h.members {
		if b.Voucher == m.self.ID && b.ID != m.self.ID && !slices.Contains(vouched, b) {
			vouched = append(vouched, b)
		}
	}
	vouched = slices.DeleteFunc(vouched, func(b Member) bool { _, gone := h.revoked[b.ID]; return gone })
	text, err := json.Marshal(membership{*l, vouched})
	if err == nil {
		err = durable.Replace(m.file, append(fmt.Appendf(nil, membersHeading, sha256.Sum256(text)), text...))
	}
	if err != nil {
		return fmt.Errorf("write members: %w", err)
	}
	m.ledger, m.home, m.vouched = l, h, vouched
	close(m.changed)
	m.changed = make(chan struct{})
	return nil
}

// Changed is closed when the members are others than now.
func (m *Members) Changed() <-chan struct{} {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.changed
}

// Paired tells whether this box is a member of a home.
func (m *Members) Paired() bool {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	_, ok := m.home.members[m.self.ID]
	return ok
}

// Home is the name of the home, or "".
func (m *Members) Home() string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.ledger == nil {
		return ""
	}
	return homeOf(m.ledger.Owner)
}

// Epoch counts the revocations.
func (m *Members) Epoch() int {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.home.epoch
}

// Has tells whether a box is a member of this box's home. Of a box that was revoked
// nobody is.
//
// A box for which a member vouched behind a partition, while the owner revoked another,
// is no member until that one has vouched again. It must hear of that, so members
// are members for it, too.
func (m *Members) Has(p peer.ID) bool {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	_, gone := m.home.revoked[m.self.ID]
	_, ok := m.home.members[p]
	return ok && !gone
}

// All are the members, this box too, in the order of their names.
func (m *Members) All() []Member {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return list(m.home.members)
}

// Revoked are those that were members.
func (m *Members) Revoked() []Member {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return list(m.home.revoked)
}

// Siblings are the other members' ids, sorted.
func (m *Members) Siblings() []peer.ID {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	var out []peer.ID
	if _, gone := m.home.revoked[m.self.ID]; gone {
		return nil
	}
	for id := range m.home.members {
		if id != m.self.ID {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// Secret derives 32 bytes that only the members of this epoch know. It is not ok while
// this box has heard of a revocation and not yet of the secret that came with it.
func (m *Members) Secret(label string) (secret []byte, ok bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.home.secret == nil {
		return nil, false
	}
	secret, err := hkdf.Key(sha256.New, m.home.secret, nil, "cricket mesh "+label, 32)
	return secret, err == nil
}

// Begin begins a home with this box as its only member, and returns the owner's code,
// which is kept nowhere.
func (m *Members) Begin(name string) (code string, err error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.ledger != nil {
		return "", errors.New("begin a home: this box belongs to one")
	}
	code = newOwnerCode()
	self := Member{ID: m.self.ID, Name: m.free(name), Voucher: m.self.ID}
	l, h, err := new(ledger).next(code, 0, []Member{self}, nil)
	if err != nil {
		return "", err
	}
	return code, m.set(l, h)
}

// next is the ledger with a new cut.
func (l *ledger) next(code string, epoch int, members, revoked []Member) (*ledger, household, error) {
	key, err := ownerKey(code)
	if err != nil {
		return nil, household{}, err
	}
	owner := ledger{Owner: key.Public().(ed25519.PublicKey)}
	if l.Owner != nil && !l.Owner.Equal(owner.Owner) {
		return nil, household{}, ErrOwnerCode
	}
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	sum := sha256.Sum256(secret)
	c, err := signCut(cut{Home: homeOf(owner.Owner), Epoch: epoch, Members: members, Revoked: revoked, Secret: sum[:]}, key)
	if err != nil {
		return nil, household{}, fmt.Errorf("sign record of the owner: %w", err)
	}
	owner.Cuts, owner.Secrets = []signed{c}, [][]byte{secret}
	if l.Owner == nil {
		l = &ledger{Owner: owner.Owner}
	}
	out, h, err := l.merge(owner)
	return &out, h, err
}

// Admit makes a box a member, by this box's word. Its name is changed where another
// member has it.
func (m *Members) Admit(id peer.ID, name string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if _, ok := m.home.members[m.self.ID]; !ok {
		return errors.New("admit a box: this box belongs to no home")
	}
	if gone, ok := m.home.revoked[id]; ok {
		return fmt.Errorf("admit a box: %s was revoked; it needs a new key: delete the folder mesh of its state directory and pair it again", gone.Name)
	}
	if _, ok := m.home.members[id]; ok {
		return nil
	}
	if len(m.home.members) >= MaxMembers {
		return fmt.Errorf("admit a box: the home has %d already", MaxMembers)
	}
	l, h, err := m.vouch(*m.ledger, m.home, Member{ID: id, Name: m.free(name), Voucher: m.self.ID})
	if err != nil {
		return err
	}
	return m.set(l, h)
}

// free is a name that no member has.
func (m *Members) free(name string) string {
	if name = CleanName(name); name == "" {
		name = "Cricket"
	}
	taken := func(name string) bool {
		return slices.ContainsFunc(list(m.home.members), func(o Member) bool { return o.Name == name })
	}
	free := name
	for n := 2; taken(free); n++ {
		free = CleanName(fmt.Sprintf("%.*s %d", maxName-3, name, n))
	}
	return free
}

// vouch adds this box's admissions, in the epoch of h, to a ledger.
func (m *Members) vouch(l ledger, h household, boxes ...Member) (*ledger, household, error) {
	fresh := ledger{Owner: l.Owner}
	for _, b := range boxes {
		s, err := signAdmission(admission{Home: homeOf(l.Owner), Epoch: h.epoch, Member: b}, m.self.Key)
		if err != nil {
			return nil, household{}, fmt.Errorf("sign admission: %w", err)
		}
		fresh.Admissions = append(fresh.Admissions, s)
	}
	out, h, err := l.merge(fresh)
	return &out, h, err
}

// State is what a sibling or a newly paired box is told.
func (m *Members) State() ([]byte, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.ledger == nil {
		return nil, errors.New("tell members: this box belongs to no home")
	}
	return json.Marshal(m.ledger)
}

// Join makes this box, which belonged to no home, a member of the one that a box it was
// paired with told it of.
func (m *Members) Join(state []byte, from peer.ID) error {
	l := new(ledger)
	if err := json.Unmarshal(state, l); err != nil {
		return fmt.Errorf("join home: %w", err)
	}
	h, err := l.read()
	if err != nil {
		return fmt.Errorf("join home: %w", err)
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.ledger != nil {
		return errors.New("join home: this box belongs to one already")
	}
	for _, id := range []peer.ID{m.self.ID, from} {
		if _, ok := h.members[id]; !ok {
			return fmt.Errorf("join home: %s is not a member of it", id)
		}
	}
	return m.set(l, h)
}

// Merge adds what a sibling knows. What is old, or comes again, changes nothing; what
// is forged is an error.
func (m *Members) Merge(state []byte) (news bool, err error) {
	var other ledger
	if err := json.Unmarshal(state, &other); err != nil {
		return false, fmt.Errorf("read membership: %w", err)
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.ledger == nil {
		return false, errors.New("read membership: this box belongs to no home")
	}
	sum, h, err := m.ledger.merge(other)
	if err != nil || sum.equal(*m.ledger) {
		return false, err
	}
	l := &sum
	if again := m.lost(h); len(again) > 0 {
		if l, h, err = m.vouch(sum, h, again...); err != nil {
			return false, err
		}
	}
	err = m.set(l, h)
	return err == nil, err
}

// lost are those whom this box vouched for while it was cut off from where the
// owner revoked another: they are nobody's members now, and it stands by them.
func (m *Members) lost(h household) []Member {
	if _, ours := h.members[m.self.ID]; !ours {
		return nil
	}
	var out []Member
	for _, b := range m.vouched {
		_, known := h.members[b.ID]
		if _, gone := h.revoked[b.ID]; !known && !gone {
			out = append(out, b)
		}
	}
	return out
}

// Find is the member of a name or an id.
func (m *Members) Find(name string) (Member, error) {
	var found []Member
	for _, b := range m.All() {
		if b.Name == name || b.ID.String() == name {
			found = append(found, b)
		}
	}
	switch len(found) {
	case 0:
		return Member{}, fmt.Errorf("no box of this home is called %q", name)
	case 1:
		return found[0], nil
	}
	return Member{}, fmt.Errorf("%d boxes are called %q: say which by its id, %s or %s", len(found), name, found[0].ID, found[1].ID)
}

// VouchedFor are the members that a box admitted, and those that these admitted.
func (m *Members) VouchedFor(id peer.ID) []Member {
	all := m.All()
	found := map[peer.ID]Member{id: {}}
	for again := true; again; {
		again = false
		for _, b := range all {
			_, friend := found[b.Voucher]
			if _, known := found[b.ID]; friend && !known {
				found[b.ID] = b
				again = true
			}
		}
	}
	delete(found, id)
	return list(found)
}

// Revoke takes boxes out of the home for good. Only the owner's code can; the others
// are then members by the owner's word, whoever vouched for them.
func (m *Members) Revoke(code string, ids ...peer.ID) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.ledger == nil {
		return errors.New("revoke: this box belongs to no home")
	}
	gone := list(m.home.revoked)
	for _, id := range ids {
		b, ok := m.home.members[id]
		if !ok {
			return fmt.Errorf("revoke: %s is not a member", id)
		}
		gone = append(gone, b)
	}
	if len(gone) > maxRevoked {
		return fmt.Errorf("revoke: %d boxes were revoked already", maxRevoked)
	}
	stay := slices.DeleteFunc(list(m.home.members), func(b Member) bool { return slices.Contains(ids, b.ID) })
	l, h, err := m.ledger.next(code, m.home.epoch+1, stay, gone)
	if err != nil {
		return fmt.Errorf("revoke: %w", err)
	}
	return m.set(l, h)
}
