package llm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/intent"
)

// A small model is told only of what a sentence may be about, and can name nothing else.
func TestBriefPrompt(t *testing.T) {
	v := NewVocabulary(manyDevices(60)).Brief()
	q := v.Question(intent.Query{Text: "it is too dark near lamp 41"})
	if len(q.Messages) != 1 || q.Messages[0].Role != "user" || strings.Contains(q.Messages[0].Content, "You control a house") {
		t.Errorf("the prompt is %+v: want one message without instructions", q.Messages)
	}
	if n := len(q.Candidates()); n != maxBrief {
		t.Errorf("it has %d devices, want %d", n, maxBrief)
	}
	for label, want := range map[string]bool{"Lamp 41": true, "Lamp 59": false} {
		if got := strings.Contains(q.Messages[0].Content, label+":"); got != want {
			t.Errorf("the prompt names %s: %v, want %v", label, got, want)
		}
		_, err := q.Read(`{"do":[{"turn_on":"`+label+`"}]}`, 1)
		if (err == nil) != want {
			t.Errorf("an answer that turns on %s: %v, want it believed: %v", label, err, want)
		}
	}
	// A home smaller than that is told as a whole.
	if n := len(NewVocabulary(manyDevices(3)).Brief().Question(intent.Query{Text: "good morning"}).Candidates()); n != 3 {
		t.Errorf("of 3 devices it has %d", n)
	}
}

func manyDevices(n int) (names intent.Names) {
	for i := range n {
		names.Entities = append(names.Entities, intent.Entity{ID: "light.a" + string(rune('A'+i)), Name: "Lamp " + string(rune('0'+i/10)) + string(rune('0'+i%10))})
	}
	return names
}

func TestWantsBrief(t *testing.T) {
	head := "GGUF\x03\x00\x00\x00" + strings.Repeat("\x01\x00\x00\x00\x00\x00\x00\x00", 2)
	for name, file := range map[string]struct {
		data string
		want bool
	}{
		"a file that says so":   {head + string(briefKey) + "more", true},
		"another first key":     {head + strings.Replace(string(briefKey), "prompt", "header", 1), false},
		"another value":         {head + strings.Replace(string(briefKey), "brief", "whole", 1), false},
		"truncated":             {head + string(briefKey[:20]), false},
		"empty":                 {"", false},
		"no GGUF":               {"ggml" + head[4:] + string(briefKey), false},
		"a general instruction": {head + "general.architecture", false},
	} {
		path := filepath.Join(t.TempDir(), "model.gguf")
		if err := os.WriteFile(path, []byte(file.data), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := wantsBrief(path); got != file.want {
			t.Errorf("%s: %v, want %v", name, got, file.want)
		}
	}
	if wantsBrief(filepath.Join(t.TempDir(), "none")) {
		t.Error("a file that is not there wants a brief prompt")
	}
}
