package mesh

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"
)

// house is a home of boxes that meet when a test says so.
type house struct {
	t     testing.TB
	boxes map[string]*Members
	dirs  map[string]string
	code  string
}

// newHouse is a home that "hall" began; everybody else was admitted by the one named before the
// colon, and all have met.
func newHouse(t testing.TB, admissions ...string) *house {
	h := &house{t: t, boxes: map[string]*Members{}, dirs: map[string]string{}}
	var err error
	if h.code, err = h.box("hall").Begin("hall"); err != nil {
		t.Fatal(err)
	}
	for _, a := range admissions {
		voucher, name, _ := strings.Cut(a, ":")
		h.admit(voucher, name)
	}
	h.meet(slices.Collect(keys(h.boxes))...)
	return h
}

func keys(m map[string]*Members) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// box is the box of a name; a new one belongs to no home.
func (h *house) box(name string) *Members {
	if m, ok := h.boxes[name]; ok {
		return m
	}
	h.t.Helper()
	dir := h.t.TempDir()
	id, err := OpenIdentity(dir)
	if err != nil {
		h.t.Fatal(err)
	}
	m, err := OpenMembers(dir, id)
	if err != nil {
		h.t.Fatal(err)
	}
	h.boxes[name], h.dirs[name] = m, dir
	return m
}

func (h *house) id(name string) peer.ID { return h.box(name).self.ID }

