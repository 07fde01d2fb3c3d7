package appliance

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home/permission"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// post asks a box's API, as the house page does.
func (e *evening) post(path string, form url.Values) (status int, text string) {
	r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	e.box.handler(permission.Page).ServeHTTP(w, r)
	return w.Code, strings.TrimSpace(w.Body.String())
}

// enrolled lets time pass in the room until a word has come so far.
func (e *evening) enrolled(step string, take int) EnrolStatus {
	e.t.Helper()
	ctx := within(e.t)
	for {
		s := e.box.enrolment.status()
		if s.Step == step && s.Take == take {
			return s
		}
		if ctx.Err() != nil || s.Step == "failed" {
			e.t.Fatalf("the word has come to %+v, and not to %s %d", s, step, take)
		}
		e.wait(0.02)
	}
}

// sesame is "open sesame" as one person says it, a little faster or slower.
func sesame(t *testing.T, pace float64) []int16 {
	pcm := voicetest.Spoken(t, "en-us", "open sesame", 0).PCM
	out := make([]int16, int(float64(len(pcm))/pace))
	for i := range out {
		out[i] = pcm[min(len(pcm)-1, int(float64(i)*pace))]
	}
	return out
}

// Somebody teaches the box a word on the house page, by its own microphone. What is said
// meanwhile wakes nobody; afterwards the word does, until it is forgotten.
func TestTeachAWord(t *testing.T) {
	e := startEvening(t, &listening{text: "turn on the lamp"})
	word := url.Values{"word": {"open sesame"}, "person": {"ali"}}
	hey, _ := requestSound(t)
	e.wait(1)
	if status, text := e.post("/voice/enrol", word); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	if status, text := e.post("/voice/enrol", word); status != http.StatusConflict || text != errEnrols.Error() {
		t.Errorf("twice: %d %s", status, text)
	}
	e.hear(hey)
	if shown := e.board.all(); !slices.Equal(shown, []Mode{Idle}) {
		t.Errorf("while it is taught it showed %v", shown)
	}
	if status, text := e.post("/voice/enrol/stop", nil); status != http.StatusOK || text != "{}" {
		t.Errorf("stopped: %d %s", status, text)
	}

	if status, text := e.post("/voice/enrol", word); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	for n, pace := range []float64{0.98, 1, 1.02, 1.01} {
		if s := e.enrolled("say", n+1); s.Of != 4 || s.Word != "open sesame" || s.Person != "ali" {
			t.Errorf("%+v", s)
		}
		e.wait(1.2)
		e.hear(sesame(t, pace))
	}
	if s := e.enrolled("done", 0); s.Grade != "good" || s.Error != "" {
		t.Errorf("%+v", s)
	}
	e.wait(1)
	e.hear(sesame(t, 0.99))
	e.until(Woken)
	e.until(Idle)

	if v, err := e.box.VoiceView(); err != nil || !slices.ContainsFunc(v.Words, func(w WordView) bool { return w.Word == "open sesame" && w.Person == "ali" && w.Woke == 1 }) {
		t.Errorf("%+v, %v", v, err)
	}
	if status, text := e.post("/voice/words/forget", word); status != http.StatusOK {
		t.Errorf("forget: %d %s", status, text)
	}
	if status, _ := e.post("/voice/words/forget", word); status != http.StatusNotFound {
		t.Errorf("forgotten already: %d", status)
	}
	if status, _ := e.post("/voice/words/forget", url.Values{"word": {"open sesame"}}); status != http.StatusBadRequest {
		t.Errorf("of everybody: %d", status)
	}
	before := len(e.board.all())
	e.wait(1)
	e.hear(sesame(t, 0.99))
	e.wait(1)
	if shown := e.board.all()[before:]; len(shown) != 0 {
		t.Errorf("a forgotten word: it showed %v", shown)
	}
	e.hear(hey)
	e.until(Woken)
}

// Whoever presses the button while a word is taught is heard, and the teaching is over.
func TestTeachingEndsWithTheButton(t *testing.T) {
	e := startEvening(t, &listening{text: "turn on the lamp"})
	e.wait(1)
	if status, text := e.post("/voice/enrol", url.Values{"word": {"open sesame"}, "person": {"ali"}}); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	e.enrolled("say", 1)
	e.board.presses <- ListenPress
	<-e.box.enrolment.done
	if s := e.box.enrolment.status(); s.Step != "failed" || s.Error != errCalled.Error() {
		t.Errorf("%+v", s)
	}
	_, request := requestSound(t)
	e.hear(request)
	e.until(Speaking)
}

