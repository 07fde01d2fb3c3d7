package household

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

const home = "0123456789abcdef"

// box is a log and the books that it is compared with.
type box struct {
	tb   testing.TB
	o    Options
	id   peer.ID
	log  *Log
	book map[string]string
}

// newBox is a box whose key is always the same for a letter. Whoever is in gone is no member.
func newBox(tb testing.TB, letter string, gone map[peer.ID]bool) *box {
	tb.Helper()
	k, _, err := crypto.GenerateEd25519Key(strings.NewReader(strings.Repeat(letter, 64)))
	if err != nil {
		tb.Fatal(err)
	}
	id, err := peer.IDFromPrivateKey(k)
	if err != nil {
		tb.Fatal(err)
	}
	b := &box{tb: tb, id: id, book: map[string]string{}, o: Options{File: filepath.Join(tb.TempDir(), "household"), Home: home, Key: k,
		Member: func(p peer.ID) bool { return !gone[p] }, Kinds: []string{"list", "alias"}}}
	b.restart()
	return b
}

// restart forgets what is not on the disk.
func (b *box) restart() {
	b.tb.Helper()
	var err error
	if b.log, err = Open(b.o); err != nil {
		b.tb.Fatal(err)
	}
}

// reconcile compares the log with the book, and does in the book what siblings did.
func (b *box) reconcile() {
	b.tb.Helper()
	changes, err := b.log.Reconcile(b.book, "list", "alias")
	if err != nil {
		b.tb.Fatal(err)
	}
	for _, c := range changes {
		if delete(b.book, c.Key); !c.Gone {
			b.book[c.Key] = c.Value
		}
	}
	if err := b.log.Show(changes); err != nil {
		b.tb.Fatal(err)
	}
}

// says is what somebody tells a box: "milk", or "-milk".
func (b *box) says(text string) {
	b.tb.Helper()
	if thing, gone := strings.CutPrefix(text, "-"); gone {
		delete(b.book, Key(home, "list", thing))
	} else {
		thing, value, _ := strings.Cut(text, "=")
		b.book[Key(home, "list", thing)] = value
	}
	b.reconcile()
}

func (b *box) has(thing string) (string, bool) {
	v, ok := b.book[Key(home, "list", thing)]
	return v, ok
}

// meets makes two logs equal, as far as each takes what the other has.
func (b *box) meets(o *box) {
	b.tb.Helper()
	ours, theirs := b.log.Differ(o.log.Marks())
	theirRecords := o.log.Of(theirs)
	b.log.Accept(theirRecords)
	o.log.Accept(ours)
	b.reconcile()
	o.reconcile()
}

func TestOneListOnTwoBoxes(t *testing.T) {
	kitchen, attic := newBox(t, "k", nil), newBox(t, "a", nil)
	for _, step := range []struct {
		at         *box
		says       string
		meet       bool
		milk, eggs string // in the attic afterwards
	}{
		{kitchen, "milk=open", false, "", ""},
		{kitchen, "eggs=open", true, "open", "open"},
		{attic, "milk=done", true, "done", "open"},
		{kitchen, "-milk", false, "done", "open"},
		{attic, "eggs=done", true, "", "done"},
		{attic, "milk=open", true, "open", "done"}, // wanted again, by somebody who knew that it was gone
		{kitchen, "-eggs", true, "open", ""},
	} {
		step.at.says(step.says)
		if step.meet {
			kitchen.meets(attic)
		}
		milk, _ := attic.has("milk")
		eggs, _ := attic.has("eggs")
		if milk != step.milk || eggs != step.eggs || step.meet && !maps.Equal(kitchen.book, attic.book) {
			t.Errorf("after %q the attic has milk %q and eggs %q, and the kitchen %v", step.says, milk, eggs, kitchen.book)
		}
	}
}

// A box that was away changed a thing three times; it was removed once meanwhile.
func TestReturningBoxBringsNothingBack(t *testing.T) {
	kitchen, attic := newBox(t, "k", nil), newBox(t, "a", nil)
	kitchen.says("milk=open")
	kitchen.meets(attic)
	for _, value := range []string{"done", "open", "urgent"} {
		attic.says("milk=" + value)
	}
	kitchen.says("-milk")
	attic.restart()
	attic.meets(kitchen)
	for _, b := range []*box{kitchen, attic} {
		if v, there := b.has("milk"); there {
			t.Errorf("what was removed is back: %q", v)
		}
	}
	if kitchen.log.Sum() != attic.log.Sum() {
		t.Error("they do not agree")
	}
	attic.says("milk=again")
	attic.meets(kitchen)
	if v, _ := kitchen.has("milk"); v != "again" {
		t.Errorf("who knows that it is gone may add it: %q", v)
	}
}