func (h *house) admit(voucher, name string) {
	h.t.Helper()
	if err := h.box(voucher).Admit(h.id(name), name); err != nil {
		h.t.Fatal(err)
	}
	if err := h.box(name).Join(h.state(voucher), h.id(voucher)); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) revoke(by string, names ...string) {
	h.t.Helper()
	var ids []peer.ID
	for _, n := range names {
		ids = append(ids, h.id(n))
	}
	if err := h.box(by).Revoke(h.code, ids...); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) state(name string) []byte {
	h.t.Helper()
	s, err := h.box(name).State()
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// meet lets boxes connect, each with each where both would, until nobody has news.
func (h *house) meet(names ...string) {
	h.t.Helper()
	for range len(names) + 2 {
		news := false
		for _, a := range names {
			for _, b := range names {
				if a == b || !h.box(a).Has(h.id(b)) || !h.box(b).Has(h.id(a)) {
					continue
				}
				n, err := h.box(b).Merge(h.state(a))
				if err != nil {
					h.t.Fatalf("%s tells %s: %v", a, b, err)
				}
				news = news || n
			}
		}
		if !news {
			return
		}
	}
	h.t.Fatal("the boxes do not come to an end with their news")
}

// members are the names that a box takes for members.
func (h *house) members(name string) string {
	var out []string
	for _, m := range h.box(name).All() {
		out = append(out, m.Name)
	}
	return strings.Join(out, " ")
}

func (h *house) want(members string, of ...string) {
	h.t.Helper()
	for _, b := range of {
		if got := h.members(b); got != members {
			h.t.Errorf("%s knows the members %q, want %q", b, got, members)
		}
	}
}

func TestMembershipStories(t *testing.T) {
	for name, story := range map[string]func(*testing.T, *house){
		"everybody knows everybody": func(t *testing.T, h *house) {
			h.want("attic hall kitchen", "attic", "hall", "kitchen")
			if a, _ := h.box("attic").Secret("x"); len(a) != 32 {
				t.Error("the attic has no secret")
			}
		},
		"whoever was away hears of a new box when they come back": func(t *testing.T, h *house) {
			h.admit("kitchen", "cellar")
			h.meet("kitchen", "hall")
			h.want("attic hall kitchen", "attic")
			h.meet("attic", "hall")
			h.want("attic cellar hall kitchen", "attic", "hall", "cellar")
		},
		"a revoked box is out everywhere it is heard of, and stays out": func(t *testing.T, h *house) {
			stolen := h.state("kitchen")
			h.revoke("hall", "kitchen")
			h.meet("hall", "attic", "kitchen")
			h.want("attic hall", "hall", "attic")
			if h.box("attic").Has(h.id("kitchen")) {
				t.Error("the attic lets the revoked box in")
			}
			for range 3 { // what it says again is not believed
				if news, err := h.box("attic").Merge(stolen); news || err != nil {
					t.Errorf("old news changed something: %v, %v", news, err)
				}
			}
			h.want("attic hall", "attic")
			if err := h.box("hall").Admit(h.id("kitchen"), "kitchen"); err == nil || !strings.Contains(err.Error(), "new key") {
				t.Errorf("pairing it again: %v", err)
			}
		},
		"the secrets are others after a revocation, and the revoked box does not get them": func(t *testing.T, h *house) {
			before, _ := h.box("hall").Secret("topic")
			kitchens, _ := h.box("kitchen").Secret("topic")
			h.revoke("hall", "kitchen")
			h.meet("hall", "attic", "kitchen")
			after, ok := h.box("hall").Secret("topic")
			attics, _ := h.box("attic").Secret("topic")
			still, _ := h.box("kitchen").Secret("topic")
			if !bytes.Equal(before, kitchens) || !ok || bytes.Equal(after, before) || !bytes.Equal(after, attics) || !bytes.Equal(still, before) {
				t.Errorf("before %x %x, after %x %x, revoked %x", before, kitchens, after, attics, still)
			}
			if other, _ := h.box("hall").Secret("other"); bytes.Equal(other, after) {
				t.Error("two labels have one secret")
			}
		},
		"behind a partition a revoked box is trusted until the others are heard of": func(t *testing.T, h *house) {
			h.revoke("hall", "kitchen")
			h.meet("attic", "kitchen") // cut off together
			h.want("attic hall kitchen", "attic")
			if !h.box("attic").Has(h.id("kitchen")) {
				t.Error("nobody could have told the attic, and docs/mesh.md says so")
			}
			h.meet("attic", "hall")
			h.want("attic hall", "attic")
		},
		"the stolen box admits a friend before it is revoked, unseen: the friend is nobody": func(t *testing.T, h *house) {
			h.admit("kitchen", "friend")
			h.admit("friend", "foe")
			h.revoke("hall", "kitchen")
			h.meet("hall", "attic")
			// The thief's boxes bring their records to the attic by whatever way.
			for _, b := range []string{"kitchen", "friend", "foe"} {
				if _, err := h.box("attic").Merge(h.state(b)); err != nil {
					t.Fatal(err)
				}
			}
			h.want("attic hall", "attic")
		},
		"the stolen box admits a friend after it was revoked": func(t *testing.T, h *house) {
			h.revoke("hall", "kitchen")
			h.meet("hall", "attic")
			h.admit("kitchen", "friend") // it has not heard, or does not care
			if _, err := h.box("attic").Merge(h.state("friend")); err != nil {
				t.Fatal(err)
			}
			h.want("attic hall", "attic")
		},
		"friends of the stolen box are shown, and revoked with it": func(t *testing.T, h *house) {
			h.admit("kitchen", "friend")
			h.admit("friend", "foe")
			h.meet("kitchen", "hall", "friend", "foe")
			var names []string
			for _, m := range h.box("hall").VouchedFor(h.id("kitchen")) {
				names = append(names, m.Name)
			}
			if !slices.Equal(names, []string{"foe", "friend"}) {
				t.Errorf("vouched for by the kitchen: %v", names)
			}
			h.revoke("hall", "kitchen", "friend", "foe")
			h.want("attic hall", "hall")
		},
		"friends that the owner keeps are members by the owner's word": func(t *testing.T, h *house) {
			h.admit("kitchen", "friend")
			h.meet("kitchen", "hall", "attic", "friend")
			h.revoke("hall", "kitchen")
			h.meet("hall", "attic", "friend")
			h.want("attic friend hall", "hall", "attic", "friend")
		},
		"a box admitted behind a partition stays, since an honest box stands by it": func(t *testing.T, h *house) {
			h.admit("attic", "cellar")
			h.admit("cellar", "shed")
			h.revoke("hall", "kitchen")
			h.meet("hall", "attic")
			h.want("attic cellar hall", "hall", "attic")
			h.meet("hall", "attic", "cellar", "shed")
			h.want("attic cellar hall shed", "hall", "attic", "cellar", "shed")
		},
		"a box that hears of a revocation before its voucher does is no stranger for long": func(t *testing.T, h *house) {
			h.admit("attic", "cellar")
			h.revoke("hall", "kitchen")
			if _, err := h.box("cellar").Merge(h.state("hall")); err != nil {
				t.Fatal(err)
			}
			if h.box("cellar").Paired() {
				t.Error("the cellar was admitted in an epoch that is over")
			}
			h.meet("hall", "attic")
			h.meet("attic", "cellar")
			h.want("attic cellar hall", "attic", "cellar")
		},
		"two revocations on both sides of a partition both hold": func(t *testing.T, h *house) {
			h.admit("hall", "cellar")
			h.meet("hall", "attic", "kitchen", "cellar")
			h.revoke("hall", "kitchen")
			h.revoke("attic", "cellar")
			h.meet("hall", "attic")
			h.want("attic hall", "hall", "attic")
			a, okA := h.box("attic").Secret("x")
			b, okB := h.box("hall").Secret("x")
			if !okA || !okB || !bytes.Equal(a, b) {
				t.Errorf("secrets %x and %x", a, b)
			}
			h.revoke("hall", "attic")
			h.want("hall", "hall")
			if n := len(h.box("hall").ledger.Cuts); n != 1 {
				t.Errorf("%d records of the owner are kept, though the last has all", n)
			}
		},
		"without the owner's code nobody is revoked": func(t *testing.T, h *house) {
			for _, code := range []string{"", "1234", newOwnerCode(), strings.Repeat("É", 16)} {
				if err := h.box("hall").Revoke(code, h.id("kitchen")); !errors.Is(err, ErrOwnerCode) {
					t.Errorf("code %q: %v", code, err)
				}
			}
			h.want("attic hall kitchen", "hall")
			typed := " " + strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(h.code, "-", " "), "0", "o"))
			if err := h.box("hall").Revoke(typed, h.id("kitchen")); err != nil {
				t.Errorf("the code as people type it: %v", err)
			}
		},
		"a box that revokes itself is in no home": func(t *testing.T, h *house) {
			h.revoke("hall", "hall")
			if h.box("hall").Paired() || len(h.box("hall").Siblings()) > 0 || h.box("hall").Has(h.id("attic")) {
				t.Error("it goes on")
			}
		},
		"a name that is taken gets a number": func(t *testing.T, h *house) {
			for range 2 {
				other := h.box(fmt.Sprint(len(h.boxes)))
				if err := h.box("hall").Admit(other.self.ID, "kitchen\x1b[2J"); err != nil {
					t.Fatal(err)
				}
			}
			other := h.box("x")
			if err := h.box("hall").Admit(other.self.ID, "kitchen"); err != nil {
				t.Fatal(err)
			}
			h.want("attic hall kitchen kitchen 2 kitchen [2J kitchen [2J 2", "hall")
		},
	} {
		t.Run(name, func(t *testing.T) { story(t, newHouse(t, "hall:kitchen", "hall:attic")) })
	}
}

