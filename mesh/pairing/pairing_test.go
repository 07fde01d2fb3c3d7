package pairing

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

var (
	kitchen, attic, middle = id(1), id(2), id(3)
	began                  = time.Date(1970, 1, 1, 0, 0, 7, 0, time.UTC) // no clock is needed
)

func id(n byte) peer.ID {
	key, err := crypto.UnmarshalEd25519PrivateKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, 32)))
	if err != nil {
		panic(err)
	}
	p, err := peer.IDFromPrivateKey(key)
	if err != nil {
		panic(err)
	}
	return p
}

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

// wrong is a code that is not c.
func wrong(c Code) Code {
	b := []byte(c)
	b[5] = '0' + (b[5]-'0'+1)%10
	return Code(b)
}

// try runs both sides on one stream; each believes that it talks to the peer given.
func try(w *Window, now time.Time, code Code, show, shownTo, enter, enteredTo peer.ID) (shown, entered error) {
	a, b := net.Pipe()
	done := make(chan error, 1)
	go func() {
		err := Show(a, w, at(now), show, shownTo)
		a.Close()
		done <- err
	}()
	entered = Enter(b, code, enter, enteredTo)
	b.Close()
	return <-done, entered
}

func TestWindows(t *testing.T) {
	type attempt struct {
		after   time.Duration
		right   bool
		shown   error
		entered bool // the side that entered the code is content
	}
	for _, c := range []struct {
		name     string
		attempts []attempt
	}{
		{"the right code", []attempt{{0, true, nil, true}}},
		{"at the last moment", []attempt{{Open - 1, true, nil, true}}},
		{"too late", []attempt{{Open, true, ErrClosed, false}}},
		{"a wrong code, then the right one", []attempt{{0, false, ErrCode, false}, {1, true, nil, true}}},
		{"right the third time", []attempt{{0, false, ErrCode, false}, {1, false, ErrCode, false}, {2, true, nil, true}}},
		{"right the fourth time", []attempt{{0, false, ErrCode, false}, {1, false, ErrCode, false}, {2, false, ErrCode, false}, {3, true, ErrTries, false}}},
		{"a code is used once", []attempt{{0, true, nil, true}, {1, true, ErrUsed, false}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := NewWindow(began)
			for i, a := range c.attempts {
				code := w.Code()
				if !a.right {
					code = wrong(code)
				}
				from := id(byte(10 + i)) // tries are counted whoever they come from
				shown, entered := try(w, began.Add(a.after), code, kitchen, from, from, kitchen)
				if !errors.Is(shown, a.shown) || (entered == nil) != a.entered {
					t.Errorf("attempt %d: %v and %v, want %v and %v", i+1, shown, entered, a.shown, a.entered)
				}
			}
		})
	}
}

// Tries at the same time are counted, too: a thousand at once are three.
func TestManyTriesAtOnceAreThree(t *testing.T) {
	w := NewWindow(began)
	var group sync.WaitGroup
	counted := make(chan error, 1000)
	for range 1000 {
		group.Go(func() {
			shown, _ := try(w, began, wrong(w.Code()), kitchen, middle, middle, kitchen)
			counted <- shown
		})
	}
	group.Wait()
	close(counted)
	guesses := 0
	for err := range counted {
		if errors.Is(err, ErrCode) {
			guesses++
		} else if !errors.Is(err, ErrTries) {
			t.Fatal(err)
		}
	}
	if guesses != Tries {
		t.Errorf("%d guesses were judged, want %d", guesses, Tries)
	}
}

// A box in the middle has an id of its own on both its connections, since it has not the
// others' keys. It relays what it likes, and fails a thousand times in a thousand.
func TestABoxInTheMiddleFails(t *testing.T) {
	tactics := map[string]func(fromKitchen, fromAttic io.ReadWriter, code Code){
		"relays everything": relay(func(int, []byte) {}),
		"relays, and turns a bit of the tags": relay(func(n int, b []byte) {
			if n == 2 {
				b[0] ^= 1
			}
		}),
		"makes the session ids its own": relay(func(n int, b []byte) {
			if n == 0 {
				clear(b[1:])
			}
		}),
		"sends the neutral element": relay(func(n int, b []byte) {
			if n == 1 {
				clear(b)
			}
		}),
		"guesses on both sides": func(fromKitchen, fromAttic io.ReadWriter, code Code) {
			var group sync.WaitGroup
			group.Go(func() { Enter(fromKitchen, wrong(code), middle, kitchen) })
			group.Go(func() { Show(fromAttic, &Window{code: wrong(code), end: began.Add(Open)}, at(began), middle, attic) })
			group.Wait()
		},
	}
	failures, runs := 0, 0
	for name, tactic := range tactics {
		for range 200 {
			w := NewWindow(began)
			toMiddle, fromKitchen := net.Pipe()
			toOther, fromAttic := net.Pipe()
			var group sync.WaitGroup
			var shown, entered error
			group.Go(func() {
				shown = Show(toMiddle, w, at(began), kitchen, middle)
				toMiddle.Close()
			})
			group.Go(func() {
				entered = Enter(toOther, w.Code(), attic, middle)
				toOther.Close()
			})
			tactic(fromKitchen, fromAttic, w.Code())
			fromKitchen.Close()
			fromAttic.Close()
			group.Wait()
			runs++
			if shown != nil && entered != nil {
				failures++
			} else {
				t.Errorf("%s: the kitchen said %v, the attic %v", name, shown, entered)
			}
		}
	}
	if failures != 1000 || runs != 1000 {
		t.Errorf("it failed %d times of %d", failures, runs)
	}
}

