package state

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

// key is the key of a box, always the same for a letter.
func key(tb testing.TB, letter string) (crypto.PrivKey, peer.ID) {
	tb.Helper()
	k, _, err := crypto.GenerateEd25519Key(strings.NewReader(strings.Repeat(letter, 64)))
	if err != nil {
		tb.Fatal(err)
	}
	id, err := peer.IDFromPrivateKey(k)
	if err != nil {
		tb.Fatal(err)
	}
	return k, id
}

func sample() Record {
	return Record{Version: 7, Roles: []string{Brain}, Room: "attic", Temperature: 51.5, Queue: 1, FreeMemory: 3 << 30, Warm: []string{"ab12"},
		Models: []Model{{Name: "qwen", Hash: strings.Repeat("0", 64), Millions: 1500, Context: 4096, PromptSpeed: 80, AnswerSpeed: 9}}}
}

func signedBy(tb testing.TB, k crypto.PrivKey, r Record) []byte {
	tb.Helper()
	data, err := Sign(r, k)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func TestBookTakesOnlyWhatIsNewerAndGenuine(t *testing.T) {
	own, _ := key(t, "o")
	theirs, id := key(t, "t")
	stranger, _ := key(t, "s")
	paired := []peer.ID{id}
	b, err := NewBook(own, func() []peer.ID { return paired })
	if err != nil {
		t.Fatal(err)
	}
	seven := sample()
	eight := sample()
	eight.Version = 8
	forged := signedBy(t, theirs, eight)
	forged[len(forged)-2] ^= 1
	// The stranger's signature over a record under the sibling's name.
	stolen := signedBy(t, stranger, eight)
	copy(stolen[2:], id)
	for _, step := range []struct {
		name string
		data []byte
		want error
	}{
		{"first", signedBy(t, theirs, seven), nil},
		{"replay", signedBy(t, theirs, seven), ErrOld},
		{"stranger", signedBy(t, stranger, eight), ErrStranger},
		{"changed on the way", forged, ErrForged},
		{"under another's name", stolen, ErrForged},
		{"newer", signedBy(t, theirs, eight), nil},
		{"rollback", signedBy(t, theirs, seven), ErrOld},
	} {
		if _, _, err := b.Accept(step.data); !errors.Is(err, step.want) || step.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", step.name, err, step.want)
		}
	}
	if all := b.Siblings(); len(all) != 1 || all[0].Version != 8 || all[0].Models[0].AnswerSpeed != 9 {
		t.Errorf("%+v", all)
	}
	paired = nil
	if all := b.Siblings(); len(all) != 0 || len(b.Newer(nil)) != 0 {
		t.Errorf("after it was revoked: %+v", all)
	}
}

func TestOwnOlderLifeIsOvertaken(t *testing.T) {
	k, id := key(t, "o")
	b, _ := NewBook(k, func() []peer.ID { return nil })
	if _, err := b.Write(Record{Room: "hall"}); err != nil {
		t.Fatal(err)
	}
	// A sibling still has what this box said before it was started again.
	got, again, err := b.Accept(signedBy(t, k, Record{Version: 900, Room: "cellar"}))
	if err != nil || !again || got != id {
		t.Fatalf("%v %v", again, err)
	}
	data, err := b.Write(b.Own().Record)
	if err != nil {
		t.Fatal(err)
	}
	if _, r, err := Open(data); err != nil || r.Version != 901 || r.Room != "hall" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestNewerBoxesMayAddFields(t *testing.T) {
	k, id := key(t, "o")
	text := []byte(`{"version":3,"room":"attic","hat":{"color":"red"}}`)
	sum, err := k.Sign(append([]byte(signed+string(id)), text...))
	if err != nil {
		t.Fatal(err)
	}
	data := append(append(append([]byte{form, byte(len(id))}, id...), sum...), text...)
	if _, r, err := Open(data); err != nil || r.Room != "attic" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestBounds(t *testing.T) {
	k, _ := key(t, "o")
	for name, change := range map[string]func(*Record){
		"no version":      func(r *Record) { r.Version = 0 },
		"many models":     func(r *Record) { r.Models = make([]Model, maxModels+1) },
		"long name":       func(r *Record) { r.Room = strings.Repeat("x", maxText+1) },
		"no text":         func(r *Record) { r.Site = "\xff" },
		"negative speed":  func(r *Record) { r.Models[0].PromptSpeed = -1 },
		"impossible heat": func(r *Record) { r.Temperature = 4000 },
		"many prefixes":   func(r *Record) { r.Warm = make([]string, maxPrefixes+1) },
	} {
		r := sample()
		change(&r)
		if _, err := Sign(r, k); err == nil {
			t.Errorf("%s is signed", name)
		}
	}
	if _, _, err := Open(make([]byte, MaxRecord+1)); err == nil {
		t.Error("an endless record is read")
	}
	rsa, _, err := crypto.GenerateSecp256k1Key(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := Sign(sample(), rsa); err == nil {
		if _, _, err := Open(data); !errors.Is(err, ErrForged) {
			t.Errorf("a key of another kind: %v", err)
		}
	}
}

// Whatever is read is in bounds, is signed by the box that it names, and is the same when
// it is read again.
func FuzzOpen(f *testing.F) {
	k, _ := key(f, "o")
	good := signedBy(f, k, sample())
	f.Add(good)
	f.Add(good[:80])
	f.Add(append(bytes.Clone(good), '1'))
	f.Add([]byte{form, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		id, r, err := Open(data)
		if err != nil {
			return
		}
		if err := r.check(); err != nil || r.Version == 0 || len(data) > MaxRecord {
			t.Fatalf("%+v: %v", r, err)
		}
		pub, err := id.ExtractPublicKey()
		if err != nil {
			t.Fatal(err)
		}
		n := 2 + int(data[1])
		if ok, _ := pub.Verify(append([]byte(signed+string(id)), data[n+64:]...), data[n:n+64]); !ok {
			t.Fatal("it is not signed")
		}
		if !json.Valid(data[n+64:]) {
			t.Fatal("it is no JSON")
		}
	})
}
