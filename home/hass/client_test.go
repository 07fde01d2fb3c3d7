package hass

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/hass/hasstest"
	"github.com/cricket-home/cricket/mqtt"
)

// cable is a listener inside a bubble of synctest.
type cable struct {
	conns chan net.Conn
	ended chan struct{}
	once  sync.Once
}

func (c *cable) Accept() (net.Conn, error) {
	select {
	case conn := <-c.conns:
		return conn, nil
	case <-c.ended:
		return nil, net.ErrClosed
	}
}

func (c *cable) Close() error   { c.once.Do(func() { close(c.ended) }); return nil }
func (c *cable) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8123} }

func (c *cable) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case c.conns <- far:
		return near, nil
	case <-c.ended:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// household is what a client has told of a server's home.
type household struct {
	*hasstest.Server
	t      *testing.T
	client *Client
	log    bytes.Buffer

	mu       sync.Mutex
	registry home.Registry
	imports  int
	entities map[string]mqtt.Entity // by entity id
	states   map[string]mqtt.State
	began    int // connections that were tried
}

// live runs a client on a server in a bubble; begin may change both before.
func live(t *testing.T, h hasstest.Home, begin func(*household)) *household {
	t.Helper()
	l := &cable{conns: make(chan net.Conn), ended: make(chan struct{})}
	o := &household{t: t, Server: hasstest.Serve(t, l, h), entities: map[string]mqtt.Entity{}, states: map[string]mqtt.State{}}
	var err error
	o.client, err = New(Options{
		URL: o.URL, Token: hasstest.Token, Log: slog.New(slog.NewTextHandler(&o.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Registry: func(r home.Registry) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.registry = r
			o.imports++
		},
		Entities: func(d mqtt.Discovery) {
			o.mu.Lock()
			defer o.mu.Unlock()
			id := strings.TrimPrefix(d.Topic, "Home Assistant ")
			delete(o.entities, id)
			for _, e := range d.Entities {
				o.entities[e.ID] = e
			}
		},
		State: func(unique string, s mqtt.State) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.states[strings.TrimPrefix(unique, home.FromHomeAssistant)] = s
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Client{Transport: &http.Transport{DialContext: l.dial, DisableKeepAlives: true}}
	o.client.dial = func(ctx context.Context, address string) (wire, error) {
		o.mu.Lock()
		o.began++
		o.mu.Unlock()
		conn, _, err := websocket.Dial(ctx, address, &websocket.DialOptions{HTTPClient: web})
		if err != nil {
			return nil, err
		}
		conn.SetReadLimit(maxMessage)
		return &socket{conn}, nil
	}
	if begin != nil {
		begin(o)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := o.client.Run(ctx); err != nil {
			t.Errorf("the client ended: %v", err)
		}
	}()
	t.Cleanup(func() { stop(); <-ended })
	synctest.Wait()
	return o
}

// ids are the entities that can be spoken to.
func (o *household) ids() []string { return slices.Sorted(maps.Keys(o.entities)) }

// later lets time pass. The lock puts what the test has read before what the client tells next.
func (o *household) later(d time.Duration) {
	o.mu.Lock()
	o.mu.Unlock() //lint:ignore SA2001 for the order alone
	time.Sleep(d)
	synctest.Wait()
}

func (o *household) call(id, service string, data map[string]any) error {
	return o.client.Call(context.Background(), home.FromHomeAssistant+id, mqtt.Call{Service: service, Data: data})
}

var speakable = []string{"climate.study", "cover.blinds", "light.desk", "lock.back_door", "media_player.speaker", "script.goodnight"}

// What is exposed and not on MQTT can be spoken to; floors, areas, names and aliases are
// taken over.
func TestHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := live(t, hasstest.Small(), nil)
		if s := o.client.Status(); !s.Connected || s.Version != "2026.4.1" || s.Entities != len(speakable) {
			t.Fatalf("status %+v", s)
		}
		if got := o.ids(); !slices.Equal(got, speakable) {
			t.Errorf("entities %v", got)
		}
		e := o.entities["light.desk"]
		if !slices.Equal(e.Features, []string{"brightness", "color", "color_temp"}) || e.Min != 2000 || e.Max != 6500 || !e.IsOutside() {
			t.Errorf("the lamp: %+v", e)
		}
		if got := o.entities["cover.blinds"].Features; !slices.Equal(got, []string{"position", "stop"}) {
			t.Errorf("the blinds: %v", got)
		}
		if got := o.states["climate.study"]; got.Value != "heat" || got.Attributes["current_temperature"] != 19.5 {
			t.Errorf("the thermostat says %+v", got)
		}
		r := o.registry
		if len(r.Floors) != 1 || r.Floors[0].ID != "upstairs" || len(r.Areas) != 1 || r.Areas[0].ID != "study" || *r.Areas[0].Aliases[0] != "den" || *r.Areas[0].Floor != "upstairs" {
			t.Errorf("floors %+v, areas %+v", r.Floors, r.Areas)
		}
		for _, one := range r.Entities {
			if want := one.ID != "switch.secret"; *one.Options.Conversation.Expose != want {
				t.Errorf("%s is exposed: %v", one.ID, !want)
			}
			if one.ID == "light.desk" && (len(one.Aliases) != 2 || *one.Aliases[1] != "reading light" || *one.Name != "Desk lamp") {
				t.Errorf("the lamp in the registry: %+v", one)
			}
		}
	})
}

