package appliance

import (
	"errors"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/permission"
	"github.com/cricket-home/cricket/internal/trace"
	"github.com/cricket-home/cricket/voice"
)

// door is a box in the hall with a front door, whose time the test lets pass.
func door(t *testing.T, configure func(*Config)) (b *Box, pass func(time.Duration)) {
	t.Helper()
	return doorLogged(t, slog.New(slog.DiscardHandler), configure)
}

// doorLogged is door with a log, which the box has from its first line on.
func doorLogged(t *testing.T, log *slog.Logger, configure func(*Config)) (b *Box, pass func(time.Duration)) {
	t.Helper()
	c := free()
	c.Room = "hall"
	if configure != nil {
		configure(&c)
	}
	h, err := home.Parse("home.toml", []byte(hallWithDoor))
	if err != nil {
		t.Fatal(err)
	}
	dir := shortDir(t)
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	var later atomic.Int64 // by how many ns the clock was put on
	moment := func() time.Time { return now.Add(time.Duration(later.Load())) }
	b, err = New(Options{Config: c, Home: h, Devices: true, StateDir: dir, RuntimeDir: dir, Moment: moment, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	run(t, b.Run)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	return b, func(d time.Duration) { later.Add(int64(d)) }
}

// heard answers what somebody said, as the live chain does: how loud it was, whose
// wake word woke the box, and with a reply that is spoken.
func (b *Box) heard(t *testing.T, text, person string, level float64) Result {
	t.Helper()
	tr := &trace.Trace{Time: b.moment()}
	confidence := 0.9
	r := Result{Transcript: &text, TranscriptConfidence: &confidence, Person: person}
	return b.keep(b.answer(within(t), r, voice.Transcript{Text: text, Confidence: 0.9}, Request{Source: home.InTheRoom, aloud: true, level: level, began: b.moment()}, tr), tr)
}

// A yes counts by whoever asked only: typed words are none to a voice, nor text by
// MQTT to either, and the question still waits.
func TestAYesFromElsewhereIsNone(t *testing.T) {
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	var q questions
	q.put("hall", pending{source: permission.Voice, asked: now, until: now.Add(consentTime)})
	for _, source := range []home.Source{permission.CLI, permission.MQTT, permission.Wyoming, permission.Hermes, permission.Sibling} {
		if _, ok := q.take("hall", source, now); ok {
			t.Errorf("a yes by %s counts", source)
		}
	}
	if _, ok := q.take("hall", permission.Voice, now); !ok {
		t.Error("the question does not wait any more")
	}
	if _, ok := q.take("hall", permission.Voice, now); ok {
		t.Error("a yes counts twice")
	}
}

// The eight seconds count from the end of the question, not from its beginning.
func TestAnAnswerCountsFromTheEndOfTheQuestion(t *testing.T) {
	for _, tt := range []struct {
		name   string
		speaks time.Duration // how long the question is spoken; 0: it never ends
		thinks time.Duration
		opens  bool
	}{
		{"while it is spoken", 0, 5 * time.Second, true},
		{"the loudspeaker never ends", 0, 31 * time.Second, false},
		{"seven seconds after", 6 * time.Second, 7 * time.Second, true},
		{"nine seconds after", 2 * time.Second, 9 * time.Second, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, pass := door(t, nil)
			if r := b.heard(t, "unlock the front door", "", 60); !r.asks || len(r.Actions) > 0 {
				t.Fatal(r)
			}
			if pass(tt.speaks); tt.speaks > 0 {
				b.questions.spoken(b.moment())
			}
			pass(tt.thinks)
			if r := b.heard(t, "yes", "", 60); (len(r.Actions) > 0) != tt.opens {
				t.Error(r)
			}
		})
	}
}

// A television is softer than whoever asked, and another person is another person;
// neither ends the question.
func TestAYesOfSomebodyElse(t *testing.T) {
	b, _ := door(t, nil)
	for _, tt := range []struct {
		name, person string
		level        float64
		opens        bool
	}{
		{"the television across the room", "", 48, false},
		{"somebody else's wake word", "ben", 60, false},
		{"whoever asked", "anna", 58, true},
		{"whoever asked, without the wake word", "", 58, true},
	} {
		if r := b.heard(t, "unlock the front door", "anna", 60); !r.asks {
			t.Fatal(r)
		}
		r := b.heard(t, "yes", tt.person, tt.level)
		if (len(r.Actions) > 0) != tt.opens {
			t.Errorf("%s: %s", tt.name, r)
		}
		if tt.opens {
			continue
		}
		if r.Reply != "" {
			t.Errorf("%s: the box says %q to it", tt.name, r.Reply)
		}
		if r := b.heard(t, "yes", "", 60); len(r.Actions) == 0 {
			t.Errorf("%s: and then whoever asked: %s", tt.name, r)
		}
	}
}

func TestLoudness(t *testing.T) {
	tone := func(amplitude float64, silence int) []int16 {
		pcm := make([]int16, voice.SampleRate)
		for i := range pcm {
			pcm[i] = int16(amplitude * math.Sin(float64(i)*0.3))
		}
		return append(pcm, make([]int16, silence)...)
	}
	loud := loudness(tone(8000, 0))
	if with := loudness(tone(8000, voice.SampleRate)); math.Abs(with-loud) > 0.1 {
		t.Errorf("silence makes it %.1f dB instead of %.1f", with, loud)
	}
	if soft := loudness(tone(800, 0)); math.Abs(loud-soft-20) > 0.2 {
		t.Errorf("a tenth is %.1f dB softer", loud-soft)
	}
	if loudness(nil) != 0 {
		t.Error("no sound has a loudness")
	}
}

// A yes for a home that has changed opens nothing.
func TestAYesAfterTheHomeChanged(t *testing.T) {
	b, _ := door(t, nil)
	if r := b.heard(t, "unlock the front door", "", 60); !r.asks {
		t.Fatal(r)
	}
	b.table.Rows = []permission.Row{{Domains: []string{"lock"}, Then: permission.Refuse, Where: "config.toml:1"}}
	if r := b.heard(t, "yes", "", 60); len(r.Actions) > 0 || r.Plan != home.NotAllowed {
		t.Error(r)
	}
}

// The code is nowhere that anybody can read, when it is right, wrong, or said when
// nobody asked.
func TestACodeIsKeptNowhere(t *testing.T) {
	var logged logbook
	log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	b, _ := doorLogged(t, log, func(c *Config) { c.Dialogue.Code = "2718" })
	for _, text := range []string{"two seven one eight", "unlock the front door", "two seven one nine", "2718", "put two seven one eight on the shopping list", "what did you hear", "unlock the front door", "2718"} {
		b.heard(t, text, "", 60)
	}
	for _, r := range b.Last(100) {
		text := r.String() + r.Text
		for _, secret := range []string{"2718", "two seven one", "2719"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is in %s", secret, text)
			}
		}
	}
	if got := logged.text(); strings.Contains(got, "seven") || strings.Contains(got, "2718") || !strings.Contains(got, "(code)") {
		t.Errorf("logged: %s", got)
	}
	if !slicesHas(b.Last(100), func(r Result) bool {
		return len(r.Actions) == 1 && strings.HasSuffix(r.Actions[0].Topic, "front_door/set")
	}) {
		t.Error("the door was never unlocked")
	}
}

