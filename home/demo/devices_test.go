package demo_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/demo"
	"github.com/cricket-home/cricket/mqtt"
)

// deadline is how long a condition may take on a busy machine before the test
// gives up; nothing waits that long when all is well.
const deadline = 30 * time.Second

// listener is an independent client (paho, not ours) that keeps the last
// message of every topic, and those before it.
type listener struct {
	t      *testing.T
	client paho.Client
	mu     sync.Mutex
	last   map[string]string
	past   map[string][]string // all messages
	news   chan struct{}
}

func listen(t *testing.T, address string) *listener {
	t.Helper()
	l := &listener{t: t, last: map[string]string{}, past: map[string][]string{}, news: make(chan struct{}, 1)}
	l.client = paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + address).SetClientID("listener-" + rand.Text()).SetAutoReconnect(false))
	l.done(l.client.Connect())
	t.Cleanup(func() { l.client.Disconnect(0) })
	l.done(l.client.Subscribe("#", 1, func(_ paho.Client, m paho.Message) {
		l.mu.Lock()
		l.last[m.Topic()] = string(m.Payload())
		l.past[m.Topic()] = append(l.past[m.Topic()], string(m.Payload()))
		l.mu.Unlock()
		select {
		case l.news <- struct{}{}:
		default:
		}
	}))
	return l
}

func (l *listener) done(token paho.Token) {
	l.t.Helper()
	if !token.WaitTimeout(deadline) || token.Error() != nil {
		l.t.Fatalf("paho: %v", token.Error())
	}
}

func (l *listener) publish(topic, payload string) {
	l.t.Helper()
	l.done(l.client.Publish(topic, 1, false, payload))
}

// until waits for a condition over the last messages.
func (l *listener) until(what string, ok func(last map[string]string) bool) {
	l.t.Helper()
	timeout := time.After(deadline)
	for {
		l.mu.Lock()
		good := ok(l.last)
		l.mu.Unlock()
		if good {
			return
		}
		select {
		case <-l.news:
		case <-timeout:
			l.mu.Lock()
			defer l.mu.Unlock()
			l.t.Fatalf("%s: did not happen; %d topics, %v", what, len(l.last), l.last)
		}
	}
}

func (l *listener) says(topic, want string) {
	l.t.Helper()
	l.until(topic+" "+want, func(last map[string]string) bool { return last[topic] == want })
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func broker(t *testing.T, address string) (bound string, stop func()) {
	t.Helper()
	b, err := mqtt.NewBroker(mqtt.BrokerOptions{Address: address, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	return b.Addr(), running(t, b.Run)
}

// running runs a part until the end of the test, or until the returned stop.
func running(t *testing.T, run func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("run: %v", err)
			}
		case <-time.After(deadline):
			t.Error("run did not end with its context")
		}
	})
	t.Cleanup(stop)
	return stop
}

