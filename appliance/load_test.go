package appliance

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mqtt"
	"github.com/cricket-home/cricket/mqtt/mqtttest"
)

// publishes publishes retained messages through a client of its own.
func publishes(t *testing.T, broker string, messages []mqtt.Message) {
	t.Helper()
	c, err := mqtt.NewClient(mqtt.ClientOptions{Broker: broker, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	if err := c.Connected(within(t)); err != nil {
		t.Fatal(err)
	}
	for i, m := range messages {
		m.QoS = 0
		if i == len(messages)-1 {
			m.QoS = 1 // the broker has all when it has the last one
		}
		if err := c.Publish(within(t), m); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	<-ended
}

// lightsOf announces lights with their states.
func lightsOf(n int) (all []mqtt.Message) {
	retained := func(topic, text string) {
		all = append(all, mqtt.Message{Topic: topic, Payload: []byte(text), Retain: true})
	}
	for i := range n {
		id := fmt.Sprintf("l%04d", i)
		retained("homeassistant/light/"+id+"/config", fmt.Sprintf(`{"name":"Spot %d","unique_id":"%s","schema":"json","brightness":true,`+
			`"state_topic":"z/%s","command_topic":"z/%s/set","availability":[{"topic":"z/%s/availability"}],`+
			`"device":{"identifiers":["%s"],"name":"Spot %d","manufacturer":"ACME","model":"L1","sw_version":"1.2.3","suggested_area":"Room %d"},`+
			`"origin":{"name":"Zigbee2MQTT","sw_version":"2.1.0","support_url":"https://www.zigbee2mqtt.io"}}`, i, id, id, id, id, id, i, i/20))
		retained("z/"+id, `{"state":"OFF","brightness":100,"linkquality":80}`)
		retained("z/"+id+"/availability", "online")
	}
	return all
}

// startOn runs a box on a broker.
func startOn(t *testing.T, broker string, log *slog.Logger) *Box {
	t.Helper()
	c := DefaultConfig()
	c.MQTT.Broker = broker
	b := newBox(t, `language = "en"`, c, false)
	b.log, b.house.log = log, log
	run(t, b.Run)
	return b
}

// known counts the devices that have told a state.
func known(b *Box) (n int) {
	for _, d := range b.house.Now().Home.Devices {
		if d.State != "" {
			n++
		}
	}
	return n
}

// A home of a thousand devices (with CRICKET_LOAD, five thousand), from a Mosquitto that
// has all of them retained. Every one is there with its state; how soon and in how much
// memory is printed; what the program itself takes, e2e measures.
func TestLargeHome(t *testing.T) {
	n := 1000
	if os.Getenv("CRICKET_LOAD") != "" {
		n = 5000
	}
	m := mqtttest.NewMosquitto(t, "", nil)
	publishes(t, m.URL(), lightsOf(n))
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin := time.Now()
	var log logbook
	b := startOn(t, m.URL(), slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})))
	var announced time.Duration
	until(t, b, func() bool {
		if announced == 0 && len(b.house.Now().Home.Devices) == n {
			announced = time.Since(begin)
		}
		return known(b) == n
	})
	states := time.Since(begin)
	until(t, b, func() bool { return b.Ask(within(t), "turn on spot 7", Request{DryRun: true}).Done() })
	speakable := time.Since(begin)
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d devices: announced after %v, with states after %v, speakable after %v; %d MB of heap, at most %d MB with what this test needs itself",
		n, announced.Round(time.Millisecond), states.Round(time.Millisecond), speakable.Round(time.Millisecond),
		(int64(after.HeapAlloc)-int64(before.HeapAlloc))>>20, after.HeapSys>>20)
	if s := log.text(); strings.Contains(s, "lost") {
		t.Errorf("the log says %s", s)
	}
}