// Entities come, go, are renamed and hidden while the client is connected.
func TestChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := live(t, hasstest.Small(), nil)
		lamp := o.Entity("light.desk")
		lamp.State = "on"
		o.Put(lamp, "")
		synctest.Wait()
		if o.states["light.desk"].Value != "on" {
			t.Errorf("the lamp says %+v", o.states["light.desk"])
		}
		o.later(2 * settleTime)
		if o.imports != 1 {
			t.Errorf("a registry that is the same was imported %d times", o.imports)
		}

		lamp.ID = "light.writing"
		o.Put(lamp, "light.desk")
		o.later(2 * settleTime)
		if got := o.ids(); slices.Contains(got, "light.desk") || !slices.Contains(got, "light.writing") {
			t.Errorf("after a rename: %v", got)
		}
		lamp.Exposed = false
		o.Put(lamp, "")
		o.later(2 * settleTime)
		if slices.Contains(o.ids(), "light.writing") {
			t.Error("a lamp that is exposed no longer can be spoken to")
		}
		lamp.State = "off"
		o.Put(lamp, "")
		o.later(2 * settleTime)
		if slices.Contains(o.ids(), "light.writing") {
			t.Error("it can be spoken to when its state changes")
		}
		o.Put(hasstest.Entity{}, "cover.blinds")
		synctest.Wait()
		if slices.Contains(o.ids(), "cover.blinds") {
			t.Error("blinds that were removed can be spoken to")
		}
		o.Put(hasstest.Entity{ID: "fan.new", Platform: "esphome", State: "off", Exposed: true, Attributes: map[string]any{"friendly_name": "Fan", "supported_features": 1}}, "")
		o.later(2 * settleTime)
		if !slices.Contains(o.ids(), "fan.new") {
			t.Errorf("a new fan is missing: %v", o.ids())
		}
	})
}

