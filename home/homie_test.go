package home_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mqtt"
)

// Devices of the Homie convention, from what they announce to what is sent when
// somebody speaks to them. In a file of testdata/homie, "<" is what the device
// says, "=" a device of the home with its state afterwards, "?" what a person
// says, and each ">" under it one message that is sent; a line in quotes is
// the reply.
func TestHomieDevices(t *testing.T) {
	files, err := intent.Builtin("en")
	if err != nil {
		t.Fatal(err)
	}
	sentences, err := intent.Compile("en", files...)
	if err != nil {
		t.Fatal(err)
	}
	devices, err := filepath.Glob("testdata/homie/*.txt")
	if err != nil || len(devices) < 15 {
		t.Fatalf("%d devices in testdata/homie, %v", len(devices), err)
	}
	for _, file := range devices {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := &homieStory{home: parse(t, ""), sentences: sentences}
			s.play(t, strings.Split(strings.TrimSpace(string(text)), "\n"))
			if s.asked == 0 || s.checked == 0 {
				t.Errorf("%d sentences and %d states", s.asked, s.checked)
			}
		})
	}
}

type homieStory struct {
	home           *home.Home
	sentences      *intent.Sentences
	devices        mqtt.Homie
	announced      mqtt.Announced
	values         []mqtt.Message // what was said of states, as a broker retains it
	asked, checked int
}

func (s *homieStory) play(t *testing.T, lines []string) {
	for i := 0; i < len(lines); i++ {
		mark, rest, _ := strings.Cut(lines[i], " ")
		switch mark {
		case "#":
		case "<":
			topic, payload, _ := strings.Cut(rest, " ")
			s.hear(t, mqtt.Message{Topic: topic, Payload: []byte(payload)})
		case "=":
			s.checked++
			id, want, _ := strings.Cut(rest, " ")
			d, ok := s.home.Device(id)
			if !ok {
				var ids []string
				for _, d := range s.home.Devices {
					ids = append(ids, d.ID)
				}
				t.Fatalf("line %d: no device %s in %v", i+1, id, ids)
			}
			if got := stateOf(d); got != want {
				t.Errorf("line %d: %s is %q, want %q", i+1, id, got, want)
			}
		case "?":
			s.asked++
			var want []string
			reply := ""
			for ; i+1 < len(lines); i++ {
				if message, ok := strings.CutPrefix(lines[i+1], "> "); ok {
					want = append(want, message)
				} else if strings.HasPrefix(lines[i+1], `"`) {
					reply = strings.Trim(lines[i+1], `"`)
				} else {
					break
				}
			}
			in := s.sentences.Bind(s.home.Names()).Resolve(intent.Query{Text: rest})
			p := s.home.Plan(in, home.At("", sunday))
			var sent []string
			for _, a := range p.Actions {
				for _, m := range a.Messages {
					sent = append(sent, fmt.Sprintf("%s %s", m.Topic, m.Payload))
					if m.Retain {
						t.Errorf("%s is retained", m.Topic)
					}
				}
			}
			if !slices.Equal(sent, want) || reply != "" && p.Reply != reply {
				t.Errorf("%q (%s %v) sends\n%s\nwant\n%s\nreply %q, want %q", rest, in.Name, in.Targets, strings.Join(sent, "\n"), strings.Join(want, "\n"), p.Reply, reply)
			}
		default:
			t.Fatalf("line %d: %q", i+1, lines[i])
		}
	}
}

// hear gives a message to the discovery and to every entity that follows its
// topic. A new entity hears what was retained before.
func (s *homieStory) hear(t *testing.T, m mqtt.Message) {
	s.devices.Take(m)
	s.values = append(s.values, m)
	for _, d := range s.devices.Changed() {
		d = s.announced.Note(d)
		if len(d.Faults) > 0 && !strings.HasSuffix(d.Faults[0].Reason, "is missing") {
			t.Errorf("faults %v", d.Faults)
		}
		for _, unique := range d.Removed {
			s.home = s.home.WithoutEntity(unique)
		}
		for _, e := range d.Entities {
			s.home = s.home.WithEntity(e)
			for _, m := range s.values {
				s.apply(t, e.UniqueID, m)
			}
		}
	}
	for _, d := range slices.Clone(s.home.Devices) {
		if d.Entity != nil {
			s.apply(t, d.Entity.UniqueID, m)
		}
	}
}

func (s *homieStory) apply(t *testing.T, unique string, m mqtt.Message) {
	d, ok := s.home.DeviceOf(unique)
	if !ok || !slices.Contains(d.Entity.Topics(), m.Topic) {
		return
	}
	state, err := d.Entity.Apply(d.Reported(), m)
	if err != nil {
		t.Errorf("%s %s: %v", m.Topic, m.Payload, err)
	}
	s.home = s.home.WithState(d.ID, state)
}

// stateOf is a state on one line: "on brightness=77", "offline".
func stateOf(d *home.Device) string {
	if d.Offline {
		return "offline"
	}
	words := []string{d.State}
	for _, k := range slices.Sorted(maps.Keys(d.Attributes)) {
		words = append(words, fmt.Sprintf("%s=%v", k, d.Attributes[k]))
	}
	return strings.Join(words, " ")
}
