package appliance

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/mqtt"
)

// `cricket announce` is heard everywhere, in one room, or says that nobody heard it.
func TestAnnounceCommand(t *testing.T) {
	b, p, kitchen := houseOfTwo(t)
	heard := make(chan mqtt.Message, 10)
	if err := kitchen.Subscribe(within(t), func(m mqtt.Message) { heard <- m }, "cricket/"+node()+"/broadcast/#"); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		text, room string
		code       int
		topic      string // that the kitchen sees
		here       bool
	}{
		{"dinner is ready", "", 200, "cricket/" + node() + "/broadcast", true},
		{"come here", "Hall", 200, "cricket/" + node() + "/broadcast/hall", true},
		{"come here", "kitchen", 503, "cricket/" + node() + "/broadcast/kitchen", false}, // nobody answers there
		{"come here", "attic", 400, "", false},
		{" -- ", "", 503, "", false},
		{strings.Repeat("a", maxTold+1), "", 503, "", false},
	} {
		w := httptest.NewRecorder()
		b.controlHandler().ServeHTTP(w, httptest.NewRequest("POST", "/announce?"+url.Values{"text": {tt.text}, "room": {tt.room}}.Encode(), nil))
		if w.Code != tt.code {
			t.Errorf("%.20q in %q: %d %s", tt.text, tt.room, w.Code, w.Body)
		}
		if tt.topic != "" {
			if m := <-heard; m.Topic != tt.topic || string(m.Payload) != tt.text {
				t.Errorf("%q in %q: %s %s", tt.text, tt.room, m.Topic, m.Payload)
			}
		}
		if tt.here {
			if got := p.hears(t); got != tt.text {
				t.Errorf("the hall says %q", got)
			}
		}
	}
}

// A door bell rings at every box or at one, and may say who is there.
func TestDoorbell(t *testing.T) {
	b, p, kitchen := houseOfTwo(t)
	for _, tt := range []struct{ topic, payload string }{{"cricket/all/chime", "Somebody is at the front door."}, {"cricket/" + node() + "/chime", "The garden gate."}} {
		if err := kitchen.Publish(within(t), mqtt.Message{Topic: tt.topic, Payload: []byte(tt.payload), QoS: 1}); err != nil {
			t.Fatal(err)
		}
		if got := p.hears(t); got != tt.payload {
			t.Errorf("%s: the box says %q", tt.topic, got)
		}
	}
	// Without words it rings all the same.
	b.told(mqtt.Message{Topic: "cricket/all/chime"})
	b.told(mqtt.Message{Topic: "cricket/all/say", Payload: []byte("the end")})
	if got := p.hears(t); got != "the end" || b.speech.Fault() != "" {
		t.Errorf("%q, fault %q", got, b.speech.Fault())
	}
	// What the broker has kept was rung before.
	b.told(mqtt.Message{Topic: "cricket/all/chime", Payload: []byte("again"), Retain: true})
	b.told(mqtt.Message{Topic: "cricket/all/say", Payload: []byte("the end")})
	if got := p.hears(t); got != "the end" {
		t.Errorf("%q", got)
	}
}
