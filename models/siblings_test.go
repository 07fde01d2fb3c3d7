package models

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// others are the siblings in a test: what each asking for a turn, and then for the file, gives.
type others struct {
	has   []bool   // by turn; after the last: the last
	sends [][]byte // by opening
	cut   error    // after what is sent

	turns, opened int
	from          []int64
	wrong         []string
	holds         bool // this box has the turn
}

func (o *others) Turn(context.Context, string, int64, func(string)) (bool, func(), error) {
	has := o.has[min(o.turns, len(o.has)-1)]
	o.turns++
	if has {
		return true, func() {}, nil
	}
	o.holds = true
	return false, func() { o.holds = false }, nil
}

func (o *others) Open(_ context.Context, _ string, _, from int64) (io.ReadCloser, int64, error) {
	o.from = append(o.from, from)
	if o.opened == len(o.sends) {
		return nil, 0, errors.New("no sibling has it")
	}
	data := o.sends[o.opened]
	o.opened++
	var in io.Reader = bytes.NewReader(data[min(from, int64(len(data))):])
	if o.cut != nil && len(data) < size {
		in = io.MultiReader(in, failing{o.cut})
	}
	return io.NopCloser(in), size, nil
}

func (o *others) Wrong(sum string) { o.wrong = append(o.wrong, sum) }

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// What siblings have is taken from them, what they have not from outside, and nothing that
// they send can end in a wrong file or in none.
func TestPullFromSiblings(t *testing.T) {
	data, other := content(size, 1), content(size, 2)
	hash := sum(data)
	died := errors.New("kitchen: stream reset")
	for _, test := range []struct {
		name   string
		others *others
		model  Model
		had    []byte // a part of an earlier pull, from outside
		asked  string // ranges of requests outside; "": none
		turns  int
		wrong  int
	}{
		{name: "a sibling has it", others: &others{has: []bool{true}, sends: [][]byte{data}}, model: model(size, hash), turns: 1},
		{name: "its size is not known", others: &others{has: []bool{true}, sends: [][]byte{data}}, model: model(0, hash), turns: 1},
		{name: "a part is there", others: &others{has: []bool{true}, sends: [][]byte{data}}, model: model(size, hash), had: data[:777], turns: 1},
		{name: "nobody has it", others: &others{has: []bool{false}}, model: model(size, hash), asked: "-", turns: 1},
		{name: "no hash is known: they are not asked", others: &others{has: []bool{true}, sends: [][]byte{other}}, model: model(size, ""), asked: "-"},
		{name: "it dies, and another goes on", others: &others{has: []bool{true}, sends: [][]byte{data[:1000], data}, cut: died}, model: model(size, hash), turns: 2},
		{name: "it dies, and nobody else has it", others: &others{has: []bool{true, false}, sends: [][]byte{data[:1000]}, cut: died}, model: model(size, hash), asked: "bytes=1000-", turns: 2},
		{name: "it lies, and another does not", others: &others{has: []bool{true}, sends: [][]byte{other, data}}, model: model(size, hash), turns: 2, wrong: 1},
		{name: "it lies, and nobody else has it", others: &others{has: []bool{true, false}, sends: [][]byte{other}}, model: model(size, hash), asked: "-", turns: 2, wrong: 1},
		{name: "it lies and dies: the rest is fetched outside, and then all of it", others: &others{has: []bool{true, false}, sends: [][]byte{other[:1000]}, cut: died},
			model: model(size, hash), asked: "bytes=1000-|-", turns: 2},
		{name: "it always lies", others: &others{has: []bool{true}, sends: [][]byte{other, other, other, other, other}}, model: model(size, hash), asked: "-", turns: 4, wrong: 4},
		{name: "it says that it has it, and gives nothing", others: &others{has: []bool{true}}, model: model(size, hash), asked: "-", turns: 4},
		{name: "it sends too much", others: &others{has: []bool{true, false}, sends: [][]byte{append(bytes.Clone(data), 1)}}, model: model(size, hash), asked: "-", turns: 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &mirror{data: data}
				transport, stop := serve(m)
				defer stop()
				s, said := NewStore(t.TempDir()), &heard{}
				test.model.Source = "http://mirror.invalid/{file}"
				if name := test.model.Files[0].Name; test.had != nil {
					put(t, s, name+partSuffix, test.had)
					put(t, s, name+noteSuffix, []byte(`{"source":"http://mirror.invalid/`+name+`","total":-1}`))
				}
				if err := s.Pull(t.Context(), test.model, PullOptions{Siblings: test.others, Say: said.say, Transport: transport}); err != nil {
					t.Fatalf("%v\n%s", err, said)
				}
				whole(t, s, data)
				if asked, _ := m.requests(); strings.Join(asked, "|") != test.asked {
					t.Errorf("asked outside for %q, want %q\n%s", asked, test.asked, said)
				}
				if o := test.others; o.turns != test.turns || len(o.wrong) != test.wrong || o.holds {
					t.Errorf("%d turns, %d times told that it was wrong; the turn is kept: %v", o.turns, len(o.wrong), o.holds)
				}
				if test.had != nil && test.others.from[0] != int64(len(test.had)) {
					t.Errorf("from %v", test.others.from)
				}
			})
		})
	}
}

// What the owner names is not looked for at siblings.
func TestFromIsNotAskedOfSiblings(t *testing.T) {
	data := content(size, 1)
	stick := t.TempDir()
	m := model(size, sum(data))
	if err := os.WriteFile(filepath.Join(stick, m.Files[0].Name), data, 0o600); err != nil {
		t.Fatal(err)
	}
	s, o := NewStore(t.TempDir()), &others{has: []bool{true}}
	if err := s.Pull(t.Context(), m, PullOptions{From: stick, Siblings: o, Say: new(heard).say}); err != nil || o.turns > 0 {
		t.Errorf("%v, %d turns", err, o.turns)
	}
	whole(t, s, data)
	shelf := NewShelf(s, Catalogue{Models: []Model{m}})
	if path := shelf.Whole(sum(data)); path == "" {
		t.Error("siblings are not given what is there")
	}
	put(t, s, m.Files[0].Name, data[1:])
	if path := shelf.Whole(sum(data)); path != "" {
		t.Error("siblings are given what is cut off")
	}
	put(t, s, m.Files[0].Name+partSuffix, data[:7])
	if n := shelf.Begun(sum(data)); n != 7 {
		t.Errorf("%d bytes are begun", n)
	}
}
