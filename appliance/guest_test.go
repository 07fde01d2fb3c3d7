package appliance

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/intent/llm"
)

// guestServer has OpenAI's API and one answer; what it was sent is kept.
func guestServer(t *testing.T, answer string) (url string, sent chan string) {
	sent = make(chan string, 8)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/models" {
			io.WriteString(w, `{"data":[{"id":"attic"}]}`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		sent <- r.Header.Get("Authorization") + " " + string(body)
		if answer == "" {
			http.Error(w, "overloaded", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{\"content\":%q},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n", answer)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/v1", sent
}

func TestGuestIsAskedLast(t *testing.T) {
	const moon = "how far is it to the moon"
	for _, tt := range []struct {
		name, said, room, answer string
		model                    *oracle
		asked                    bool
		reply                    string
	}{
		{"a question", moon, "hall", "Very far.", nil, true, "The language model says: Very far."},
		{"what the sentences know", "turn on the lamp", "hall", "Very far.", nil, false, "Lamp on."},
		{"what the model here knows", moon, "hall", "Very far.", &oracle{answer: llm.Answer{Say: "Far.", Confidence: 0.9}}, false, "The language model says: Far."},
		{"the model here does not know", moon, "hall", "Very far.", &oracle{answer: llm.Answer{No: true, Confidence: 0.9}}, true, "The language model says: Very far."},
		{"the model here is busy", moon, "hall", "Very far.", &oracle{err: llm.ErrBusy}, true, "The language model says: Very far."},
		{"a financial question", "should i buy bitcoin", "hall", "Buy.", nil, false, "I give no advice about money; ask somebody who knows your situation."},
		{"a private room", moon, "study", "Very far.", nil, false, "Sorry, I did not understand."},
		{"nobody knows", moon, "hall", "NO", nil, true, "Sorry, I did not understand."},
		{"it is out of order", moon, "hall", "", nil, true, "Sorry, I did not understand."},
		{"it tells lies", moon, "hall", `{"do":[{"turn_on":"Lamp"}]}`, nil, true, `The language model says: "do":"turnon":"Lamp".`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url, sent := guestServer(t, tt.answer)
			c := free()
			c.Guest = Guest{URL: url, Model: "attic", KeyFile: filepath.Join(t.TempDir(), "key")}
			c.Mesh.Private = []string{"study"}
			if err := os.WriteFile(c.Guest.KeyFile, []byte("sesame\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			b := newBox(t, oneLamp, c, true)
			if tt.model != nil {
				b.model = tt.model
			}
			run(t, b.Run)
			if err := b.Ready(within(t)); err != nil {
				t.Fatal(err)
			}
			r := b.Ask(within(t), tt.said, Request{Room: tt.room})
			if r.Reply != tt.reply || tt.asked != (len(sent) > 0) {
				t.Errorf("%s; asked %v, want %v", r, len(sent) > 0, tt.asked)
			}
			if tt.said != "turn on the lamp" && len(r.Actions) > 0 {
				t.Errorf("the guest did something: %s", r)
			}
			if len(sent) > 0 {
				got := <-sent
				if !strings.HasPrefix(got, "Bearer sesame {") || !strings.Contains(got, tt.said) || strings.Contains(got, "Lamp") || strings.Contains(got, "hall") {
					t.Errorf("it was told %s", got)
				}
			}
			if f := b.checkGuest(within(t)); !f.OK || !strings.HasSuffix(f.Text, "answers with attic") {
				t.Errorf("the doctor: %+v", f)
			}
		})
	}
}

func TestGuestOfTheConfiguration(t *testing.T) {
	for _, tt := range []struct {
		name  string
		guest Guest
		want  string
	}{
		{"none", Guest{}, ""},
		{"a guest", Guest{URL: "http://desk.lan:11434/v1", Model: "small"}, ""},
		{"no address", Guest{Model: "small"}, "want http://HOST:PORT/v1"},
		{"no model", Guest{URL: "http://desk.lan:11434/v1"}, "the name of a model is missing"},
		{"no key", Guest{URL: "http://desk.lan:11434/v1", Model: "small", KeyFile: "/nowhere"}, "'guest.key_file'"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := free()
			c.Guest = tt.guest
			err := c.validate("config.toml")
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}