// relay passes the messages on, of which each side has three, changed.
func relay(change func(n int, b []byte)) func(fromKitchen, fromAttic io.ReadWriter, _ Code) {
	return func(fromKitchen, fromAttic io.ReadWriter, _ Code) {
		for n, size := range []int{1 + randomSize, shareSize, tagSize} {
			for _, way := range []struct{ from, to io.ReadWriter }{{fromAttic, fromKitchen}, {fromKitchen, fromAttic}} {
				b := make([]byte, size)
				if _, err := io.ReadFull(way.from, b); err != nil {
					return
				}
				change(n, b)
				if _, err := way.to.Write(b); err != nil {
					return
				}
			}
		}
	}
}

// With the same id on both ends of its connections a relay would be the box itself: this is
// what makes the test above one of ids, and not of pipes.
func TestARelayThatHasTheIdsIsNoMiddle(t *testing.T) {
	w := NewWindow(began)
	toMiddle, fromKitchen := net.Pipe()
	toOther, fromAttic := net.Pipe()
	var group sync.WaitGroup
	group.Go(func() {
		if err := Show(toMiddle, w, at(began), kitchen, attic); err != nil {
			t.Error(err)
		}
	})
	group.Go(func() {
		if err := Enter(toOther, w.Code(), attic, kitchen); err != nil {
			t.Error(err)
		}
	})
	relay(func(int, []byte) {})(fromKitchen, fromAttic, "")
	group.Wait()
}

func TestABoxIsNotPairedWithItself(t *testing.T) {
	w := NewWindow(began)
	if shown, entered := try(w, began, w.Code(), kitchen, kitchen, kitchen, kitchen); shown == nil || entered == nil {
		t.Error("it is")
	}
}

func TestAnotherVersionSaysSo(t *testing.T) {
	var out bytes.Buffer
	s := struct {
		io.Reader
		io.Writer
	}{bytes.NewReader(append([]byte{version + 1}, make([]byte, 200)...)), &out}
	w := NewWindow(began)
	if err := Show(s, w, at(began), kitchen, attic); err == nil || !strings.Contains(err.Error(), "update the older one") {
		t.Error(err)
	}
	if w.tries != 0 {
		t.Error("that was a try")
	}
}

func TestCodes(t *testing.T) {
	for _, c := range []struct{ typed, want string }{
		{"123456", "123456"}, {"123 456", "123456"}, {" 123-456 ", "123456"}, {"000000", "000000"},
		{"12345", ""}, {"1234567", ""}, {"12345a", ""}, {"", ""}, {"１２３４５６", ""},
	} {
		got, err := ReadCode(c.typed)
		if string(got) != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q: %q, %v", c.typed, got, err)
		}
	}
	first := map[byte]int{}
	for range 1000 {
		c := NewWindow(began).Code()
		if _, err := ReadCode(string(c)); err != nil {
			t.Fatalf("%q: %v", string(c), err)
		}
		first[c[0]]++
	}
	if len(first) != 10 || slices.Max(values(first)) > 200 {
		t.Errorf("first digits %v", first)
	}
}

func values(m map[byte]int) []int {
	var out []int
	for _, v := range m {
		out = append(out, v)
	}
	return out
}

func TestCodesAreNotLogged(t *testing.T) {
	var out bytes.Buffer
	w := NewWindow(began)
	slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})).Info("pair", "code", w.Code())
	if strings.Contains(out.String(), string(w.Code())) {
		t.Error(out.String())
	}
	_, entered := try(w, began, wrong(w.Code()), kitchen, attic, attic, kitchen)
	if text := fmt.Sprint(entered); strings.Contains(text, string(w.Code())) || strings.Contains(text, string(wrong(w.Code()))) {
		t.Error(text)
	}
}

// Whatever comes, neither side takes it for the other's proof, panics, or counts a try for
// less than a share.
func FuzzShow(f *testing.F) {
	f.Add([]byte{version}, uint8(0))
	f.Add(append([]byte{version}, make([]byte, randomSize+shareSize+tagSize)...), uint8(1))
	f.Add(append([]byte{version}, bytes.Repeat([]byte{0x2c}, randomSize+shareSize+tagSize)...), uint8(1))
	f.Fuzz(func(t *testing.T, in []byte, side uint8) {
		var out bytes.Buffer
		s := struct {
			io.Reader
			io.Writer
		}{bytes.NewReader(in), &out}
		w := NewWindow(began)
		var err error
		if side%2 == 0 {
			err = Show(s, w, at(began), kitchen, attic)
		} else {
			err = Enter(s, w.Code(), attic, kitchen)
		}
		if err == nil || w.done {
			t.Fatal("a machine that has not the code was believed")
		}
		if w.tries > 0 && len(in) < 1+randomSize+shareSize {
			t.Fatal("a try was counted that was none")
		}
		if side%2 == 0 && out.Len() > 1+randomSize+shareSize {
			t.Fatal("the confirmation was sent to whoever has not proved anything")
		}
	})
}