// A stolen box has its own key, and everything that a member knows.
func TestForgeriesAreRefused(t *testing.T) {
	h := newHouse(t, "hall:kitchen", "hall:attic")
	thief := h.box("kitchen")
	for name, forge := range map[string]func(l *ledger){
		"a revocation without the owner": func(l *ledger) {
			key, _ := ownerKey(newOwnerCode())
			var c cut
			json.Unmarshal(l.Cuts[0].Body, &c)
			c.Epoch, c.Revoked = 7, []Member{{ID: h.id("hall"), Name: "hall", Voucher: h.id("hall")}}
			s, _ := signCut(c, key)
			l.Cuts = append(l.Cuts, s)
		},
		"a revocation with the signature of another": func(l *ledger) {
			s := l.Cuts[0]
			s.Body = bytes.Replace(s.Body, []byte(`"epoch":0`), []byte(`"epoch":1`), 1)
			l.Cuts = append(l.Cuts, s)
		},
		"another home": func(l *ledger) {
			key, _ := ownerKey(newOwnerCode())
			l.Owner = key.Public().(ed25519.PublicKey)
		},
		"an admission in the name of another": func(l *ledger) {
			a := admission{Home: homeOf(l.Owner), Member: Member{ID: h.id("friend"), Name: "friend", Voucher: h.id("hall")}}
			s, _ := signAdmission(a, thief.self.Key)
			l.Admissions = append(l.Admissions, s)
		},
		"an admission with a wrong name": func(l *ledger) {
			a := admission{Home: homeOf(l.Owner), Member: Member{ID: h.id("friend"), Name: "friend\n", Voucher: thief.self.ID}}
			s, _ := signAdmission(a, thief.self.Key)
			l.Admissions = append(l.Admissions, s)
		},
		"a flood": func(l *ledger) {
			for i := range 1000 {
				a := admission{Home: homeOf(l.Owner), Epoch: i, Member: Member{ID: h.id("friend"), Name: "friend", Voucher: thief.self.ID}}
				s, _ := signAdmission(a, thief.self.Key)
				l.Admissions = append(l.Admissions, s)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var l ledger
			if err := json.Unmarshal(h.state("kitchen"), &l); err != nil {
				t.Fatal(err)
			}
			forge(&l)
			state, err := json.Marshal(l)
			if err != nil {
				t.Fatal(err)
			}
			if news, err := h.box("attic").Merge(state); err == nil || news {
				t.Errorf("it was believed: %v, %v", news, err)
			}
			h.want("attic hall kitchen", "attic")
		})
	}
}

