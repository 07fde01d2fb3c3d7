package appliance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/mqtt"
	"github.com/cricket-home/cricket/voice"
)

// entities is the table of what this box is in the home's MQTT. Whoever builds a part
// adds its entities here; one whose part is not in this box is Gone. The entities are
// in docs/mqtt.md.
func (b *Box) entities() []entity {
	deaf := b.live == nil
	words := b.wakeNames()
	return append([]entity{
		{
			OwnEntity: mqtt.OwnEntity{ID: "availability", Platform: "binary_sensor", Name: "Connection", Options: map[string]any{
				"device_class": "connectivity", "entity_category": "diagnostic", "payload_on": "online", "payload_off": "offline",
				// It is there to say so also when the box is not.
				"availability_topic": "cricket/" + node() + "/availability", "availability_template": "online",
			}},
			told: func() (string, any) { return "online", nil }, // "offline" is the client's will
		},
		{
			OwnEntity: mqtt.OwnEntity{ID: "state", Platform: "sensor", Name: "Assistant", Gone: deaf, Options: map[string]any{
				"device_class": "enum", "options": modes(), "icon": "mdi:account-voice",
			}},
			told: func() (string, any) {
				if m := b.Mode(); m != "" {
					return string(m), nil
				}
				return "None", nil // Home Assistant's word for what is not known
			},
		},
		{
			OwnEntity: mqtt.OwnEntity{ID: "mute", Platform: "switch", Name: "Mute", Gone: deaf, Options: map[string]any{
				"entity_category": "config", "icon": "mdi:microphone-off",
			}},
			told: func() (string, any) { return onOff(b.Mode() == Muted), nil },
			obey: func(ctx context.Context, payload string) error {
				if payload != "ON" && payload != "OFF" {
					return fmt.Errorf("%q is neither ON nor OFF", payload)
				}
				return b.Mute(ctx, payload == "ON")
			},
		},
		{
			OwnEntity: mqtt.OwnEntity{ID: "wake_word", Platform: "select", Name: "Wake word", Gone: deaf || len(words) == 0, Options: map[string]any{
				"entity_category": "config", "icon": "mdi:chat-sleep", "options": append([]string{everyWord}, words...),
			}},
			told: func() (string, any) {
				if w := b.tuned.Load().Word; slices.Contains(words, w) {
					return w, nil
				}
				return everyWord, nil
			},
			obey: func(ctx context.Context, payload string) error {
				switch {
				case payload == everyWord:
					payload = ""
				case !slices.Contains(words, payload):
					return fmt.Errorf("%q is no wake word of this box", payload)
				}
				return b.retune(ctx, func(t *tuning) { t.Word = payload })
			},
		},
		{
			OwnEntity: mqtt.OwnEntity{ID: "sensitivity", Platform: "number", Name: "Wake sensitivity", Gone: deaf, Options: map[string]any{
				"entity_category": "config", "icon": "mdi:ear-hearing", "min": 0, "max": 1, "step": 0.05, "mode": "slider",
			}},
			told: func() (string, any) { return strconv.FormatFloat(b.sensitivity(), 'g', 3, 64), nil },
			obey: func(ctx context.Context, payload string) error {
				s, err := strconv.ParseFloat(payload, 64)
				if err != nil || !(s >= 0 && s <= 1) {
					return fmt.Errorf("%q is not a number between 0 and 1", payload)
				}
				return b.retune(ctx, func(t *tuning) { t.Sensitivity = &s })
			},
		},
		{
			OwnEntity: mqtt.OwnEntity{ID: "volume", Platform: "number", Name: "Volume", Gone: !b.hasLoudspeaker(), Options: map[string]any{
				"entity_category": "config", "icon": "mdi:volume-high", "min": 0, "max": 100, "step": 1, "unit_of_measurement": "%", "mode": "slider",
			}},
			lost: b.silent,
			told: func() (string, any) { return strconv.Itoa(b.loud.Now()), nil },
			obey: func(_ context.Context, payload string) error {
				percent, err := strconv.ParseFloat(payload, 64)
				if err != nil || !(percent >= 0 && percent <= 100) {
					return fmt.Errorf("%q is not a number between 0 and 100", payload)
				}
				return b.loud.Set(int(percent))
			},
		},
		{
			OwnEntity: mqtt.OwnEntity{ID: "listen", Platform: "button", Name: "Listen", Gone: deaf, Options: map[string]any{"icon": "mdi:microphone-message"}},
			obey:      func(ctx context.Context, _ string) error { return b.live.call(ctx) },
		},
		{
			OwnEntity: mqtt.OwnEntity{ID: "stop", Platform: "button", Name: "Stop", Options: map[string]any{"icon": "mdi:stop"}},
			obey:      func(ctx context.Context, _ string) error { return b.Stop(ctx) },
		},
		{
			OwnEntity: mqtt.OwnEntity{ID: "restart", Platform: "button", Name: "Restart", Options: map[string]any{
				"device_class": "restart", "entity_category": "config",
			}},
			obey: func(context.Context, string) error {
				signal(b.again)
				return nil
			},
		},
		{
			OwnEntity: mqtt.OwnEntity{ID: "wake", Platform: "event", Name: "Woken", Gone: deaf, Options: map[string]any{
				"event_types": []string{"wake"}, "icon": "mdi:bullhorn",
			}},
			event: true,
		},
		{
			OwnEntity: mqtt.OwnEntity{ID: "intent", Platform: "event", Name: "Intent", Options: map[string]any{
				"event_types": []string{"done", "refused", "failed"}, "icon": "mdi:lightbulb-question",
			}},
			event: true,
		},
		{
			OwnEntity: mqtt.OwnEntity{ID: "last_intent", Platform: "sensor", Name: "Last intent", Attributes: true, Options: map[string]any{
				"entity_category": "diagnostic", "icon": "mdi:lightbulb-on",
			}},
			fleeting: true,
			told: func() (string, any) {
				r := b.asked.Load()
				if r == nil {
					return "None", map[string]any{}
				}
				if r.Intent == nil {
					return string(r.Refusal), b.intentFields(*r)
				}
				return *r.Intent, b.intentFields(*r)
			},
		},
		{
			OwnEntity: mqtt.OwnEntity{ID: "last_heard", Platform: "sensor", Name: "Last heard", Gone: !b.config.MQTT.TellHeard, Options: map[string]any{
				"entity_category": "diagnostic", "icon": "mdi:format-quote-close",
			}},
			fleeting: true,
			told: func() (string, any) {
				r := b.asked.Load()
				if r == nil {
					return "None", nil
				}
				return cutText(saidIn(*r), maxState), nil
			},
		},
		{
			OwnEntity: mqtt.OwnEntity{ID: "timers", Platform: "sensor", Name: "Timers", Attributes: true, Options: map[string]any{"icon": "mdi:timer-outline"}},
			told:      b.timers,
		},
		{
			OwnEntity: mqtt.OwnEntity{ID: "ask", Platform: "text", Name: "Request", Options: map[string]any{
				"max": maxState, "icon": "mdi:comment-question",
			}},
			obey: b.askedByMQTT,
		},
		{
			OwnEntity: mqtt.OwnEntity{ID: "say", Platform: "text", Name: "Say", Gone: !b.hasLoudspeaker(), Options: map[string]any{
				"max": maxState, "icon": "mdi:message-text",
			}},
			lost: b.silent,
			obey: func(_ context.Context, payload string) error { return b.tellAloud(payload, false) },
		},
		{
			OwnEntity: mqtt.OwnEntity{ID: "announce", Platform: "notify", Name: "Announcement", Gone: !b.hasLoudspeaker()},
			lost:      b.silent,
			obey:      func(_ context.Context, payload string) error { return b.tellAloud(payload, true) },
		},
	}, append(b.boardEntities(), b.updateEntity())...)
}

