// Package speech holds the spoken requests of the demo, made by several synthetic
// voices; requests.txt lists them and make-speech.sh makes them again. There is no
// code here but this test of what the files promise.
package speech

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/voice"
)

// Every file of requests.txt is there, and has as many requests in it as it says.
func TestRequestsAreInTheFiles(t *testing.T) {
	table, err := os.ReadFile("requests.txt")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(table)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		field := strings.Split(line, "|")
		if len(field) != 4 {
			t.Fatalf("line %q has %d fields", line, len(field))
		}
		name, words := strings.TrimSpace(field[0]), strings.Split(field[3], "/")
		listed[name] = true
		t.Run(name, func(t *testing.T) {
			found := requests(t, name)
			if len(found) != len(words) {
				t.Fatalf("%d requests, want %d", len(found), len(words))
			}
			for i, u := range found {
				// Nobody says a word in less than a tenth or more than a whole second.
				n := time.Duration(len(strings.Fields(words[i])))
				if d := u.End - u.Start; d < n*100*time.Millisecond || d > n*time.Second {
					t.Errorf("%v of speech for %d words", d, n)
				}
			}
		})
	}
	files, err := filepath.Glob("*.wav")
	if err != nil || len(files) != len(listed) || len(files) < 14 {
		t.Errorf("%d files, %d listed, %v", len(files), len(listed), err)
	}
	for _, name := range files {
		if !listed[name] {
			t.Errorf("%s is not in requests.txt", name)
		}
	}
}

func requests(t *testing.T, name string) (found []voice.Utterance) {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := voice.NewWAV(f, name)
	if err != nil {
		t.Fatal(err)
	}
	e := voice.NewEndpointer()
	for {
		frame, err := w.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if u, ok := e.Push(frame); ok {
			found = append(found, u)
		}
	}
	if u, ok := e.Flush(); ok {
		found = append(found, u)
	}
	return found
}