// A number that is not yet reached does not make a member for later.
func TestAnAdmissionForALaterEpochIsForgotten(t *testing.T) {
	h := newHouse(t, "hall:kitchen", "hall:attic")
	l := *h.box("kitchen").ledger
	a := admission{Home: homeOf(l.Owner), Epoch: 1, Member: Member{ID: h.id("friend"), Name: "friend", Voucher: h.id("kitchen")}}
	s, err := signAdmission(a, h.box("kitchen").self.Key)
	if err != nil {
		t.Fatal(err)
	}
	l.Admissions = append(slices.Clone(l.Admissions), s)
	state, _ := json.Marshal(l)
	if _, err := h.box("attic").Merge(state); err != nil {
		t.Fatal(err)
	}
	h.revoke("attic", "kitchen")
	h.want("attic hall", "attic")
}

// Whatever the order in which boxes meet, they come to agree.
func TestBoxesAgreeWhateverTheOrder(t *testing.T) {
	for seed := range uint64(5) {
		r := rand.New(rand.NewPCG(seed, 10))
		h := newHouse(t, "hall:a", "hall:b", "a:c")
		names := []string{"hall", "a", "b", "c"}
		var revoked, revokers []string // who revokes is not revoked here: nobody else may have heard of it
		for step := range 12 {
			by := names[r.IntN(len(names))]
			if !h.box(by).Paired() || slices.Contains(revoked, by) {
				continue
			}
			switch r.IntN(4) {
			case 0:
				who := names[r.IntN(len(names))]
				if len(revoked) < 2 && who != by && who != "hall" && !slices.Contains(revokers, who) && h.box(by).Has(h.id(who)) {
					h.revoke(by, who)
					revokers = append(revokers, by)
					if !slices.Contains(revoked, who) {
						revoked = append(revoked, who)
					}
				}
			case 1:
				name := fmt.Sprint("n", step)
				h.admit(by, name)
				names = append(names, name)
			default:
				h.meet(by, names[r.IntN(len(names))])
			}
		}
		honest := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(revoked, n) })
		h.meet(honest...)
		for _, n := range honest {
			if h.box(n).Has(h.id("hall")) && h.box("hall").Has(h.id(n)) && h.members(n) != h.members("hall") {
				t.Fatalf("seed %d: %s knows %q, the hall %q", seed, n, h.members(n), h.members("hall"))
			}
		}
		for _, n := range revoked {
			if h.box("hall").Has(h.id(n)) {
				t.Errorf("seed %d: the hall lets %s in, which was revoked", seed, n)
			}
		}
	}
}