// The owner's word about what may be spoken to holds at once: of an entity without a unique id no
// event tells that, and of others the lists are read a second later.
func TestExposureHoldsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := live(t, hasstest.Small(), nil)
		for _, id := range []string{"script.goodnight", "light.desk"} {
			one := o.Entity(id)
			one.Exposed = false
			o.Put(one, "")
			synctest.Wait()
			if err := o.call(id, "turn_on", nil); !errors.Is(err, ErrHidden) || len(o.Calls()) > 0 {
				t.Errorf("%s: %v, %d calls", id, err, len(o.Calls()))
			}
			o.later(2 * settleTime)
			if slices.Contains(o.ids(), id) {
				t.Errorf("%s can be spoken to", id)
			}
		}
		// What is exposed again, or newly, is noticed by itself.
		script := o.Entity("script.goodnight")
		script.Exposed = true
		o.Put(script, "")
		o.Put(hasstest.Entity{ID: "switch.template", State: "off", Exposed: true, Attributes: map[string]any{"friendly_name": "Fountain"}}, "")
		o.later(pingEvery + settleTime)
		if got := o.ids(); !slices.Contains(got, "script.goodnight") || !slices.Contains(got, "switch.template") {
			t.Errorf("exposed later: %v", got)
		}
		// And what is not, also where nobody speaks to it.
		script.Exposed = false
		o.Put(script, "")
		o.later(pingEvery + settleTime)
		if slices.Contains(o.ids(), "script.goodnight") {
			t.Error("the script is still there")
		}
		imports := o.imports
		o.later(10 * pingEvery)
		if !o.client.Status().Connected || o.imports != imports {
			t.Errorf("%+v, %d imports more", o.client.Status(), o.imports-imports)
		}
	})
}

// While the lists are read again nothing slips through.
func TestExposureWhileTheListsAreRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := live(t, hasstest.Small(), nil)
		release := o.Hold("get_states")
		blinds := o.Entity("cover.blinds")
		blinds.Exposed = false
		o.Put(blinds, "")
		o.later(2 * settleTime) // the lists are being read
		if err := o.call("cover.blinds", "open_cover", nil); !errors.Is(err, ErrHidden) {
			t.Errorf("while the states are waited for: %v", err)
		}
		speaker := o.Entity("media_player.speaker")
		speaker.Exposed = false
		o.Put(speaker, "")
		synctest.Wait()
		if err := o.call("media_player.speaker", "media_pause", nil); !errors.Is(err, ErrHidden) || len(o.Calls()) > 0 {
			t.Errorf("an event that waits: %v", err)
		}
		if err := o.call("light.desk", "turn_on", nil); err != nil {
			t.Errorf("another one: %v", err)
		}
		release()
	})
}

// Nor does it while they are read for another reason, and the event waits behind that.
func TestExposureThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := live(t, hasstest.Small(), nil)
		defer o.Hold("get_states")()
		for _, id := range []string{"script.goodnight", "media_player.speaker"} {
			one := o.Entity(id)
			one.Exposed = false
			o.Put(one, "")
			synctest.Wait()
			if err := o.call(id, "turn_on", nil); !errors.Is(err, ErrHidden) {
				t.Errorf("%s: %v", id, err)
			}
			synctest.Wait()
		}
	})
}

// Rooms, floors and their other names change while the client is connected.
func TestRoomsChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := live(t, hasstest.Small(), nil)
		for _, tt := range []struct {
			kind string
			put  map[string]any
			got  func() string
			want string
		}{
			{"area", map[string]any{"area_id": "study", "name": "Library", "aliases": []string{"books"}, "floor_id": "upstairs"},
				func() string { return o.registry.Areas[0].Name + " " + *o.registry.Areas[0].Aliases[0] }, "Library books"},
			{"floor", map[string]any{"floor_id": "upstairs", "name": "First floor", "aliases": []string{"up"}, "level": 1},
				func() string { return o.registry.Floors[0].Name + " " + *o.registry.Floors[0].Aliases[0] }, "First floor up"},
			{"area", map[string]any{"area_id": "attic", "name": "Attic", "aliases": []string{}, "floor_id": "upstairs"},
				func() string { return fmt.Sprint(len(o.registry.Areas)) }, "2"},
			{"device", map[string]any{"id": "d1", "area_id": "attic", "name": "Desk", "name_by_user": nil, "disabled_by": nil},
				func() string { return *o.registry.Devices[0].Area }, "attic"},
		} {
			o.PutRoom(tt.kind, tt.put)
			o.later(2 * settleTime)
			if got := tt.got(); got != tt.want {
				t.Errorf("%s %v: %q", tt.kind, tt.put, got)
			}
		}
		lamp := o.Entity("light.desk")
		lamp.Aliases = []string{"candle"}
		o.Put(lamp, "")
		o.later(2 * settleTime)
		for _, e := range o.registry.Entities {
			if e.ID == "light.desk" && (len(e.Aliases) != 2 || *e.Aliases[1] != "candle") {
				t.Errorf("the lamp: %+v", e.Aliases)
			}
		}
	})
}

