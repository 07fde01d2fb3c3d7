package mesh

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	// MaxMembers is how many boxes a home has at most.
	MaxMembers = 32
	maxRevoked = 128
	maxCuts    = 8 // of the owner's records that no later one contains: one, and one more for each that was made behind a partition
)

// ledger is all that is known of who belongs to a home. It only ever grows in what
// the owner signed, so the order in which records arrive, and who brings them,
// does not matter; and what is old is not believed because it comes again.
type ledger struct {
	Owner      ed25519.PublicKey `json:"owner"`
	Cuts       []signed          `json:"cuts"`
	Admissions []signed          `json:"admissions"`
	Secrets    [][]byte          `json:"secrets"` // those of the newest cuts
}

// household is what follows from a ledger.
type household struct {
	epoch   int
	members map[peer.ID]Member
	revoked map[peer.ID]Member
	secret  []byte // nil: not told yet
}

// read checks everything in a ledger, drops what no longer counts, and says who belongs to the
// home. One bad signature spoils the whole: no honest box has it.
func (l *ledger) read() (household, error) {
	h := household{epoch: -1, members: map[peer.ID]Member{}, revoked: map[peer.ID]Member{}}
	if len(l.Owner) != ed25519.PublicKeySize {
		return h, errors.New("read membership: the owner's key is missing")
	}
	cuts, err := l.cuts()
	if err != nil {
		return h, err
	}
	for _, c := range cuts {
		h.epoch = max(h.epoch, c.Epoch)
		for _, m := range c.Revoked {
			h.revoked[m.ID] = m
		}
	}
	// Two cuts of one number were made on both sides of a partition. Both hold.
	var newest []sealed
	for _, c := range cuts {
		if c.Epoch == h.epoch {
			newest = append(newest, c)
			h.take(c.Members...)
		}
	}
	l.Cuts = l.Cuts[:0]
	for _, c := range cuts {
		if c.Epoch == h.epoch || !contained(c, newest) {
			l.Cuts = append(l.Cuts, c.signed)
		}
	}
	if err := l.admit(&h); err != nil {
		return h, err
	}
	l.Secrets = slices.DeleteFunc(l.Secrets, func(s []byte) bool {
		return !slices.ContainsFunc(newest, func(c sealed) bool { return opens(s, c) })
	})
	slices.SortFunc(l.Secrets, bytes.Compare)
	l.Secrets = slices.CompactFunc(l.Secrets, bytes.Equal)
	for _, s := range l.Secrets { // of several newest cuts, all boxes use the secret of the first
		if opens(s, newest[0]) {
			h.secret = s
		}
	}
	return h, nil
}

// sealed is a cut with its signature.
type sealed struct {
	cut
	signed signed
}

// cuts are the checked cuts in an order that is the same on every box.
func (l *ledger) cuts() ([]sealed, error) {
	if len(l.Cuts) == 0 || len(l.Cuts) > 2*maxCuts {
		return nil, fmt.Errorf("read membership: there are %d records of the owner", len(l.Cuts))
	}
	slices.SortFunc(l.Cuts, func(a, b signed) int { return bytes.Compare(a.Body, b.Body) })
	all := slices.CompactFunc(slices.Clone(l.Cuts), func(a, b signed) bool { return bytes.Equal(a.Body, b.Body) })
	var out []sealed
	for _, s := range all {
		c, err := openCut(s, l.Owner)
		if err != nil {
			return nil, err
		}
		out = append(out, sealed{c, s})
	}
	return out, nil
}

// contained tells whether the newest cuts say all that c says.
func contained(c sealed, newest []sealed) bool {
	for _, m := range c.Revoked {
		if !slices.ContainsFunc(newest, func(n sealed) bool {
			return slices.ContainsFunc(n.Revoked, func(r Member) bool { return r.ID == m.ID })
		}) {
			return false
		}
	}
	return true
}

func opens(secret []byte, c sealed) bool {
	sum := sha256.Sum256(secret)
	return bytes.Equal(sum[:], c.Secret)
}

// take adds members, unless they were revoked or the home is full.
func (h *household) take(members ...Member) (news bool) {
	for _, m := range members {
		_, known := h.members[m.ID]
		if _, gone := h.revoked[m.ID]; !known && !gone && len(h.members) < MaxMembers {
			h.members[m.ID] = m
			news = true
		}
	}
	return news
}

// admit follows the admissions of this epoch from members to those that they vouched
// for, and keeps those that count.
func (l *ledger) admit(h *household) error {
	if len(l.Admissions) > 4*MaxMembers {
		return fmt.Errorf("read membership: there are %d admissions", len(l.Admissions))
	}
	type entry struct {
		admission
		signed signed
	}
	var open []entry
	for _, s := range l.Admissions {
		a, err := openAdmission(s, homeOf(l.Owner))
		if err != nil {
			return err
		}
		if a.Epoch == h.epoch {
			open = append(open, entry{a, s})
		}
	}
	slices.SortFunc(open, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.Member.ID, b.Member.ID), cmp.Compare(a.Member.Voucher, b.Member.Voucher), bytes.Compare(a.signed.Body, b.signed.Body))
	})
	l.Admissions = nil
	for again := true; again; {
		again = false
		for _, e := range open {
			if _, ok := h.members[e.Member.Voucher]; ok && h.take(e.Member) {
				l.Admissions = append(l.Admissions, e.signed)
				again = true
			}
		}
	}
	return nil
}

// merge adds what another box's ledger has; it must be of the same home.
func (l *ledger) merge(other ledger) (ledger, household, error) {
	if !l.Owner.Equal(other.Owner) {
		return ledger{}, household{}, errors.New("read membership: it is that of another home")
	}
	sum := ledger{Owner: l.Owner, Cuts: slices.Concat(l.Cuts, other.Cuts), Admissions: slices.Concat(l.Admissions, other.Admissions),
		Secrets: slices.Concat(l.Secrets, other.Secrets)}
	h, err := sum.read()
	if err == nil && len(sum.Cuts) > maxCuts {
		err = fmt.Errorf("read membership: there are %d records of the owner", len(sum.Cuts))
	}
	return sum, h, err
}

// equal tells whether two ledgers that were read say the same.
func (l *ledger) equal(other ledger) bool {
	same := func(a, b signed) bool { return bytes.Equal(a.Body, b.Body) }
	return slices.EqualFunc(l.Cuts, other.Cuts, same) && slices.EqualFunc(l.Admissions, other.Admissions, same) && slices.EqualFunc(l.Secrets, other.Secrets, bytes.Equal)
}

// list is in the order of names.
func list(m map[peer.ID]Member) []Member {
	return slices.SortedFunc(maps.Values(m), func(a, b Member) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
}

// maxState is how long the JSON of a ledger may be, in bytes.
const maxState = 512 << 10