func slicesHas(list []Result, f func(Result) bool) bool {
	for _, r := range list {
		if f(r) {
			return true
		}
	}
	return false
}

// Three wrong codes lock for five minutes, also after the plug was pulled; a disk that
// takes no count takes no code.
func TestWrongCodesLock(t *testing.T) {
	file := filepath.Join(t.TempDir(), "codes")
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	c, err := openCodes(file, now)
	if err != nil {
		t.Fatal(err)
	}
	try := func(said string) bool {
		t.Helper()
		right, err := c.try(said, "2718", now)
		if err != nil {
			t.Fatal(err)
		}
		return right
	}
	if try("0000") || try("27181") || !try("2718") || try("1") || try("2") {
		t.Error("before the third wrong one")
	}
	if c, err = openCodes(file, now); err != nil || c.locked(now) != 0 {
		t.Fatal(err)
	}
	if try("3") || c.locked(now) != lockTime || try("2718") {
		t.Error("the third wrong one, of two runs")
	}
	now = now.Add(time.Hour)
	if c, err = openCodes(file, now); err != nil || c.locked(now) != lockTime {
		t.Error("the plug was pulled, and it is not locked")
	}
	now = now.Add(lockTime + time.Second)
	if c.locked(now) != 0 || try("1") || try("2") || !try("2718") {
		t.Error("after the five minutes")
	}
	c.file = filepath.Join(file, "under a file")
	if right, err := c.try("2718", "2718", now); right || err == nil {
		t.Error("a right code that cannot be counted opens")
	}
	if err := os.WriteFile(file, []byte("xxx\x00\xff"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err = openCodes(file, now); err != nil || c.locked(now) == 0 {
		t.Error("a damaged count")
	}
	if _, err := openCodes(t.TempDir(), now); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Error("a count that cannot be read is not told")
	}
}

// The recogniser of closed phrases hears a yes and digits only while they are asked for.
func TestAYesIsHeardWhileItIsAskedFor(t *testing.T) {
	b, pass := door(t, nil)
	here := inDialogue(t.Context(), b.dialogue(Request{}))
	says := func(text string) bool { _, whole := b.says(here, text); return whole }
	if says("yes") || says("two seven one") {
		t.Error("before")
	}
	b.heard(t, "unlock the front door", "", 60)
	if begins, _ := b.says(here, "ye"); !begins || !says("yes") || !says("two seven one") || says("two seven potatoes") || !says("unlock the front door") {
		t.Error("while it is asked for")
	}
	b.questions.spoken(b.moment())
	if pass(9 * time.Second); says("yes") {
		t.Error("after")
	}
}