// A lamp that is away tells what it can do when it comes back.
func TestAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hasstest.Small()
		h.Entities[0].State = "unavailable"
		o := live(t, h, nil)
		if !o.states["light.desk"].Offline || len(o.entities["light.desk"].Features) != 0 {
			t.Fatalf("the lamp: %+v %+v", o.states["light.desk"], o.entities["light.desk"])
		}
		lamp := h.Entities[0]
		lamp.State = "on"
		o.Put(lamp, "")
		synctest.Wait()
		if s := o.states["light.desk"]; s.Offline || s.Value != "on" || !slices.Contains(o.entities["light.desk"].Features, "color") {
			t.Errorf("the lamp is back: %+v %+v", s, o.entities["light.desk"])
		}
		lamp.State = "unavailable"
		o.Put(lamp, "")
		o.later(2 * settleTime)
		if !o.states["light.desk"].Offline || !slices.Contains(o.entities["light.desk"].Features, "color") {
			t.Error("a lamp that goes away forgets what it can do")
		}
	})
}

func TestCalls(t *testing.T) {
	tests := []struct {
		id, service string
		data        map[string]any
		want        string
	}{
		{"light.desk", "turn_on", map[string]any{"brightness_pct": 40.0}, "light.turn_on light.desk map[brightness_pct:40]"},
		{"cover.blinds", "set_cover_position", map[string]any{"position": 30.0}, "cover.set_cover_position cover.blinds map[position:30]"},
		{"climate.study", "set_temperature", map[string]any{"temperature": 21.5}, "climate.set_temperature climate.study map[temperature:21.5]"},
		{"media_player.speaker", "volume_set", map[string]any{"volume_level": 0.5}, "media_player.volume_set media_player.speaker map[volume_level:0.5]"},
		{"media_player.speaker", "volume_mute", nil, "media_player.volume_mute media_player.speaker map[is_volume_muted:true]"},
		{"media_player.speaker", "volume_unmute", nil, "media_player.volume_mute media_player.speaker map[is_volume_muted:false]"},
		{"lock.back_door", "lock", nil, "lock.lock lock.back_door map[]"},
		{"script.goodnight", "turn_on", nil, "script.turn_on script.goodnight map[]"},
	}
	synctest.Test(t, func(t *testing.T) {
		o := live(t, hasstest.Small(), nil)
		for i, test := range tests {
			if err := o.call(test.id, test.service, test.data); err != nil {
				t.Fatalf("%s: %v", test.want, err)
			}
			c := o.Calls()[i]
			if got := fmt.Sprintf("%s.%s %s %v", c.Domain, c.Service, c.Entity, c.Data); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		}
		synctest.Wait()
		if o.states["media_player.speaker"].Attributes["is_volume_muted"] != false || o.states["light.desk"].Attributes["brightness"] != 102.0 {
			t.Errorf("states %+v", o.states)
		}
	})
}

