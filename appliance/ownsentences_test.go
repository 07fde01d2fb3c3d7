package appliance

import (
	"net/http"
	"net/url"
	"os"
	"slices"
	"testing"

	"github.com/cricket-home/cricket/intent"
)

// What was said and not understood becomes a sentence that is, at once and after a restart.
func TestOwnSentences(t *testing.T) {
	b, _, _ := stillBox(t, free())
	run(t, b.Run)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	const text = "fiat lux, please!"
	if r := b.Ask(within(t), text, Request{Room: "hall"}); r.Done() {
		t.Fatalf("it is understood already: %s", r)
	}
	for _, tt := range []struct {
		name  string
		form  url.Values
		want  int
		holds string // then does what it means
	}{
		{"made of what was said", url.Values{"text": {text}, "means": {"turn on the lamp"}, "room": {"hall"}}, http.StatusOK, text},
		{"means another", url.Values{"text": {"darkness"}, "means": {"turn off the lamp"}}, http.StatusOK, "darkness"},
		{"that is not understood", url.Values{"text": {"make it so"}, "means": {"frobnicate the whatsit"}}, http.StatusConflict, ""},
		{"no words", url.Values{"text": {"?!"}, "means": {"turn on the lamp"}}, http.StatusConflict, ""},
		{"a template", url.Values{"text": {"light (now|later)"}, "means": {"turn on the lamp"}}, http.StatusConflict, ""},
		{"markup", url.Values{"text": {"<script>alert</script>"}, "means": {"turn on the lamp"}}, http.StatusConflict, ""},
		{"yes is yes", url.Values{"text": {"yes"}, "means": {"turn on the lamp"}}, http.StatusConflict, ""},
		{"several requests", url.Values{"text": {"bedtime"}, "means": {"turn off the lamp and set a timer for one minute"}}, http.StatusConflict, ""},
		{"a room that is not there", url.Values{"text": {"bedtime"}, "means": {"turn off the lamp"}, "room": {"attic"}}, http.StatusBadRequest, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if code, answer := tell(t, b, "/sentences", tt.form); code != tt.want {
				t.Fatalf("%d %s, want %d", code, answer, tt.want)
			}
			if tt.holds == "" {
				return
			}
			if r := b.Ask(within(t), tt.holds, Request{Room: "hall"}); !r.Done() || len(r.Actions) != 1 {
				t.Errorf("%q: %s", tt.holds, r)
			}
		})
	}
	again, err := Sentences(b.config) // as the next start does
	if err != nil {
		t.Fatal(err)
	}
	if in := again.Bind(b.house.Now().Home.Names()).Resolve(intent.Query{Text: text}); in.Name != "HassTurnOn" || !slices.Equal(in.Targets, []string{"light.lamp"}) {
		t.Errorf("after a restart: %+v", in)
	}
	if all, err := b.OwnSentences(); err != nil || !slices.Equal(all, []OwnSentence{{"darkness", "turn off the lamp"}, {"fiat lux please", "turn on the lamp"}}) {
		t.Errorf("there are %+v, %v", all, err)
	}
	if code, answer := tell(t, b, "/sentences/erase", url.Values{"text": {"darkness"}}); code != http.StatusOK {
		t.Errorf("erase: %d %s", code, answer)
	}
	if code, _ := tell(t, b, "/sentences/erase", url.Values{"text": {"darkness"}}); code != http.StatusConflict {
		t.Errorf("erase what is not there: %d", code)
	}
	if r := b.Ask(within(t), "darkness", Request{Room: "hall"}); r.Done() {
		t.Errorf("what was forgotten is understood: %s", r)
	}
	if err := os.WriteFile(b.ownSentencesFile(), []byte("intents: ["), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _ := tell(t, b, "/sentences", url.Values{"text": {"gloom"}, "means": {"turn off the lamp"}}); code != http.StatusServiceUnavailable {
		t.Errorf("over a damaged file: %d", code)
	}
}