func TestMembersAreKept(t *testing.T) {
	h := newHouse(t, "hall:kitchen")
	h.revoke("hall", "kitchen")
	again, err := OpenMembers(h.dirs["hall"], h.box("hall").self)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(again.All(), again.Revoked(), again.Epoch(), again.Home()), fmt.Sprint(h.box("hall").All(), h.box("hall").Revoked(), 1, h.box("hall").Home()); got != want {
		t.Errorf("after a restart: %s, want %s", got, want)
	}
	file := filepath.Join(h.dirs["hall"], membersFile)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v: the home's secret is in it", info.Mode(), err)
	}
	if strings.Contains(string(read(t, file)), h.code) {
		t.Error("the owner's code is on the disk")
	}
	good := read(t, file)
	for i := 0; i < len(good); i += 97 {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		write(t, file, bad)
		if _, err := OpenMembers(h.dirs["hall"], again.self); err == nil {
			t.Fatalf("a flipped bit at %d was not noticed", i)
		}
	}
	for _, n := range []int{0, 1, len(good) / 2, len(good) - 1} {
		write(t, file, good[:n])
		_, err := OpenMembers(h.dirs["hall"], again.self)
		if e, ok := errors.AsType[*MembersError](err); !ok || !strings.Contains(e.Hint(), "cricket mesh pair") {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
	}
}

// A disk that is full leaves what was; nobody is told of what is not written.
func TestWhatCannotBeWrittenIsNotTrue(t *testing.T) {
	h := newHouse(t, "hall:kitchen")
	m := h.box("hall")
	m.file = filepath.Join(m.file, "not a folder")
	changed := m.Changed()
	if err := m.Revoke(h.code, h.id("kitchen")); err == nil {
		t.Fatal("it was written nowhere")
	}
	select {
	case <-changed:
		t.Error("somebody was told")
	default:
	}
	h.want("hall kitchen", "hall")
}

func TestChangesAreTold(t *testing.T) {
	h := newHouse(t, "hall:kitchen")
	changed := h.box("hall").Changed()
	h.box("hall").Merge(h.state("kitchen"))
	select {
	case <-changed:
		t.Error("nothing has changed")
	default:
	}
	h.revoke("hall", "kitchen")
	<-changed
}

func TestAHomeHasABound(t *testing.T) {
	h := newHouse(t)
	for i := range MaxMembers - 1 {
		if err := h.box("hall").Admit(h.id(fmt.Sprint("b", i)), fmt.Sprint("b", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.box("hall").Admit(h.id("one more"), "one more"); err == nil {
		t.Error("it is unbounded")
	}
	if n := len(h.state("hall")); n > maxState {
		t.Errorf("the state of a full home has %d bytes", n)
	}
}

// Whatever arrives, nobody becomes a member and nobody stops being one: only signatures
// can do that, and the fuzzer has no key.
func FuzzMerge(f *testing.F) {
	h := newHouse(f, "hall:kitchen", "hall:attic")
	f.Add(h.state("kitchen"))
	f.Add([]byte("null"))
	f.Add([]byte(`{"owner":"AAAA","cuts":[{"body":"e30=","signature":"AAAA"}],"admissions":null}`))
	f.Fuzz(func(t *testing.T, state []byte) {
		before := h.members("attic")
		news, err := h.box("attic").Merge(state)
		if after := h.members("attic"); news || after != before {
			t.Fatalf("news %v, %v; the members were %q and are %q", news, err, before, after)
		}
	})
}
