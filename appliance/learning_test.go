package appliance

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/learned"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/internal/trace"
)

// What was learned is there after a restart; a damaged file is put aside and told, and one
// of a later version is left as it is.
func TestLearnedIsKept(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	file := filepath.Join(t.TempDir(), "learned")
	l := openLearning(file, log)
	if _, err := l.change(func(b learned.Book) learned.Book { b, _ = b.WithName("disco lamp", "light.lamp"); return b }); err != nil {
		t.Fatal(err)
	}
	if l = openLearning(file, log); l.fault != nil || len(l.now().Names) != 1 {
		t.Errorf("%+v %v", l.now(), l.fault)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(data), "disco", "fiery", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if l = openLearning(file, log); l.fault == nil || len(l.now().Names) != 0 {
		t.Errorf("a damaged file: %+v %v", l.now(), l.fault)
	}
	if _, err := os.Stat(file + ".damaged"); err != nil {
		t.Error(err)
	}
	later := []byte("cricket learned, version 2, crc 00000000\n{}")
	if err := os.WriteFile(file, later, 0o600); err != nil {
		t.Fatal(err)
	}
	l = openLearning(file, log)
	if _, later := errors.AsType[*learned.VersionError](l.fault); !later {
		t.Error(l.fault)
	}
	if _, err := l.change(func(b learned.Book) learned.Book { return b }); err != nil {
		t.Error(err)
	}
	if now, _ := os.ReadFile(file); string(now) != string(later) {
		t.Error("a file of a later version was written over")
	}
	before, err := learned.Book{Names: []learned.Name{{Name: "disco lamp", Device: "light.lamp"}}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file+".v1", before, 0o600); err != nil { // as a later Cricket keeps it
		t.Fatal(err)
	}
	if l = openLearning(file, log); l.fault != nil || len(l.now().Names) != 1 {
		t.Errorf("after an update was gone back from: %+v %v", l.now(), l.fault)
	}
	if kept, _ := os.ReadFile(file + ".v2"); string(kept) != string(later) {
		t.Errorf("kept of the update: %q", kept)
	}
	if err := errors.Join(os.WriteFile(file, later, 0o600), os.WriteFile(file+".v1", later, 0o600)); err != nil {
		t.Fatal(err)
	}
	if l = openLearning(file, log); l.fault == nil || l.file != "" {
		t.Errorf("what was kept is of a later version itself: %q %v", l.file, l.fault)
	}
	l = &learning{file: filepath.Join(file, "under a file"), log: log}
	if _, err := l.change(func(b learned.Book) learned.Book { b, _ = b.WithName("x", "light.lamp"); return b }); err == nil || len(l.now().Names) > 0 {
		t.Error("what is not on the disk is known")
	}
}

// Answers to "did you mean" shift what is asked; what opens the house is asked about
// however often somebody said yes.
func TestAnswersShiftWhatIsAsked(t *testing.T) {
	b, _ := door(t, nil)
	q := Request{Room: "hall", Source: home.InTheRoom}
	found := intent.Intent{Name: "HassTurnOn", Slots: map[string]any{"name": "Lamp"}, Targets: []string{"light.lamp"}, Tier: intent.Repair, Confidence: 0.74}
	unsure := intent.Intent{Tier: intent.Repair, Confidence: 0.74, Refusal: intent.Ambiguous, Candidates: found.Targets, Open: &found}
	recall := func(in intent.Intent) intent.Intent { return b.recall(in, q, &trace.Trace{Time: time.Now()}) }
	if in := recall(unsure); in.Refusal != intent.Ambiguous {
		t.Errorf("before: %+v", in)
	}
	before := talk{context: intent.Context{Open: &found}}
	yes, no := intent.Intent{Name: "CricketYes"}, intent.Intent{Name: "CricketNo"}
	remote := q
	remote.Source = home.ByMQTT
	for range 50 {
		b.heed(before, yes, found, remote)
	}
	if len(b.learning.now().Weights) > 0 {
		t.Error("it learns from whoever reaches the broker")
	}
	for range 50 {
		b.heed(before, yes, found, q)
	}
	if in := recall(unsure); in.Refusal != "" || in.Name != "HassTurnOn" || in.Confidence < intent.ActAt {
		t.Errorf("after fifty times yes: %+v, %+v", in, b.learning.now())
	}
	doubtful := found
	doubtful.Doubtful, doubtful.Targets = true, []string{"lock.front_door"}
	if in := recall(intent.Intent{Tier: intent.Repair, Confidence: 0.9, Refusal: intent.Ambiguous, Candidates: doubtful.Targets, Open: &doubtful}); in.Refusal != intent.Ambiguous {
		t.Errorf("a door is not asked about: %+v", in)
	}
	sure := found
	sure.Confidence = intent.ActAt
	for range 200 {
		b.heed(before, no, no, q)
	}
	if in := recall(sure); in.Refusal == "" {
		t.Errorf("after two hundred times no: %+v, %+v", in, b.learning.now())
	}
	template := found
	template.Tier = intent.Template
	if in := recall(template); in.Refusal != "" || in.Confidence != found.Confidence {
		t.Errorf("a template is doubted: %+v", in)
	}
}

// Habits are counted only where the owner wants that, offered once a day, never for what
// opens the house, and a yes does it.
func TestHabitsAreOffers(t *testing.T) {
	at := time.Now()
	teach := func(b *Box, in, device string) {
		for i := 7; i > 0; i-- { // of the same kind of day
			day := at.AddDate(0, 0, -i)
			if free := func(d time.Time) bool { return d.Weekday() == time.Saturday || d.Weekday() == time.Sunday }; free(day) != free(at) {
				day = at.AddDate(0, 0, -7-i%2)
			}
			b.learn(func(book learned.Book) learned.Book {
				for range 6 { // as if on days of their own
					book = book.WithDone(in, device, day)
				}
				return book
			})
		}
		b.learn(func(book learned.Book) learned.Book {
			for i := range book.Habits {
				book.Habits[i].Days = 6
			}
			return book
		})
	}
	b, _ := door(t, nil)
	b.Ask(within(t), "turn on the lamp", Request{Room: "hall", Source: home.InTheRoom})
	if n := len(b.learning.now().Habits); n > 0 {
		t.Errorf("%d habits are counted that nobody wants", n)
	}
	b, _ = door(t, func(c *Config) { c.Dialogue.Habits = true })
	b.Ask(within(t), "turn on the lamp", Request{Room: "hall", Source: home.ByMQTT})
	b.Ask(within(t), "lock the front door", Request{Room: "hall", Source: home.InTheRoom})
	b.Ask(within(t), "turn off the lamp", Request{Room: "hall", Source: home.InTheRoom})
	if got := b.learning.now().Habits; len(got) != 1 || got[0].Intent != "HassTurnOff" || got[0].Device != "light.lamp" {
		t.Errorf("counted: %+v", got)
	}
	b.Erase(within(t), "")
	teach(b, "HassTurnOff", "lock.front_door") // as if the file had been tampered with
	if text := b.usual(at); text != "" {
		t.Errorf("it offers to unlock: %q", text)
	}
	b.Erase(within(t), "")
	teach(b, "HassTurnOn", "light.lamp")
	text := b.usual(at)
	if text != "You usually do this now: lamp on; shall I?" {
		t.Fatalf("%q of %+v", text, b.learning.now().Habits)
	}
	if again := b.usual(at); again != "" {
		t.Errorf("and again: %q", again)
	}
	if r := b.Ask(within(t), "yes", Request{Room: "hall", Source: home.InTheRoom}); len(r.Actions) != 1 || r.Actions[0].Payload != `{"state":"ON"}` {
		t.Error(r)
	}
	teach(b, "HassTurnOn", "light.lamp")
	if text := b.usual(at); text != "" {
		t.Errorf("the lamp is on: %q", text)
	}
}

// The handlers of cricket learned.
func TestLearnedIsShownExportedAndErased(t *testing.T) {
	b, _ := door(t, nil)
	if r := b.Ask(within(t), "call the lamp the disco lamp", Request{Room: "hall", Source: home.InTheRoom}); !r.Done() {
		t.Fatal(r)
	}
	server := httptest.NewServer(b.controlHandler())
	defer server.Close()
	do := func(method, path string, want int) string {
		t.Helper()
		req, _ := http.NewRequest(method, server.URL+path, nil)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s %s: %s", method, path, res.Status)
		}
		var text strings.Builder
		json.NewEncoder(&text).Encode(nil)
		data := make([]byte, 4096)
		n, _ := res.Body.Read(data)
		return string(data[:n])
	}
	if got := do("GET", "/learned", 200); !strings.Contains(got, `{"id":"name:disco lamp","text":"\"disco lamp\" is light.lamp"}`) {
		t.Error(got)
	}
	if got := do("GET", "/learned/export", 200); !strings.Contains(got, `"names":[{"name":"disco lamp","device":"light.lamp"}]`) {
		t.Error(got)
	}
	do("POST", "/learned/erase", 400)
	do("POST", "/learned/erase?id=name:nothing", 404)
	do("POST", "/learned/erase?id=name:disco+lamp", 200)
	if got := do("GET", "/learned", 200); got != "[]\n" {
		t.Error(got)
	}
}
