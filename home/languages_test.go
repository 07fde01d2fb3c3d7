package home_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/demo"
	"github.com/cricket-home/cricket/intent"
)

// turn is one thing that is said to a home, what acts, and what the house replies.
type turn struct {
	Room, Say, Reply string
	Acts             []string // ids of devices
}

// What people say to the test homes of the other languages, and what the house
// replies: sentences and plan together.
func TestConversationInOtherLanguages(t *testing.T) {
	files, err := filepath.Glob("testdata/conversations/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if want := len(intent.Languages()) - 1; len(files) != want {
		t.Errorf("%d conversations for %d languages beside English", len(files), want)
	}
	for _, file := range files {
		code := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(code, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var turns []turn
			if err := yaml.Unmarshal(data, &turns); err != nil {
				t.Fatal(err)
			}
			if len(turns) < 20 {
				t.Errorf("only %d turns", len(turns))
			}
			name := "../intent/testdata/stories/" + code + "/home.toml"
			if data, err = os.ReadFile(name); err != nil {
				t.Fatal(err)
			}
			h, err := home.Parse(name, data)
			if err != nil {
				t.Fatal(err)
			}
			if h, err = demo.Announced(h); err != nil {
				t.Fatal(err)
			}
			sentences, err := intent.Builtin(h.Language)
			if err != nil {
				t.Fatal(err)
			}
			s, err := intent.Compile(h.Language, sentences...)
			if err != nil {
				t.Fatal(err)
			}
			resolver := s.Bind(h.Names())
			for _, tt := range turns {
				in := resolver.Resolve(intent.Query{Text: tt.Say, Room: tt.Room, Now: sunday})
				p := h.Plan(in, home.At(tt.Room, sunday))
				var acts []string
				for _, a := range p.Actions {
					acts = append(acts, a.Device)
				}
				if p.Reply != tt.Reply || !slices.Equal(acts, tt.Acts) {
					t.Errorf("%q in %q\nacts %v, want %v\nreply: %s\nwant:  %s", tt.Say, tt.Room, acts, tt.Acts, p.Reply, tt.Reply)
				}
			}
		})
	}
}
