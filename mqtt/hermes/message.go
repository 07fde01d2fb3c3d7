package hermes

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Limits of what is taken.
const (
	maxJSON    = 64 << 10 // bytes of a message
	maxFrame   = 64 << 10 // bytes of an audio frame
	maxText    = 2000     // bytes that are spoken or understood
	maxWaiting = 8        // sessions that wait for one site
	maxFilter  = 256      // intents of a filter, or that are configured
	maxID      = 128      // bytes of a name that others choose
)

// Message is a message of MQTT.
type Message struct {
	Topic   string
	Payload []byte
}

// Topics are the topic filters that Receive is to be given.
func Topics() []string {
	return []string{
		"hermes/hotword/+/detected", "hermes/hotword/toggleOn", "hermes/hotword/toggleOff", "hermes/asr/+", "hermes/nlu/query", "hermes/tts/say", "hermes/dialogueManager/+",
		"hermes/audioServer/+/audioFrame", "hermes/audioServer/+/playBytes/+", "hermes/audioServer/+/playFinished", "hermes/audioServer/+/+/audioSessionFrame",
		"hermes/audioServer/toggleOn", "hermes/audioServer/toggleOff", "hermes/feedback/sound/+",
		"rhasspy/asr/+/train", "rhasspy/nlu/+/train", "rhasspy/g2p/pronounce", "rhasspy/tts/getVoices", "rhasspy/hotword/getHotwords", "rhasspy/hotword/recordExample",
		"rhasspy/audioServer/getDevices",
	}
}

// incoming is all that a message of ours may say. A message has some of it.
type incoming struct {
	Site      string  `json:"siteId"`
	Session   string  `json:"sessionId"`
	ID        string  `json:"id"`
	Text      string  `json:"text"`
	Input     string  `json:"input"`
	Custom    string  `json:"customData"`
	Wakeword  string  `json:"wakewordId"`
	Reason    string  `json:"reason"`
	Lang      string  `json:"lang"`
	Seconds   float64 `json:"seconds"`
	Sure      float64 `json:"likelihood"`
	Filter    *filter `json:"intentFilter"`
	TellWrong bool    `json:"sendIntentNotRecognized"`
	OnSilence *bool   `json:"stopOnSilence"`
	Init      struct {
		Type      string  `json:"type"`
		Text      string  `json:"text"`
		Enqueue   bool    `json:"canBeEnqueued"`
		Filter    *filter `json:"intentFilter"`
		TellWrong bool    `json:"sendIntentNotRecognized"`
	} `json:"init"`
	Modes   []string  `json:"modes"`
	Intents []setting `json:"intents"`
}

// setting turns an intent on or off.
type setting struct {
	ID     string `json:"intentId"`
	Enable *bool  `json:"enable"`
}

// filter are the only intents that a session takes.
type filter []string

func (f *filter) has(intent string) bool {
	if f == nil || len(*f) == 0 {
		return true
	}
	for _, name := range *f {
		if name == intent {
			return true
		}
	}
	return false
}

var errLong = errors.New("it is too long")

// read reads a message that is JSON. A site that is not named is "default".
func read(m Message) (incoming, error) {
	in := incoming{Site: "default"}
	if len(m.Payload) > maxJSON {
		return in, fmt.Errorf("read %s: %w", m.Topic, errLong)
	}
	if len(bytes.TrimSpace(m.Payload)) > 0 {
		if err := json.Unmarshal(m.Payload, &in); err != nil {
			return in, fmt.Errorf("read %s: %w", m.Topic, err)
		}
	}
	if in.Site == "" {
		in.Site = "default"
	}
	for _, id := range []string{in.Site, in.Session, in.ID, in.Wakeword, in.Reason, in.Lang} {
		if len(id) > maxID {
			return in, fmt.Errorf("read %s: an id of %d bytes: %w", m.Topic, len(id), errLong)
		}
	}
	for _, text := range []string{in.Text, in.Input, in.Init.Text} {
		if len(text) > maxText {
			return in, fmt.Errorf("read %s: a text of %d bytes: %w", m.Topic, len(text), errLong)
		}
	}
	for _, f := range []*filter{in.Filter, in.Init.Filter} {
		if f != nil && len(*f) > maxFilter {
			return in, fmt.Errorf("read %s: a filter of %d intents: %w", m.Topic, len(*f), errLong)
		}
	}
	if len(in.Intents) > maxFilter || slices.ContainsFunc(in.Intents, func(c setting) bool { return len(c.ID) > maxID }) {
		return in, fmt.Errorf("read %s: %d intents: %w", m.Topic, len(in.Intents), errLong)
	}
	return in, nil
}

// Slot is a slot of an intent.
type Slot struct {
	Name  string
	Value any
}

// Intent is what a text means.
type Intent struct {
	Name       string
	Confidence float64
	Slots      []Slot
	Own        bool // the box carries it out itself
}

// slots are those of an intent as they are published.
func (in Intent) slots() []map[string]any {
	out := []map[string]any{}
	for _, s := range in.Slots {
		raw := fmt.Sprint(s.Value)
		kind := "Unknown"
		if _, text := s.Value.(string); !text {
			kind = "Number"
		}
		out = append(out, map[string]any{"entity": s.Name, "slotName": s.Name, "confidence": in.Confidence, "rawValue": raw,
			"value": map[string]any{"kind": kind, "value": s.Value}})
	}
	return out
}

// level makes a text a level of a topic.
func level(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '/' || r == '+' || r == '#' || r == ' ' || r < ' ':
			return '_'
		}
		return r
	}, s)
}