// Four boxes change six things in any order; messages come late, twice, and before those
// that were sent earlier; boxes restart. At last all have the same.
func TestBoxesAgreeWhateverTheOrder(t *testing.T) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 10))
		var boxes []*box
		for _, letter := range []string{"a", "b", "c", "d"} {
			boxes = append(boxes, newBox(t, letter, nil))
		}
		var sent [][]Signed // all that was ever on the way
		for range 60 {
			b := boxes[r.IntN(len(boxes))]
			switch thing := fmt.Sprint("thing ", r.IntN(6)); r.IntN(6) {
			case 0, 1:
				b.says(fmt.Sprintf("%s=%d", thing, r.IntN(100)))
			case 2:
				b.says("-" + thing)
			case 3:
				ours, _ := b.log.Differ(nil)
				sent = append(sent, ours)
			case 4:
				if len(sent) > 0 {
					some := slices.Clone(sent[r.IntN(len(sent))])
					r.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
					if _, err := b.log.Accept(some[:r.IntN(len(some)+1)]); err != nil {
						t.Fatal(err)
					}
				}
			case 5:
				b.restart()
			}
		}
		for range 2 {
			for i := range boxes {
				for j := range i {
					boxes[i].meets(boxes[j])
				}
			}
		}
		for _, b := range boxes[1:] {
			if b.log.Sum() != boxes[0].log.Sum() || !maps.Equal(b.book, boxes[0].book) {
				t.Fatalf("seed %d: they do not agree:\n%v\n%v", seed, b.book, boxes[0].book)
			}
		}
	}
}

// The records of who was revoked are refused, whoever brings them, and what it wrote before
// stays: those who had it sign it anew.
func TestRevokedBoxWritesNothing(t *testing.T) {
	gone := map[peer.ID]bool{}
	kitchen, attic, stolen := newBox(t, "k", gone), newBox(t, "a", gone), newBox(t, "s", nil)
	late := newBox(t, "l", nil) // has not heard of the revocation
	stolen.says("milk=open")
	stolen.meets(kitchen)
	stolen.meets(late)
	gone[stolen.id] = true
	stolen.says("bleach=open")
	stolen.meets(attic)
	stolen.meets(late)
	if _, there := attic.has("bleach"); there {
		t.Error("a revoked box wrote on the list")
	}
	ours, _ := stolen.log.Differ(nil)
	if n, err := kitchen.log.Accept(ours); n != 0 || !errors.Is(err, errStranger) {
		t.Errorf("%d records, %v", n, err)
	}
	if n, err := kitchen.log.Adopt(); n != 1 || err != nil {
		t.Errorf("adopted %d, %v", n, err)
	}
	kitchen.restart()
	kitchen.meets(attic)
	if v, _ := attic.has("milk"); v != "open" {
		t.Error("what it had written before is lost")
	}
	for range 2 {
		kitchen.meets(late)
		attic.meets(late)
	}
	if _, there := attic.has("bleach"); there {
		t.Error("it came over a third box")
	}
	late.o.Member = kitchen.o.Member
	late.restart()
	if n, err := late.log.Adopt(); n == 0 || err != nil {
		t.Errorf("the box that heard late adopted %d, %v", n, err)
	}
	for range 2 { // it was told in good faith before it heard, and stands by that now
		late.meets(kitchen)
		late.meets(attic)
	}
	if kitchen.log.Sum() != attic.log.Sum() || late.log.Sum() != attic.log.Sum() {
		t.Error("they do not agree")
	}
}

func TestRefusedRecords(t *testing.T) {
	b, sibling := newBox(t, "b", nil), newBox(t, "s", nil)
	key := Key(home, "list", "milk")
	good := Record{Home: home, Author: sibling.id, Key: key, Version: 1, Value: "open"}
	for _, c := range []struct {
		name  string
		spoil func(*Record)
	}{
		{"of another home", func(r *Record) { r.Home = "another" }},
		{"permissions", func(r *Record) { r.Key = Key(home, "permission", "all") }},
		{"no key", func(r *Record) { r.Key = "list/milk" }},
		{"a path as key", func(r *Record) { r.Key = "../" + key }},
		{"version 0", func(r *Record) { r.Version = 0 }},
		{"a version that ends all changes", func(r *Record) { r.Version = 1 << 60 }},
		{"too long", func(r *Record) { r.Value = strings.Repeat("x", MaxValue+1) }},
		{"gone, with a value", func(r *Record) { r.Gone = true }},
		{"signed by another", func(r *Record) { r.Author = b.id }},
		{"of nobody", func(r *Record) { r.Author = "" }},
	} {
		r := good
		c.spoil(&r)
		e, err := sign(r, sibling.o.Key)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := b.log.Accept([]Signed{e.signed}); n != 0 || err == nil {
			t.Errorf("%s: %d taken, %v", c.name, n, err)
		}
	}
	e, err := sign(good, sibling.o.Key)
	if err != nil {
		t.Fatal(err)
	}
	forged := Signed{slices.Clone(e.signed.Body), e.signed.Signature}
	forged.Body[len(forged.Body)-4] ^= 1
	if n, err := b.log.Accept([]Signed{forged, e.signed, e.signed}); n != 1 || err == nil {
		t.Errorf("a forged one among good ones: %d taken, %v", n, err)
	}
}