func play(t *testing.T, h *home.Home) (*listener, *demo.Devices, func()) {
	t.Helper()
	address, _ := broker(t, "127.0.0.1:0")
	l := listen(t, address)
	d, err := demo.New(h, demo.Options{Broker: "tcp://" + address, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	return l, d, running(t, d.Run)
}

func demoHome(t *testing.T) *home.Home {
	t.Helper()
	h, err := demo.Home()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// A home that knows nothing of the demo learns all of it from the broker:
// devices, rooms, abilities and states.
func TestDevicesAnnounceThemselves(t *testing.T) {
	h := demoHome(t)
	l, _, _ := play(t, h)
	l.until("all online", func(last map[string]string) bool {
		n := 0
		for topic, payload := range last {
			if strings.HasSuffix(topic, "/availability") && payload == "online" {
				n++
			}
		}
		return n == len(h.Devices)
	})

	learned, err := home.Parse("empty", nil)
	if err != nil {
		t.Fatal(err)
	}
	var announced mqtt.Announced
	l.mu.Lock()
	defer l.mu.Unlock()
	for topic, payload := range l.last {
		if !strings.HasSuffix(topic, "/config") {
			continue
		}
		found, err := announced.Take(demo.Prefix, mqtt.Message{Topic: topic, Payload: []byte(payload)})
		if err != nil || len(found.Faults) > 0 || len(found.Entities) != 1 {
			t.Errorf("%s: %v, %v, %d entities", topic, err, found.Faults, len(found.Entities))
			continue
		}
		learned = learned.WithEntity(found.Entities[0])
	}
	for _, d := range learned.Devices {
		state := d.Reported()
		for _, topic := range d.Entity.Topics() {
			if payload, ok := l.last[topic]; ok {
				if state, err = d.Entity.Apply(state, mqtt.Message{Topic: topic, Payload: []byte(payload)}); err != nil {
					t.Errorf("%s: %v", d.ID, err)
				}
			}
		}
		learned = learned.WithState(d.ID, state)
	}
	if len(learned.Devices) != len(h.Devices) {
		t.Fatalf("%d devices learned, want %d", len(learned.Devices), len(h.Devices))
	}
	for _, want := range h.Devices {
		got, ok := learned.Device(want.ID)
		if !ok {
			t.Errorf("%s was not learned", want.ID)
			continue
		}
		room := func(h *home.Home, id string) string { a, _ := h.Area(id); return a.Name }
		if got.Name != want.Name || room(learned, got.Area) != room(h, want.Area) || got.DeviceClass != want.DeviceClass || got.State != want.State || got.Offline {
			t.Errorf("%s: learned %q in %q, class %q, state %q, offline %v; want %q in %q, %q, %q", want.ID,
				got.Name, room(learned, got.Area), got.DeviceClass, got.State, got.Offline,
				want.Name, room(h, want.Area), want.DeviceClass, want.State)
		}
		for _, f := range want.Features {
			if !got.Entity.Has(f) {
				t.Errorf("%s did not announce %q: %v", want.ID, f, got.Features)
			}
		}
		for name, v := range want.Attributes {
			switch name {
			case "brightness", "percentage", "current_position", "temperature", "current_temperature":
				if fmt.Sprint(got.Attributes[name]) != fmt.Sprint(v) && got.State != "off" {
					t.Errorf("%s: %s is %v, want %v", want.ID, name, got.Attributes[name], v)
				}
			}
		}
	}
}

func TestDevicesObey(t *testing.T) {
	l, _, _ := play(t, demoHome(t))
	const base = "cricket/demo/"
	tests := []struct{ device, command, state string }{
		{"light/hall_ceiling", `{"state":"OFF"}`, `{"color_mode":"onoff","state":"OFF"}`},
		{"light/hall_lamp", `{"state":"ON","brightness":40}`, `{"brightness":40,"color_mode":"brightness","state":"ON"}`},
		{"light/bedroom_bedside_lamp", `{"state":"ON","color":{"r":255,"g":0,"b":7}}`,
			`{"brightness":255,"color":{"b":7,"g":0,"r":255},"color_mode":"rgb","state":"ON"}`},
		{"light/kitchen_ceiling", `{"state":"ON","color_temp":9000}`, `{"brightness":255,"color_mode":"color_temp","color_temp":6500,"state":"ON"}`},
		{"switch/office_printer", "OFF", "OFF"},
		{"fan/bedroom_ceiling_fan", "60", `{"percentage":60,"state":"ON"}`},
		{"fan/bathroom_extractor", "ON", `{"percentage":100,"state":"ON"}`},
		{"cover/living_room_blinds", "25", `{"position":25,"state":"open"}`},
		{"cover/garage_door", "OPEN", `{"position":100,"state":"open"}`},
		{"lock/front_door", "UNLOCK", "UNLOCKED"},
		{"climate/living_room", "21.5", `{"current_temperature":19.5,"mode":"heat","temperature":21.5}`},
		{"climate/bedroom", "off", `{"current_temperature":18.5,"mode":"off","temperature":18}`},
		{"script/bedtime", "ON", "ON"},
		{"media_player/kitchen_radio", "ON", "ON"},
		{"number/doorbell_volume", "7", "7"},
		{"select/house_mode", "night", "night"},
	}
	for _, tt := range tests {
		t.Run(tt.device, func(t *testing.T) {
			l.says(base+tt.device+"/availability", "online") // each has a connection of its own
			l.publish(base+tt.device+"/set", tt.command)
			l.says(base+tt.device+"/state", tt.state)
		})
	}
}

// What a device does not understand changes nothing: the good command after it
// is the first that shows.
func TestDevicesRefuse(t *testing.T) {
	tests := []struct{ device, bad, good, state string }{
		{"light/hall_ceiling", `{"state":`, `{"state":"OFF"}`, `{"color_mode":"onoff","state":"OFF"}`},
		{"light/hall_lamp", `{"state":"DIM"}`, `{"state":"ON"}`, `{"brightness":255,"color_mode":"brightness","state":"ON"}`},
		{"fan/bedroom_ceiling_fan", "250", "20", `{"percentage":20,"state":"ON"}`},
		{"fan/bathroom_extractor", "20", "ON", `{"percentage":100,"state":"ON"}`},
		{"cover/living_room_curtains", "20", "CLOSE", `{"position":0,"state":"closed"}`},
		{"climate/living_room", "90", "22", `{"current_temperature":19.5,"mode":"heat","temperature":22}`},
		{"number/doorbell_volume", "NaN", "1", "1"},
		{"select/house_mode", "party", "away", "away"},
		{"lock/back_door", "OPEN", "UNLOCK", "UNLOCKED"},
	}
	l, _, _ := play(t, demoHome(t))
	for _, tt := range tests {
		t.Run(tt.device, func(t *testing.T) {
			base := "cricket/demo/" + tt.device
			l.says(base+"/availability", "online")
			l.publish(base+"/set", tt.bad)
			l.publish(base+"/set", tt.good)
			l.says(base+"/state", tt.state)
		})
	}
}

func TestStopAndFreeze(t *testing.T) {
	l, devices, stop := play(t, demoHome(t))
	const lamp, ceiling = "cricket/demo/light/hall_lamp", "cricket/demo/light/hall_ceiling"
	l.says(lamp+"/availability", "online")
	l.says(ceiling+"/availability", "online")
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	if err := devices.Stop(ctx, "light.hall_lamp"); err != nil {
		t.Fatal(err)
	}
	l.says(lamp+"/availability", "offline")
	if err := devices.Stop(ctx, "light.hall_lamp"); err != nil {
		t.Errorf("stopped twice: %v", err)
	}

	// A frozen lamp stays online and on. The printer, which is told later, shows
	// that the lamp has had its time.
	if err := devices.Freeze(ctx, "light.hall_ceiling"); err != nil {
		t.Fatal(err)
	}
	l.says("cricket/demo/switch/office_printer/availability", "online")
	l.publish(ceiling+"/set", `{"state":"OFF"}`)
	l.publish("cricket/demo/switch/office_printer/set", "OFF")
	l.says("cricket/demo/switch/office_printer/state", "OFF")
	l.says(ceiling+"/state", `{"color_mode":"onoff","state":"ON"}`)
	l.says(ceiling+"/availability", "online")

	if err := devices.Stop(ctx, "light.nowhere"); err == nil || err.Error() != `break demo device "light.nowhere": there is none` {
		t.Errorf("unknown device: %v", err)
	}
	stop()
	l.until("all offline", func(last map[string]string) bool {
		for topic, payload := range last {
			if strings.HasSuffix(topic, "/availability") && payload != "offline" {
				return false
			}
		}
		return true
	})
}

// A broker that starts again has forgotten everything; the devices tell it
// again, with the states that they have by then.
func TestBrokerStartsAgain(t *testing.T) {
	h, err := home.Parse("small", []byte("[[device]]\nid = \"switch.pump\"\nname = \"Pump\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	address, stop := broker(t, "127.0.0.1:0")
	devices, err := demo.New(h, demo.Options{Broker: "tcp://" + address, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	running(t, devices.Run)
	before := listen(t, address)
	before.says("cricket/demo/switch/pump/availability", "online")
	before.publish("cricket/demo/switch/pump/set", "ON")
	before.says("cricket/demo/switch/pump/state", "ON")
	stop()
	broker(t, address)
	after := listen(t, address)
	after.says("cricket/demo/switch/pump/availability", "online")
	after.says("cricket/demo/switch/pump/state", "ON")
	after.until("announced", func(last map[string]string) bool { return last["homeassistant/switch/cricket_demo/pump/config"] != "" })
}

// An old command that a broker kept is not obeyed.
func TestRetainedCommand(t *testing.T) {
	h, err := home.Parse("small", []byte("[[device]]\nid = \"switch.pump\"\nname = \"Pump\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	address, _ := broker(t, "127.0.0.1:0")
	l := listen(t, address)
	l.done(l.client.Publish("cricket/demo/switch/pump/set", 1, true, "ON"))
	l.says("cricket/demo/switch/pump/set", "ON") // the broker acknowledges before it distributes
	devices, err := demo.New(h, demo.Options{Broker: "tcp://" + address, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	running(t, devices.Run)
	const pump = "cricket/demo/switch/pump"
	l.says(pump+"/availability", "online")
	l.publish(pump+"/set", "ON")
	l.says(pump+"/state", "ON")
	l.publish(pump+"/set", "OFF")
	l.until("off again", func(map[string]string) bool { return len(l.past[pump+"/state"]) >= 3 })
	l.mu.Lock()
	defer l.mu.Unlock()
	// Had it obeyed the old one, ON would show once more.
	if got := strings.Join(l.past[pump+"/state"], " "); got != "OFF ON OFF" {
		t.Errorf("states %s, want OFF, and ON and OFF when told", got)
	}
}

// A big home shares connections, and one device can still go by itself.
func TestManyDevices(t *testing.T) {
	var text strings.Builder
	const n = 120
	for i := range n {
		fmt.Fprintf(&text, "[[device]]\nid = \"switch.s%d\"\nname = \"Switch %d\"\n", i, i)
	}
	h, err := home.Parse("big", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	l, devices, _ := play(t, h)
	online := func(want int) func(map[string]string) bool {
		return func(last map[string]string) bool {
			n := 0
			for topic, payload := range last {
				if strings.HasPrefix(topic, "cricket/demo/switch/") && strings.HasSuffix(topic, "/availability") && payload == "online" {
					n++
				}
			}
			return n == want
		}
	}
	l.until("all online", online(n))
	l.says("cricket/demo/line/1/availability", "online")
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	if err := devices.Stop(ctx, "switch.s1"); err != nil {
		t.Fatal(err)
	}
	l.until("one gone", online(n-1))
	l.publish("cricket/demo/switch/s0/set", "ON")
	l.says("cricket/demo/switch/s0/state", "ON")
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, there := l.last["cricket/demo/line/51/availability"]; there {
		t.Error("more than 50 lines")
	}
}

// A device with a discovery table is announced as the table says, and its
// topics are left to the real device.
func TestOwnDiscovery(t *testing.T) {
	h, err := home.Parse("own", []byte(`
[[device]]
id = "switch.pump"
name = "Pump"
discovery = { cmd_t = "garden/pump/cmnd", stat_t = "garden/pump/stat", uniq_id = "pump-1" }
`))
	if err != nil {
		t.Fatal(err)
	}
	l, _, _ := play(t, h)
	l.says("homeassistant/switch/cricket_demo/pump/config",
		`{"cmd_t":"garden/pump/cmnd","default_entity_id":"switch.pump","stat_t":"garden/pump/stat","uniq_id":"pump-1"}`)
	known, err := demo.Announced(h)
	if err != nil {
		t.Fatal(err)
	}
	d, _ := known.Device("switch.pump")
	m, err := d.Entity.Messages(mqtt.Call{Service: "turn_on"})
	if err != nil || len(m) != 1 || m[0].Topic != "garden/pump/cmnd" || string(m[0].Payload) != "ON" {
		t.Errorf("messages %v, %v", m, err)
	}
}

// Domains that MQTT discovery does not know are there too, as well as they can be.
func TestOtherDomains(t *testing.T) {
	h, err := home.Parse("h", []byte(`
[[device]]
id = "siren.roof"
name = "Siren"
state = "off"
[[device]]
id = "switch.roof"
name = "Roof"
[[device]]
id = "person.anna"
name = "Anna"
state = "not_home"
[[device]]
id = "vacuum.robot"
name = "Robot"
[[device]]
id = "binary_sensor.window"
name = "Window"
[[device]]
id = "select.mode"
name = "Mode"
state = "eco"
`))
	if err != nil {
		t.Fatal(err)
	}
	known, err := demo.Announced(h)
	if err != nil {
		t.Fatal(err)
	}
	if len(known.Devices) != len(h.Devices) {
		t.Fatalf("%d devices, want %d", len(known.Devices), len(h.Devices))
	}
	siren, _ := known.Device("siren.roof")
	m, err := siren.Entity.Messages(mqtt.Call{Service: "turn_on"})
	if err != nil || len(m) != 1 || m[0].Topic != "cricket/demo/siren/roof/set" || string(m[0].Payload) != "ON" {
		t.Errorf("messages %v, %v", m, err)
	}
	robot, _ := known.Device("vacuum.robot")
	if m, err := robot.Entity.Messages(mqtt.Call{Service: "start"}); err != nil || len(m) != 1 || string(m[0].Payload) != "ON" {
		t.Errorf("messages %v, %v", m, err)
	}
	l, _, _ := play(t, h)
	l.says("cricket/demo/binary_sensor/window/availability", "online")
	l.mu.Lock()
	if state, there := l.last["cricket/demo/binary_sensor/window/state"]; there {
		t.Errorf("the window says %q although nobody knows", state)
	}
	l.mu.Unlock()
	l.says("cricket/demo/person/anna/state", "not_home")
	l.says("cricket/demo/select/mode/state", "eco")
	l.says("cricket/demo/siren/roof/availability", "online")
	l.publish("cricket/demo/siren/roof/set", "ON")
	l.says("cricket/demo/siren/roof/state", "ON")
	l.says("cricket/demo/switch/roof/state", "OFF")
}

// The demo home is what the issue asks for.
func TestDemoHome(t *testing.T) {
	h := demoHome(t)
	domains := map[string]int{}
	names := map[string]int{}
	for _, d := range h.Devices {
		domains[d.Domain()]++
		names[d.Name]++
	}
	if len(h.Floors) != 2 || len(h.Areas) != 8 || len(h.Devices) < 30 || len(domains) < 10 || names["Ceiling light"] < 3 {
		t.Errorf("%d floors, %d areas, %d devices of %d domains, %d ceiling lights",
			len(h.Floors), len(h.Areas), len(h.Devices), len(domains), names["Ceiling light"])
	}
}