// Two thousand states a second come in while people speak. Every command arrives once
// and is confirmed, and the last state of each device is the one that the box has.
// CRICKET_LOAD=5m makes it last so long, at that rate (make mqtt-load); otherwise the
// states come as fast as they can.
func TestStatesAndCommandsAtOnce(t *testing.T) {
	const lights, rate = 200, 2000
	lasts, _ := time.ParseDuration(os.Getenv("CRICKET_LOAD"))
	commands, states := 40, 6000
	if lasts > 0 {
		commands, states = int(lasts/(100*time.Millisecond)), int(lasts.Seconds()*rate)
	}
	m := mqtttest.NewMosquitto(t, "", nil)
	publishes(t, m.URL(), append(lightsOf(lights), mqtt.Message{Topic: "homeassistant/switch/s/config", Retain: true,
		Payload: []byte(`{"name":"Heater","unique_id":"s","command_topic":"s/set","state_topic":"s"}`)}))
	var log logbook
	b := startOn(t, m.URL(), slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})))
	until(t, b, func() bool {
		return known(b) >= lights && b.Ask(within(t), "turn on the heater", Request{DryRun: true}).Done()
	})

	// The switch.
	var obeyed atomic.Int32
	device := look(t, m.URL())
	err := device.client.Subscribe(within(t), func(m mqtt.Message) {
		obeyed.Add(1)
		go device.client.Publish(context.Background(), mqtt.Message{Topic: "s", Payload: m.Payload, QoS: 1})
	}, "s/set")
	if err != nil {
		t.Fatal(err)
	}

	flood := look(t, m.URL())
	flooded := make(chan error, 1)
	go func() {
		begin := time.Now()
		for i := range states {
			qos := byte(0)
			if i%100 == 99 || i == states-1 {
				qos = 1
				if ahead := time.Duration(i)*time.Second/rate - time.Since(begin); lasts > 0 && ahead > 0 {
					time.Sleep(ahead)
				}
			}
			text := fmt.Appendf(nil, `{"state":"ON","brightness":%d,"linkquality":%d}`, 1+i/lights%250, i%255)
			if err := flood.client.Publish(context.Background(), mqtt.Message{Topic: fmt.Sprintf("z/l%04d", i%lights), Payload: text, QoS: qos}); err != nil {
				flooded <- err
				return
			}
		}
		flooded <- nil
	}()

	var took []float64
	begin := time.Now()
	for i := range commands {
		word := []string{"on", "off"}[i%2]
		r := b.Ask(within(t), "turn "+word+" the heater", Request{})
		if !r.Done() || len(r.Actions) != 1 || r.Actions[0].Confirmed == nil || !*r.Actions[0].Confirmed {
			t.Fatalf("command %d: %s, fault %+v", i, r, r.Fault)
		}
		took = append(took, r.MS["publish"])
		if lasts > 0 {
			time.Sleep(time.Until(begin.Add(time.Duration(i+1) * 100 * time.Millisecond)))
		}
	}
	if err := <-flooded; err != nil {
		t.Fatal(err)
	}
	elapsed := time.Since(begin)
	if n := obeyed.Load(); int(n) != commands {
		t.Errorf("%d commands arrived, want %d", n, commands)
	}
	last := map[string]int{} // brightness by light
	for i := max(0, states-lights); i < states; i++ {
		last[fmt.Sprintf("z/l%04d", i%lights)] = 1 + i/lights%250
	}
	until(t, b, func() bool {
		right := 0
		for _, d := range b.house.Now().Home.Devices {
			if d.Entity == nil || d.Domain() != "light" {
				continue
			}
			topic, _ := d.Entity.Config["state_topic"].(string)
			if fmt.Sprint(d.Attributes["brightness"]) == fmt.Sprint(last[topic]) {
				right++
			}
		}
		return right == lights
	})
	if s := log.text(); s != "" {
		t.Errorf("the log says %s", s)
	}
	slices.Sort(took)
	at := func(p float64) float64 { return took[int(p*float64(len(took)-1))] }
	t.Logf("%d states in %v (%.0f/s), %d commands from plan to PUBACK: median %.2f ms, p95 %.2f ms, most %.2f ms",
		states, elapsed.Round(time.Millisecond), float64(states)/elapsed.Seconds(), commands, at(0.5), at(0.95), at(1))
}

// What strangers leave in the broker is passed over, and said; the rest is found.
func TestRetainedGarbage(t *testing.T) {
	m := mqtttest.NewMosquitto(t, "allow_anonymous true\nmax_packet_size 20000000\n", nil)
	garbage := func(topic, text string) mqtt.Message {
		return mqtt.Message{Topic: topic, Payload: []byte(text), Retain: true}
	}
	var all []mqtt.Message
	for i := range 300 {
		all = append(all, garbage(fmt.Sprintf("homeassistant/light/bad%d/config", i), []string{
			"", " ", "null", "[]", "{", `{"name":`, "\xff\xfe", `{"command_topic":7}`, `{"name":"x","command_topic":"a/#"}`,
			`{"name":"x","command_topic":"a\u0000b"}`, strings.Repeat("[", 5000), `{"name":"x","state_topic":"+/+","command_topic":""}`,
			`{"name":"x","unique_id":"w","command_topic":"w/set","state_topic":"#"}`, `{"~":"~~~","stat_t":"~","cmd_t":"~"}`,
			`{"name":"x","command_topic":"c","value_template":"{% for i in range(999999999) %}{{ i }}{% endfor %}"}`,
		}[i%15]))
	}
	all = append(all,
		garbage("homeassistant/light/huge/config", `{"name":"`+strings.Repeat("x", 10<<20)+`"}`),
		garbage("homeassistant/device/d/config", `{"device":{},"components":[]}`),
		garbage("homeassistant/status", "online"),
		garbage("cricket/"+node()+"/say", "shout at night"),
		garbage("cricket/"+node()+"/mute/set", "ON"),
		// Wildcards and markup in names are only names.
		garbage("homeassistant/light/odd/config", `{"name":"Lamp #1 + <b>more</b> \"$(reboot)\"","unique_id":"odd","command_topic":"odd/set","state_topic":"odd"}`),
		garbage("homeassistant/light/good/config", `{"name":"Porch light","unique_id":"good","command_topic":"good/set","state_topic":"good"}`),
		garbage("good", "ON"),
	)
	publishes(t, m.URL(), all)
	b := startOn(t, m.URL(), slog.New(slog.DiscardHandler))
	until(t, b, func() bool {
		r := b.Ask(within(t), "is the porch light on", Request{})
		return r.Done() && strings.HasPrefix(r.Reply, "Yes")
	})
	if !b.client.Status().Connected {
		t.Error("the box has lost its broker")
	}
	if n := len(b.house.Now().Faults); n < 100 {
		t.Errorf("only %d faults are shown to the owner", n)
	}
	if !slices.ContainsFunc(b.house.Now().Home.Names().Entities, func(e intent.Entity) bool { return strings.HasPrefix(e.Name, "Lamp #1") }) {
		t.Error("the lamp with the odd name is not there")
	}
}