// What was not done is said once, and never done again.
func TestFailingCalls(t *testing.T) {
	tests := []struct {
		name   string
		answer hasstest.Answer
		want   error
		text   string
	}{
		{"refused", hasstest.Refuse, nil, "call light.turn_on on light.desk: refused by Home Assistant: The lamp does not answer (home_assistant_error)"},
		{"no answer", hasstest.Silent, ErrUnanswered, "no answer"},
		{"the connection is cut", hasstest.Cut, ErrUnanswered, "connection was lost"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := live(t, hasstest.Small(), nil)
				o.Answer(test.answer)
				err := o.call("light.desk", "turn_on", nil)
				if err == nil || !strings.Contains(err.Error(), test.text) || test.want != nil && !errors.Is(err, test.want) || errors.Is(err, ErrOffline) {
					t.Errorf("the call: %v", err)
				}
				o.Answer(hasstest.Do)
				o.later(10 * time.Minute)
				if n := len(o.Calls()); n != 1 || !o.client.Status().Connected {
					t.Errorf("%d calls came, %+v", n, o.client.Status())
				}
			})
		})
	}
}

// While Home Assistant is away its devices are offline and calls are refused, not kept.
// What is no longer there when it comes back is gone.
func TestReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := live(t, hasstest.Small(), nil)
		o.Down(true)
		synctest.Wait()
		for _, id := range speakable {
			if !o.states[id].Offline {
				t.Errorf("%s is there while Home Assistant is not", id)
			}
		}
		if err := o.call("light.desk", "turn_on", nil); !errors.Is(err, ErrOffline) {
			t.Errorf("a call to nobody: %v", err)
		}
		o.later(time.Hour)
		if o.began < 50 || o.began > 80 {
			t.Errorf("%d connections were tried in an hour", o.began)
		}
		o.Put(hasstest.Entity{}, "cover.blinds")
		lamp := o.Entity("light.desk")
		lamp.State = "unavailable"
		o.Put(lamp, "")
		o.Down(false)
		o.later(2 * lastWait)
		if !o.client.Status().Connected || slices.Contains(o.ids(), "cover.blinds") || !o.states["light.desk"].Offline || o.states["lock.back_door"].Offline {
			t.Errorf("after it came back: %v %+v", o.ids(), o.states)
		}
		if len(o.Calls()) != 0 {
			t.Errorf("it was told later: %v", o.Calls())
		}
	})
}

// A token that is refused is not tried again at once, and is in no log.
func TestRefusedToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := live(t, hasstest.Small(), func(o *household) { o.client.o.Token = "canary-of-another-home" })
		o.later(time.Hour)
		if n := o.SignIns(); n < 2 || n > 7 {
			t.Errorf("the token was told %d times in an hour", n)
		}
		if err := o.client.Status().Err; !errors.Is(err, ErrToken) {
			t.Errorf("status %v", err)
		}
		if strings.Contains(o.log.String(), "canary") || o.log.Len() == 0 {
			t.Errorf("the log: %s", o.log.String())
		}
	})
}

// Versions and rights: what Home Assistant does not say is done without, or named.
func TestOldHomeAssistant(t *testing.T) {
	tests := []struct {
		name, command, code string
		want                []string // nil: it does not work
		why                 string
	}{
		{"before floors", "config/floor_registry/list", "unknown_command", speakable, ""},
		{"a token of no administrator", "homeassistant/expose_entity/list", "unauthorized", speakable[:5], ""},
		{"no states", "get_states", "unauthorized", nil, "get_states: refused by Home Assistant"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := live(t, hasstest.Small(), func(o *household) { o.Without(test.command, test.code) })
				s := o.client.Status()
				if !slices.Equal(o.ids(), test.want) || s.Connected != (test.want != nil) {
					t.Errorf("entities %v, status %+v", o.ids(), s)
				}
				if test.why != "" && (s.Err == nil || !strings.Contains(s.Err.Error(), test.why)) {
					t.Errorf("status %v", s.Err)
				}
			})
		})
	}
}

