package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"

	broker "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// everybody may come in, and read and write: the broker is on loopback, for one test.
type everybody struct{ broker.HookBase }

func (*everybody) ID() string { return "everybody" }
func (*everybody) Provides(b byte) bool {
	return b == broker.OnConnectAuthenticate || b == broker.OnACLCheck
}
func (*everybody) OnConnectAuthenticate(*broker.Client, packets.Packet) bool { return true }
func (*everybody) OnACLCheck(*broker.Client, string, bool) bool              { return true }

// message is what somebody published.
type message struct{ topic, payload string }

// home is the broker of the guest's home, with a lamp.
type home struct {
	server   *broker.Server
	port     int
	messages chan message
}

// lamp is what the lamp announces, in Home Assistant's form.
const lamp = `{"name":"Ceiling light","unique_id":"boot-lamp","command_topic":"boot/lamp/set","state_topic":"boot/lamp/state",
"device":{"identifiers":["boot-lamp"],"name":"Kitchen ceiling light","suggested_area":"Kitchen"}}`

func openHome() (*home, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	h := &home{port: port, messages: make(chan message, 10000),
		server: broker.New(&broker.Options{InlineClient: true, Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))})}
	if err := h.server.AddHook(new(everybody), nil); err != nil {
		return nil, err
	}
	if err := h.server.AddListener(listeners.NewTCP(listeners.Config{ID: "guest", Address: fmt.Sprintf("127.0.0.1:%d", port)})); err != nil {
		return nil, err
	}
	if err := h.server.Serve(); err != nil {
		return nil, err
	}
	err = h.server.Subscribe("#", 1, func(_ *broker.Client, _ packets.Subscription, p packets.Packet) {
		m := message{p.TopicName, string(p.Payload)}
		select {
		case h.messages <- m:
		default: // so many are not expected: wait says what was missing
		}
		if m.topic == "boot/lamp/set" { // the lamp does as it is told
			h.server.Publish("boot/lamp/state", p.Payload, true, 1)
		}
	})
	if err != nil {
		return nil, err
	}
	for topic, payload := range map[string]string{"homeassistant/light/boot_lamp/config": lamp, "boot/lamp/state": "OFF"} {
		if err := h.server.Publish(topic, []byte(payload), true, 1); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// wait waits for a message whose topic begins, and whose payload is as it must be.
func (h *home) wait(ctx context.Context, topic, payload string) (message, error) {
	for {
		select {
		case m := <-h.messages:
			if strings.HasPrefix(m.topic, topic) && (payload == "" || m.payload == payload) {
				return m, nil
			}
		case <-ctx.Done():
			return message{}, fmt.Errorf("no message on %q: %w", topic, ctx.Err())
		}
	}
}

func (h *home) close() { h.server.Close() }

// freePort is a port of this machine that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