// A word that config.toml names is not forgotten: without it the box would not start.
func TestForgetAWordThatTheFileNames(t *testing.T) {
	c := free()
	c.Wake.Words = append(c.Wake.Words, WakeWord{Name: "Open Sesame"}.complete())
	e := evening{t: t, box: newBox(t, oneLamp, c, false)}
	if status, text := e.post("/voice/words/forget", url.Values{"word": {"open sesame"}, "person": {"ali"}}); status != http.StatusConflict || !strings.Contains(text, "config.toml") {
		t.Errorf("%d %s", status, text)
	}
	if status, _ := e.post("/voice/words/forget", url.Values{"word": {"hey cricket"}, "person": {"ali"}}); status != http.StatusNotFound { // the bundled one would be left
		t.Errorf("%d", status)
	}
}

// Teaching ends where the microphone does, and says so.
func TestTeachingEndsWithTheMicrophone(t *testing.T) {
	e := startEvening(t, &listening{})
	word := url.Values{"word": {"open sesame"}, "person": {"ali"}}
	for _, tt := range []struct{ word, person, want string }{
		{"", "ali", "the word"}, {"open sesame", "", "the person"}, {"1234", "ali", "no letters"}, {"open\nsesame", "ali", "cannot be printed"},
	} {
		if status, text := e.post("/voice/enrol", url.Values{"word": {tt.word}, "person": {tt.person}}); status != http.StatusConflict || !strings.Contains(text, tt.want) {
			t.Errorf("%q of %q: %d %s", tt.word, tt.person, status, text)
		}
	}
	e.wait(1)
	if status, text := e.post("/voice/enrol", word); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	e.enrolled("say", 1)
	e.board.presses <- MutePress
	<-e.box.enrolment.done
	if s := e.box.enrolment.status(); s.Step != "failed" || s.Error != errMuted.Error() {
		t.Errorf("%+v", s)
	}
	if status, text := e.post("/voice/enrol", word); status != http.StatusConflict || text != errMuted.Error() {
		t.Errorf("muted: %d %s", status, text)
	}
}

// Whoever looks on sees how loud it is and how near a word came, and nothing else.
func TestMeter(t *testing.T) {
	e := startEvening(t, &listening{text: "turn on the lamp"})
	server := httptest.NewServer(e.box.handler(permission.Page))
	t.Cleanup(server.Close)
	answer, err := server.Client().Get(server.URL + "/voice/meter")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	type line struct {
		levelEvent
		Woke string `json:"-"`
	}
	lines := make(chan line, 1000)
	go func() {
		defer close(lines)
		kind := ""
		for s := bufio.NewScanner(answer.Body); s.Scan(); {
			if name, is := strings.CutPrefix(s.Text(), "event: "); is {
				kind = name
			} else if data, is := strings.CutPrefix(s.Text(), "data: "); is {
				var l line
				if kind == "woke" {
					var w wokeEvent
					json.Unmarshal([]byte(data), &w)
					l.Woke = w.Word
				} else if json.Unmarshal([]byte(data), &l.levelEvent) != nil {
					l.Woke = "no JSON: " + data
				}
				lines <- l
			}
		}
	}()
	e.wait(1)
	quiet := <-lines
	if quiet.Level > -60 || quiet.Level < lowestLevel || quiet.Word != "hey cricket" || quiet.Threshold <= 0 || quiet.Score > quiet.Threshold {
		t.Errorf("in a quiet room: %+v", quiet)
	}
	hey, _ := requestSound(t)
	loudest, woke := quiet.Level, ""
	for ctx := within(t); woke == ""; {
		e.hear(hey[:1600])
		if hey = hey[1600:]; len(hey) < 1600 {
			hey = make([]int16, 3200)
		}
		select { // a line for each tenth of a second: one who lags behind is told the newest only
		case l := <-lines:
			if woke = l.Woke; woke == "" {
				loudest = max(loudest, l.Level)
			}
		case <-ctx.Done():
			t.Fatalf("it did not wake; the loudest was %.0f dB", loudest)
		}
	}
	if loudest < -40 || loudest > 0 || woke != "hey cricket" {
		t.Errorf("the loudest was %.0f dB, and %q woke the box", loudest, woke)
	}
}

// A box without a microphone has nothing to measure or to be taught by.
func TestNoMicrophone(t *testing.T) {
	b := start(t, oneLamp, free(), false)
	for _, r := range []*http.Request{httptest.NewRequest("GET", "/voice/meter", nil), httptest.NewRequest("POST", "/voice/enrol?word=a&person=b", nil)} {
		w := httptest.NewRecorder()
		b.handler(permission.Page).ServeHTTP(w, r)
		if w.Code < 400 || !strings.Contains(w.Body.String(), "no microphone") {
			t.Errorf("%s: %d %s", r.URL.Path, w.Code, w.Body)
		}
	}
}