const (
	// everyWord is the choice in which each wake word wakes the box.
	everyWord = "every word"

	maxState = 255 // characters, Home Assistant's limit of a state
)

// ErrRestart is what Run gives when somebody pressed the button that restarts the box.
var ErrRestart = errors.New("somebody asked the box to restart")

// restart ends the box when it is to start again.
func (b *Box) restart(ctx context.Context) error {
	select {
	case <-b.again:
		return ErrRestart
	case <-ctx.Done():
		return nil
	}
}

func modes() []string {
	var all []string
	for _, m := range []Mode{Idle, Woken, Listening, Thinking, Speaking, Muted, Broken} {
		all = append(all, string(m))
	}
	return all
}

func onOff(on bool) string {
	if on {
		return "ON"
	}
	return "OFF"
}

func cutText(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// wakeNames are the words that may wake the box, each once.
func (b *Box) wakeNames() []string {
	words, _, _ := WakeWords(b.config, b.options.StateDir) // where they cannot be read there is no choice
	var names []string
	for _, w := range words {
		if !slices.Contains(names, w.Name) {
			names = append(names, w.Name)
		}
	}
	return names
}

// sensitivity is that of the wake words, or where they differ, of the first.
func (b *Box) sensitivity() float64 {
	if s := b.tuned.Load().Sensitivity; s != nil {
		return *s
	}
	for _, w := range b.config.Wake.Words {
		return *w.Sensitivity
	}
	return *WakeWord{}.complete().Sensitivity
}

// tellAloud speaks a text that came from outside. It is never taken for a request.
func (b *Box) tellAloud(text string, gong bool) error {
	plain := voice.Plain(text)
	if plain == "" {
		return errors.New("it has no words")
	}
	if err := b.silent(); err != nil {
		return err
	}
	b.speech.Tell(plain, gong)
	return nil
}

// askedByMQTT carries out a request that came as text on a topic. Its answer is the
// intent event; it is not spoken.
func (b *Box) askedByMQTT(ctx context.Context, text string) error {
	if !utf8.ValidString(text) || voice.Plain(text) == "" {
		return errors.New("it has no words")
	}
	b.Ask(ctx, text, Request{Source: home.ByMQTT}) // whole: half a sentence may be another one
	return nil
}

// timers are the timers and alarms that are planned.
func (b *Box) timers() (string, any) {
	list, n := []map[string]any{}, 0
	for _, p := range b.Planned() {
		if p.Kind != string(schedule.Timer) && p.Kind != string(schedule.Alarm) {
			continue // what somebody is to be reminded of is theirs
		}
		if p.Kind == string(schedule.Timer) {
			n++
		}
		one := map[string]any{"id": p.ID, "kind": p.Kind, "name": p.Name, "room": p.Room, "state": p.State}
		if p.Length > 0 {
			one["length_s"] = p.Length
		}
		if p.Due != nil {
			one["due"] = p.Due.Format(time.RFC3339)
		} else {
			one["left_s"] = p.Left
		}
		list = append(list, one)
	}
	return strconv.Itoa(n), map[string]any{"timers": list}
}

// saidIn is what somebody asked for, as it was heard or written.
func saidIn(r Result) string {
	if r.Transcript != nil {
		return *r.Transcript
	}
	return r.Text
}

// intentFields is a request as the intent event and the last intent's attributes show it.
func (b *Box) intentFields(r Result) map[string]any {
	f := map[string]any{"intent": r.Intent, "confidence": r.Confidence, "room": r.Room}
	switch {
	case r.Fault != nil:
		f["event_type"], f["fault"] = "failed", r.Fault.Part
	case r.Refusal != "":
		f["event_type"], f["refusal"] = "refused", r.Refusal
	case r.Plan != "":
		f["event_type"], f["refusal"] = "refused", r.Plan
	default:
		f["event_type"] = "done"
	}
	optional := func(key string, there bool, value any) {
		if there {
			f[key] = value
		}
	}
	optional("slots", len(r.Slots) > 0, r.Slots)
	optional("targets", len(r.Targets) > 0, r.Targets)
	optional("also", len(r.Also) > 0, r.Also)
	optional("tier", r.Tier != "", r.Tier)
	optional("person", r.Person != "", r.Person)
	optional("pipeline", r.Pipeline != "", r.Pipeline)
	optional("source", r.Source != "" && r.Source != home.InTheRoom, r.Source)
	optional("text", b.config.MQTT.TellHeard, saidIn(r))
	optional("reply", b.config.MQTT.TellHeard && r.Source == home.ByMQTT, r.Reply) // nobody else gets it
	return f
}

// remember makes a request the newest that the home's MQTT is told of. What was due
// by itself nobody asked for.
func (b *Box) remember(r Result) {
	if b.self == nil {
		return
	}
	if r.Due == "" {
		b.asked.Store(&r)
		b.self.tell("intent", b.intentFields(r))
	}
	signal(b.self.changed)
}

// woken tells that a wake word was heard.
func (b *Box) woken(w voice.Wake) {
	b.voiceComes()
	if b.hermes != nil {
		b.hermes.Woken(w.Word, *b.config.Wake.word(w.Word).Sensitivity)
	}
	if b.self != nil {
		b.self.tell("wake", map[string]any{"event_type": "wake", "word": w.Word, "score": w.Score, "room": b.config.Room})
	}
}
