package hass

import (
	"encoding/json"
	"testing"
)

// Whatever is sent, an answer goes to the one who asked, once; nothing but an event is
// put into the queue; and a name is one short line.
func FuzzTake(f *testing.F) {
	for _, seed := range []string{
		`{"id":7,"type":"result","success":true,"result":[]}`,
		`{"id":7,"type":"result","success":false,"error":{"code":"unknown_command","message":"Unknown command."}}`,
		`{"id":7,"type":"pong"}`,
		`{"id":1,"type":"event","event":{"event_type":"state_changed","data":{"entity_id":"light.desk","new_state":{"entity_id":"light.desk","state":"on","attributes":{"friendly_name":"Desk\nlamp","supported_color_modes":["hs",3],"supported_features":1e300}}}}}`,
		`{"id":1,"type":"event","event":{"event_type":"state_changed","data":{"entity_id":"light.desk","new_state":null}}}`,
		`{"id":1,"type":"event","event":{"event_type":"area_registry_updated","data":{"action":"create","area_id":"x"}}}`,
		`{"id":1,"type":"event"}`, `{"id":"7"}`, `[{"id":7,"type":"pong"}]`, `null`, `{"type":"result","id":7,"error":null}`, `{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := newSession(nil)
		asked, other := make(chan message, 1), make(chan message, 1)
		s.pending[7], s.pending[8] = asked, other
		err := s.take(data)
		if !json.Valid(data) && err == nil {
			t.Fatal("what is no JSON was taken")
		}
		answers := len(asked) + len(other)
		if events := len(s.events.take()); answers+events > 1 || err != nil && answers+events > 0 {
			t.Fatalf("%d answers, %d events, %v", answers, events, err)
		}
		if len(s.pending)+answers != 2 {
			t.Fatalf("%d wait after %d answers", len(s.pending), answers)
		}
		if err := s.take(data); err == nil && len(asked)+len(other) > answers && answers > 0 {
			t.Fatal("one answer was taken twice")
		}
		for _, e := range s.events.take() {
			if e.Data.New == nil {
				continue
			}
			e.Data.New.told()
			if entity, ok := e.Data.New.entity(); ok {
				if len(entity.Name) > maxText+3 || oneLine(entity.Name) != entity.Name && len(entity.Name) < maxText || !entity.IsOutside() {
					t.Fatalf("entity %+v", entity)
				}
			}
		}
	})
}
