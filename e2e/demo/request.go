package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/pelletier/go-toml/v2"

	"github.com/cricket-home/cricket/appliance"
)

// request is one WAV file and what must come of it.
type request struct {
	File  string `toml:"file"`
	Voice string `toml:"voice"` // who speaks it
	Wake  string `toml:"wake"`  // the word before each sentence; "": it is heard with --no-wake
	Says  []says `toml:"says"`  // none: nobody calls the box, and nothing must come of it
}

// says is one spoken sentence of a file.
type says struct {
	Text    string            `toml:"text"`
	Intent  string            `toml:"intent"`
	Also    string            `toml:"also"` // intent of the sentence's second half
	Targets []string          `toml:"targets"`
	Refusal string            `toml:"refusal"` // instead of intent and targets
	Reply   string            `toml:"reply"`
	State   map[string]string `toml:"state"` // topic -> what its payload must contain
}

func readRequests(file string) ([]request, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read requests: %w", err)
	}
	var table struct {
		Request []request `toml:"request"`
	}
	if err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&table); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	if len(table.Request) == 0 {
		return nil, fmt.Errorf("read %s: no requests in it", file)
	}
	return table.Request, nil
}

// compare says how a result differs from what must come.
func (s says) compare(r appliance.Result) (wrong []string) {
	check := func(what string, got, want any) {
		if fmt.Sprint(got) != fmt.Sprint(want) {
			wrong = append(wrong, fmt.Sprintf("%s is %q, want %q", what, got, want))
		}
	}
	if s.Refusal != "" {
		check("refusal", r.Refusal, s.Refusal)
		check("number of messages", len(r.Actions), 0)
		return wrong
	}
	transcript, intent, also := "", "", ""
	if r.Transcript != nil {
		transcript = *r.Transcript
	}
	if r.Intent != nil {
		intent = *r.Intent
	}
	targets := slices.Clone(r.Targets)
	for _, a := range r.Also {
		also = *a.Intent
		targets = append(targets, a.Targets...)
	}
	check("transcript", transcript, s.Text)
	check("intent", intent, s.Intent)
	check("second intent", also, s.Also)
	check("targets", targets, s.Targets)
	if s.Reply != "" { // the time of day is said as it is
		check("reply", r.Reply, s.Reply)
	}
	return wrong
}

// states follows every topic of the broker, by a client that has nothing to do
// with Cricket's own.
type states struct {
	client  paho.Client
	changed chan paho.Message
	last    map[string]string // topic -> payload
}

func watchStates(broker string) (*states, error) {
	s := &states{changed: make(chan paho.Message, 4096), last: map[string]string{}}
	s.client = paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + broker).SetClientID("demo-observer"))
	if t := s.client.Connect(); !t.WaitTimeout(stateTime) || t.Error() != nil {
		return nil, fmt.Errorf("broker: connect to %s: %v", broker, t.Error())
	}
	t := s.client.Subscribe("#", 1, func(_ paho.Client, m paho.Message) { s.changed <- m })
	if !t.WaitTimeout(stateTime) || t.Error() != nil {
		return nil, fmt.Errorf("broker: subscribe at %s: %v", broker, t.Error())
	}
	return s, nil
}

// wait returns the payload of a topic as soon as it contains want, or what it
// is when it does not within stateTime.
func (s *states) wait(topic, want string) (payload string, ok bool) {
	limit := time.After(stateTime)
	for {
		if payload = s.last[topic]; payload != "" && strings.Contains(payload, want) && len(s.changed) == 0 {
			return payload, true
		}
		select {
		case m := <-s.changed:
			s.last[m.Topic()] = string(m.Payload())
		case <-limit:
			return payload, false
		}
	}
}

func (s *states) close() { s.client.Disconnect(100) }
