package models

import (
	"strings"
	"testing"
)

func TestBoards(t *testing.T) {
	for model, want := range map[string]Board{
		"Raspberry Pi 5 Model B Rev 1.0\x00":    Pi5,
		"Raspberry Pi 500 Rev 1.0\x00":          Pi5,
		"Raspberry Pi Compute Module 4 Rev 1.1": Pi4,
		"Raspberry Pi 4 Model B Rev 1.4":        Pi4,
		"Raspberry Pi 400 Rev 1.0":              Pi4,
		"Raspberry Pi 3 Model B Plus Rev 1.3":   Pi3,
		"Raspberry Pi Zero 2 W Rev 1.0":         Zero2W,
		"Raspberry Pi 2 Model B Rev 1.1":        PC,
		"Radxa ROCK 5B":                         PC,
		"":                                      PC,
	} {
		if got := boardOf(model); got != want {
			t.Errorf("%q: %s, want %s", model, got, want)
		}
	}
	if m := ThisMachine(); m.Memory < 64<<20 {
		t.Errorf("this machine has %d bytes of memory", m.Memory)
	}
}

const (
	mb = 1000 * 1000
	gb = 1000 * mb
)

func TestChoose(t *testing.T) {
	c := Catalogue{Models: []Model{
		{ID: "tiny", Purpose: STT, Languages: []string{"*"}, Memory: 230, Boards: boards, Rank: 100},
		{ID: "tiny.en", Purpose: STT, Languages: []string{"en"}, Memory: 230, Boards: boards, Rank: 110},
		{ID: "base.en", Purpose: STT, Languages: []string{"en"}, Memory: 320, Boards: []Board{PC, Pi5, Pi4}, Rank: 210},
		{ID: "small.en", Purpose: STT, Languages: []string{"en"}, Memory: 630, Boards: []Board{PC}, Rank: 310},
		{ID: "closed.en", Purpose: STT, Languages: []string{"en"}, Memory: 630, Boards: []Board{PC}, Rank: 999, Licence: Licence{Accept: true}},
		{ID: "okay", Purpose: Wake, Languages: []string{"en"}, Memory: 1, Boards: boards, Rank: 999},
	}}
	pc, pi5 := Machine{PC, 16 * gb}, Machine{Pi5, 8 * gb}
	there := func(names ...string) (out []Entry) {
		for _, n := range names {
			name, status := n, Installed
			switch n[0] {
			case '?':
				name, status = n[1:], Unverified
			case '!':
				name, status = n[1:], Damaged
			case '+':
				out = append(out, Entry{Model: Model{ID: n[1:], Purpose: STT}, Own: true, Status: Unverified, Path: n[1:]})
				continue
			}
			m, ok := c.Find(name)
			if !ok {
				t.Fatalf("no %q", name)
			}
			out = append(out, Entry{Model: m, Status: status, Path: name})
		}
		return out
	}
	for _, test := range []struct {
		name      string
		installed []Entry
		wish      Wish
		want      string // ids in order
		why       string // is in the reason of the first
		note      string // is in the note
	}{
		{"the best that is there", there("tiny.en", "small.en", "base.en"), Wish{Machine: pc}, "small.en base.en tiny.en", "the best installed model that fits a PC with 16.00 GB of memory", ""},
		{"too slow on this board", there("tiny.en", "small.en", "base.en"), Wish{Machine: pi5}, "base.en tiny.en", "fits a Raspberry Pi 5", "passed over: small.en is too slow on a Raspberry Pi 5"},
		{"too big for this memory", there("tiny.en", "base.en"), Wish{Machine: Machine{Pi4, 500 * mb}}, "tiny.en", "", "passed over: base.en needs 320.0 MB of memory"},
		{"unknown memory", there("small.en"), Wish{Machine: Machine{Board: PC}}, "small.en", "unknown amount of memory", ""},
		{"another language", there("tiny", "base.en"), Wish{Machine: pc, Language: "de"}, "tiny", "", "base.en does not know the language de"},
		{"a region of the language", there("tiny", "base.en"), Wish{Machine: pc, Language: "en-GB"}, "base.en tiny", "", ""},
		{"use", there("tiny.en", "base.en"), Wish{Machine: pc, Use: "tiny.en"}, "tiny.en base.en", "as `cricket models use` says", ""},
		{"use of one that does not fit", there("tiny.en", "small.en"), Wish{Machine: pi5, Use: "small.en"}, "small.en tiny.en", "although it is too slow on a Raspberry Pi 5", ""},
		{"use of one that is gone", there("tiny.en"), Wish{Machine: pc, Use: "base.en"}, "tiny.en", "the best", "base.en, which `cricket models use` chose, is not installed"},
		{"the configuration wins", there("tiny.en", "base.en"), Wish{Machine: pc, Use: "tiny.en", Config: "/mine/x.bin"}, "x.bin tiny.en base.en", "as stt.model in the configuration says", ""},
		{"the configuration names one of the store", there("tiny.en", "base.en"), Wish{Machine: pc, Config: "tiny.en"}, "tiny.en base.en", "configuration", ""},
		{"the owner's own file comes last", there("tiny.en", "+ggml-mine.bin"), Wish{Machine: pc}, "tiny.en ggml-mine.bin", "", ""},
		{"only the owner's own file", there("+ggml-mine.bin"), Wish{Machine: pc, Language: "de"}, "ggml-mine.bin", "the catalogue does not know", ""},
		{"use of the owner's own file", there("tiny.en", "+ggml-mine.bin"), Wish{Machine: pc, Use: "ggml-mine.bin"}, "ggml-mine.bin tiny.en", "`cricket models use`", ""},
		{"not verified", there("?tiny.en"), Wish{Machine: pc}, "tiny.en", "never checked: cricket models verify tiny.en", ""},
		{"damaged", there("!base.en", "tiny.en"), Wish{Machine: pc}, "tiny.en", "", ""},
		{"nothing", there("okay"), Wish{Machine: pc}, "", "", "no model is installed; `cricket models pull small.en`"},
		{"nothing that fits", there("small.en"), Wish{Machine: pi5}, "", "", "no installed model fits; `cricket models pull base.en`"},
		{"nothing at all would fit", there(), Wish{Machine: Machine{PC, 100 * mb}}, "", "", "no model is installed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.wish.Purpose = STT
			d := Choose(c, test.installed, test.wish)
			var ids []string
			for _, choice := range d.Choices {
				ids = append(ids, choice.ID)
			}
			if got := strings.Join(ids, " "); got != test.want {
				t.Fatalf("chose %q, want %q", got, test.want)
			}
			if len(ids) > 0 && !strings.Contains(d.Choices[0].Why, test.why) {
				t.Errorf("why: %q, want %q in it", d.Choices[0].Why, test.why)
			}
			if !strings.Contains(d.Note, test.note) || test.note == "" && d.Note != "" {
				t.Errorf("note %q, want %q in it", d.Note, test.note)
			}
		})
	}
}
