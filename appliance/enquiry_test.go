package appliance

import (
	"context"
	"log/slog"
	"testing"

	"github.com/cricket-home/cricket/mqtt"
)

// A bridge that retains no states is asked for them after each connection, and only for
// those that nobody has told.
func TestDevicesAreAskedForTheirState(t *testing.T) {
	dir := shortDir(t)
	b, err := New(Options{Config: free(), Keep: true, StateDir: dir, RuntimeDir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	began, over := make(chan struct{}), make(chan struct{})
	b.enquireAfter = func(ctx context.Context) bool {
		select {
		case began <- struct{}{}:
		case <-ctx.Done():
		}
		select {
		case <-over:
			return true
		case <-ctx.Done():
			return false
		}
	}
	run(t, b.Run)
	bridge := look(t, "tcp://"+b.broker.Addr(), "z/#")
	for _, name := range []string{"spoken", "quiet"} {
		m := mqtt.Message{Topic: "homeassistant/light/" + name + "/config", QoS: 1, Retain: true, Payload: []byte(
			`{"name":"` + name + ` lamp","uniq_id":"` + name + `","schema":"json","cmd_t":"z/` + name + `/set","stat_t":"z/` + name + `","o":{"name":"Zigbee2MQTT"}}`)}
		if err := bridge.client.Publish(within(t), m); err != nil {
			t.Fatal(err)
		}
	}
	until(t, b, func() bool { return len(b.house.Now().Home.Devices) == 2 })
	for again := range 2 {
		if again > 0 {
			bridge.forget()
			signal(b.reached)
		}
		<-began
		until(t, b, func() bool {
			bridge.publish("z/spoken", `{"state":"ON"}`) // until the box follows it
			spoken := false
			_ = b.house.do(t.Context(), func() { spoken = len(b.house.heard) == 1 })
			return spoken
		})
		over <- struct{}{}
		bridge.sees("z/quiet/get", `{"state":""}`)
		if bridge.has("z/spoken/get") {
			t.Error("a lamp was asked that has told its state")
		}
	}
}