// What no Home Assistant says ends the connection, not the box; a new one is made.
func TestGarbage(t *testing.T) {
	tests := []struct {
		name, message string
		ends          bool
	}{
		{"half a message", `{"id":3,"type":"result","succ`, true},
		{"no JSON", "<html>502 Bad Gateway</html>", true},
		{"an id that is text", `{"id":"3","type":"result"}`, true},
		{"an event without a body", `{"id":1,"type":"event"}`, true},
		{"a state that is a number", `{"id":1,"type":"event","event":{"event_type":"state_changed","data":{"entity_id":"light.desk","new_state":{"entity_id":"light.desk","state":3}}}}`, true},
		{"a message of a type that is not known", `{"id":1,"type":"weather"}`, false},
		{"an answer that nobody asked for", `{"id":99999,"type":"result","success":true,"result":[]}`, false},
		{"an event of a stranger", `{"id":1,"type":"event","event":{"event_type":"state_changed","data":{"entity_id":"light.x","new_state":{"entity_id":"light.x","state":"on","attributes":{}}}}}`, false},
		{"an entity id that is none", `{"id":1,"type":"event","event":{"event_type":"state_changed","data":{"entity_id":"light.desk","new_state":{"entity_id":"Light.\u0000","state":"on","attributes":{}}}}}`, false},
		{"a message that is too long", `{"id":1,"type":"` + strings.Repeat("x", maxMessage) + `"}`, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := live(t, hasstest.Small(), nil)
				o.Say(test.message)
				synctest.Wait()
				if connected := o.client.Status().Connected; connected == test.ends {
					t.Errorf("connected: %v", connected)
				}
				if !slices.Equal(o.ids(), speakable) {
					t.Errorf("entities %v", o.ids())
				}
				o.later(2 * firstWait)
				if err := o.call("light.desk", "turn_on", nil); err != nil {
					t.Errorf("a call after it: %v", err)
				}
			})
		})
	}
}

// A server that answers slowly is waited for, and more events than a home has meanwhile
// hold nothing up; one that says nothing any longer is left.
func TestSlowServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var release func()
		o := live(t, hasstest.Small(), func(o *household) { release = o.Hold("get_states") })
		lamp := o.Entity("light.desk")
		for range 2000 {
			lamp.State = map[string]string{"on": "off", "off": "on"}[lamp.State]
			o.Put(lamp, "")
		}
		o.later(answerTime - time.Second)
		release()
		o.later(time.Second)
		if !o.client.Status().Connected || o.states["light.desk"].Value != lamp.State {
			t.Fatalf("status %+v, lamp %+v", o.client.Status(), o.states["light.desk"])
		}
		release = o.Hold("ping")
		o.later(pingEvery + answerTime - firstWait/2)
		if o.client.Status().Connected {
			t.Error("a server that is silent is taken for one that is there")
		}
		release()
		o.later(lastWait)
		if !o.client.Status().Connected {
			t.Errorf("status %+v", o.client.Status())
		}
	})
}

// A large home.
func TestManyEntities(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h hasstest.Home
		for i := range 5000 {
			h.Entities = append(h.Entities, hasstest.Entity{ID: fmt.Sprintf("light.lamp_%d", i), Platform: "hue", State: "on", Exposed: true,
				Attributes: map[string]any{"friendly_name": fmt.Sprintf("Lamp %d", i), "supported_color_modes": []string{"brightness"}}})
		}
		o := live(t, h, nil)
		if len(o.entities) != 5000 || len(o.states) != 5000 {
			t.Errorf("%d entities, %d states", len(o.entities), len(o.states))
		}
	})
}

func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{
		"http://homeassistant.local:8123":        "ws://homeassistant.local:8123/api/websocket",
		"https://home.example/":                  "wss://home.example/api/websocket",
		"http://box/ha/":                         "ws://box/ha/api/websocket",
		"ws://homeassistant:8123/api/websocket":  "ws://homeassistant:8123/api/websocket",
		"wss://homeassistant:8123/api/websocket": "wss://homeassistant:8123/api/websocket",
		"homeassistant.local:8123":               "",
		"tcp://homeassistant.local":              "",
		"http://":                                "",
	} {
		got, err := socketURL(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s is %q, %v", in, got, err)
		}
	}
}
