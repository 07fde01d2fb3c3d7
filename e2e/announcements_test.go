package e2e

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mqtt"
)

// announcement is one story of testdata/announcements: what a bridge announces,
// what is said to it, and what it says.
type announcement struct {
	title string
	steps [][2]string // verb and the rest of the line
}

// fewestAnnouncements is how many the files must have together.
const fewestAnnouncements = 80

// TestAnnouncements plays the stories of testdata/announcements. All devices of
// a file are one home, in which every announcement is made first:
//
//	announce TOPIC PAYLOAD   a discovery message
//	fault TEXT               it, or a part of it, is not speakable for this reason
//	say TEXT                 somebody says this
//	publish TOPIC PAYLOAD    the next message that it leads to
//	reply TEXT               the answer to it
//	hear TOPIC PAYLOAD       the device says this
//	state ID VALUE ...       what is then known of it
//	hidden ID                it is not for speech
//
// Every announcement must be spoken to or asked about, unless it has a fault or is
// hidden, and every one that tells a state must be understood.
func TestAnnouncements(t *testing.T) {
	builtin, err := intent.Builtin("en")
	if err != nil {
		t.Fatal(err)
	}
	sentences, err := intent.Compile("en", builtin...)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/announcements/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	count := 0
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			stories := announcements(t, file)
			s := bridge{sentences: sentences, states: map[string]mqtt.State{}}
			if s.home, err = home.Parse("home.toml", []byte(`language = "en"`)); err != nil {
				t.Fatal(err)
			}
			for _, story := range stories {
				for _, step := range story.steps {
					if step[0] == "announce" {
						count++
						s.announce(t, step[1])
					}
				}
			}
			s.resolver = sentences.Bind(s.home.Names())
			for _, story := range stories {
				t.Run(story.title, func(t *testing.T) { s.play(t, story) })
			}
		})
	}
	if count < fewestAnnouncements {
		t.Errorf("%d announcements, want %d", count, fewestAnnouncements)
	}
}

func announcements(t *testing.T, file string) []announcement {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []announcement
	for n, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if title, ok := strings.CutPrefix(line, "## "); ok {
			out = append(out, announcement{title: title})
			continue
		}
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		verb, rest, _ := strings.Cut(line, " ")
		if len(out) == 0 || !slices.Contains([]string{"announce", "fault", "say", "publish", "reply", "hear", "state", "hidden"}, verb) {
			t.Fatalf("%s:%d: %s", file, n+1, line)
		}
		out[len(out)-1].steps = append(out[len(out)-1].steps, [2]string{verb, rest})
	}
	return out
}

// bridge is a home of all that one file announces.
type bridge struct {
	sentences *intent.Sentences
	resolver  *intent.Resolver
	announced mqtt.Announced
	home      *home.Home
	states    map[string]mqtt.State // by unique id
}

func message(line string) mqtt.Message {
	topic, payload, _ := strings.Cut(line, " ")
	return mqtt.Message{Topic: topic, Payload: []byte(payload)}
}

func (b *bridge) announce(t *testing.T, line string) {
	t.Helper()
	d, err := b.announced.Take("homeassistant", message(line))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range d.Entities {
		b.home = b.home.WithEntity(e)
	}
}

func (b *bridge) play(t *testing.T, story announcement) {
	now := time.Date(2026, 1, 4, 19, 10, 0, 0, time.UTC)
	var plan home.Plan
	var sent []mqtt.Message
	said, told, excused := false, false, false
	tells := false
	settled := func() {
		t.Helper()
		if len(sent) > 0 {
			t.Errorf("also published %s %s", sent[0].Topic, sent[0].Payload)
		}
	}
	for _, step := range story.steps {
		switch verb, rest := step[0], step[1]; verb {
		case "announce":
			for _, f := range b.announced.Faults() {
				if topic, _, _ := strings.Cut(rest, " "); f.Topic == topic && !slices.ContainsFunc(story.steps, func(s [2]string) bool { return s[0] == "fault" }) {
					t.Errorf("not speakable: %s", f)
				}
			}
			for _, d := range b.home.Devices {
				topic, _, _ := strings.Cut(rest, " ")
				tells = tells || d.Entity.Source == topic && len(d.Entity.Topics()) > 0
			}
		case "fault":
			excused = true
			if !slices.ContainsFunc(b.announced.Faults(), func(f mqtt.Fault) bool { return strings.Contains(f.Reason, rest) }) {
				t.Errorf("no fault says %q", rest)
			}
		case "hidden":
			excused = true
			if d, ok := b.home.Device(rest); !ok || d.Exposed {
				t.Errorf("%s is not hidden", rest)
			}
		case "say":
			settled()
			in := b.resolver.Resolve(intent.Query{Text: rest, Now: now})
			plan = b.home.Plan(in, home.At("", now))
			sent = nil
			for _, a := range plan.Actions {
				sent = append(sent, a.Messages...)
			}
			if in.Refusal != "" {
				t.Errorf("%q: %s", rest, in.Refusal)
			}
		case "publish":
			said = true
			want := message(rest)
			if len(sent) == 0 {
				t.Fatalf("nothing to publish, want %s; the reply was %q", rest, plan.Reply)
			}
			if sent[0].Topic != want.Topic || string(sent[0].Payload) != string(want.Payload) {
				t.Errorf("published %s %s, want %s", sent[0].Topic, sent[0].Payload, rest)
			}
			sent = sent[1:]
		case "reply":
			said = true
			if plan.Reply != rest {
				t.Errorf("replied %q, want %q", plan.Reply, rest)
			}
		case "hear":
			b.hear(t, message(rest))
		case "state":
			told = true
			id, want, _ := strings.Cut(rest, " ")
			d, ok := b.home.Device(id)
			if !ok {
				t.Fatalf("there is no %s", id)
			}
			if got := known(d); got != want {
				t.Errorf("%s is %q, want %q", id, got, want)
			}
		}
	}
	settled()
	if !said && !excused || tells && !told {
		t.Errorf("the story says nothing to it, or nothing of what it tells: said %v, told %v", said, told)
	}
}

func (b *bridge) hear(t *testing.T, m mqtt.Message) {
	t.Helper()
	for _, d := range b.home.Devices {
		unique := d.Entity.UniqueID
		s, err := d.Entity.Apply(b.states[unique], m)
		if err != nil {
			t.Error(err)
		}
		b.states[unique] = s
		b.home = b.home.WithState(d.ID, s)
	}
}

// known is a device's state on one line: its value, what it adds, and whether it is offline.
func known(d *home.Device) string {
	out := d.State
	for _, k := range slices.Sorted(maps.Keys(d.Attributes)) {
		value, err := json.Marshal(d.Attributes[k])
		if err != nil {
			panic(err) // it came as JSON
		}
		out += " " + k + "=" + string(value)
	}
	if d.Offline {
		out += " offline"
	}
	return strings.TrimSpace(out)
}