// What is on the disk is what is known; a file that is not what was written is put aside, and
// siblings fill the log again.
func TestDamagedFile(t *testing.T) {
	kitchen, attic := newBox(t, "k", nil), newBox(t, "a", nil)
	kitchen.says("milk=open")
	kitchen.says("eggs=open")
	kitchen.says("-eggs")
	kitchen.meets(attic)
	data, err := os.ReadFile(kitchen.o.File)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(kitchen.o.File, data, 0o600); err != nil {
		t.Fatal(err)
	}
	kitchen.log, err = Open(kitchen.o)
	if _, damaged := errors.AsType[*DamagedError](err); !damaged || len(kitchen.log.Records()) != 0 {
		t.Fatalf("%v, %v", kitchen.log.Records(), err)
	}
	attic.says("milk=done")
	kitchen.reconcile()
	kitchen.meets(attic)
	if v, _ := kitchen.has("milk"); v != "done" || len(kitchen.book) != 1 || kitchen.log.Sum() != attic.log.Sum() {
		t.Errorf("%v", kitchen.book)
	}
}

// An update wrote the file in its own way and kept the one before; the update was gone back
// from.
func TestAnUpdateWasGoneBackFrom(t *testing.T) {
	kitchen := newBox(t, "k", nil)
	kitchen.says("milk=open")
	file := kitchen.o.File
	text := []byte(`{"anything":1}`)
	later := append(fmt.Appendf(nil, heading, 2, sha256.Sum256(text)), text...)
	if err := errors.Join(os.Rename(file, file+".v1"), os.WriteFile(file, later, 0o600)); err != nil {
		t.Fatal(err)
	}
	log, err := Open(kitchen.o)
	if err != nil || len(log.Records()) != 1 {
		t.Fatalf("%v", err)
	}
	if kept, _ := os.ReadFile(file + ".v2"); !bytes.Equal(kept, later) {
		t.Errorf("kept of the update: %q", kept)
	}
	for _, f := range []string{file, file + ".v1"} {
		if err := os.WriteFile(f, later, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if log, err = Open(kitchen.o); err == nil || len(log.Records()) != 0 {
		t.Errorf("what was kept is of a later version itself: %v", err)
	}
}

// A book that was lost is filled again; only what somebody removes is gone.
func TestLostBookRemovesNothing(t *testing.T) {
	kitchen := newBox(t, "k", nil)
	kitchen.says("milk=open")
	kitchen.book = map[string]string{}
	if err := kitchen.log.Lost("list"); err != nil {
		t.Fatal(err)
	}
	kitchen.reconcile()
	if v, _ := kitchen.has("milk"); v != "open" {
		t.Errorf("%v", kitchen.book)
	}
	// A disk that takes nothing: the books stay ahead of the log, and it is tried again.
	good := kitchen.log.o.File
	kitchen.log.o.File = filepath.Join(good, "under a file")
	kitchen.book[Key(home, "list", "eggs")] = "open"
	if _, err := kitchen.log.Reconcile(kitchen.book, "list"); err == nil || len(kitchen.log.Records()) != 1 {
		t.Errorf("what is not on the disk was seen: %v, %v", kitchen.log.Records(), err)
	}
	kitchen.log.o.File = good
	kitchen.reconcile()
	if len(kitchen.log.Records()) != 2 {
		t.Error("it was not tried again")
	}
}

// A thing without a name gets a key that nothing stands for, again and again the same, and
// another one after the log was lost: what siblings know under the old one is newer.
func TestFreshKeys(t *testing.T) {
	b := newBox(t, "b", nil)
	free := func(string) bool { return false }
	first := b.log.Fresh("list", free)
	b.book[first] = "one"
	b.reconcile()
	second := b.log.Fresh("list", free)
	if third := b.log.Fresh("list", func(key string) bool { return key == second }); first == second || third == second || third == first {
		t.Errorf("%q, %q and %q", first, second, third)
	}
	delete(b.book, first)
	b.reconcile()
	b.restart()
	if again := b.log.Fresh("list", free); again != first {
		t.Errorf("the key of what is gone is not used again: %q", again)
	}
	if err := os.Remove(b.o.File); err != nil {
		t.Fatal(err)
	}
	b.restart()
	if lost := b.log.Fresh("list", free); lost == first {
		t.Error("a lost log uses its old keys")
	}
}

func FuzzAccept(f *testing.F) {
	sibling := newBox(f, "s", nil)
	sibling.says("milk=open")
	ours, _ := sibling.log.Differ(nil)
	f.Add(ours[0].Body, ours[0].Signature)
	f.Add([]byte(`{"key":"list/00000000000000000000000000000000","version":1}`), []byte{})
	f.Fuzz(func(t *testing.T, body, signature []byte) {
		e, err := Signed{body, signature}.open()
		if err != nil {
			return
		}
		// What opens can be told on: it is of one key, bounded, and greater than nothing else than itself.
		if kind(e.Key) == "" || len(e.Value) > MaxValue || e.order(e) != 0 || e.Version < 1 {
			t.Errorf("%+v", e.Record)
		}
	})
}
