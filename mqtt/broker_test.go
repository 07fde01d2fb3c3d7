package mqtt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/cricket-home/cricket/mqtt/mqtttest"
)

// deadline is how long a test waits for something that takes milliseconds.
const deadline = 20 * time.Second

// testLog writes to the test's own output.
func testLog(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo}))
}

// startBroker runs a broker on an address until the test ends or stop is called.
func startBroker(t testing.TB, o BrokerOptions) (b *Broker, stop func()) {
	t.Helper()
	if o.Log == nil {
		o.Log = testLog(t)
	}
	b, err := NewBroker(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("broker: %v", err)
			}
		case <-time.After(deadline):
			t.Error("the broker did not stop")
		}
	}
	t.Cleanup(stop)
	return b, stop
}

func TestBrokerRefusesTheNetworkWithoutPassword(t *testing.T) {
	for _, test := range []struct {
		name string
		o    BrokerOptions
		want string // part of the error, or "" for none
	}{
		{"loopback, anybody", BrokerOptions{Address: "127.0.0.1:0"}, ""},
		{"loopback by name", BrokerOptions{Address: "localhost:0"}, ""},
		{"every address, no password", BrokerOptions{Address: "0.0.0.0:0"}, "needs a username and a password"},
		{"no host, no password", BrokerOptions{Address: ":0"}, "needs a username and a password"},
		{"every address with password", BrokerOptions{Address: "0.0.0.0:0", Username: "home", Password: "s3cret"}, ""},
		{"password without username", BrokerOptions{Address: "127.0.0.1:0", Password: "s3cret"}, "go together"},
		{"not an address", BrokerOptions{Address: "127.0.0.1:port"}, "start broker"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.o.Log = testLog(t)
			b, err := NewBroker(test.o)
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				_ = b.listener.Close()
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestBrokerNamesAPortInUse(t *testing.T) {
	b, _ := startBroker(t, BrokerOptions{Address: "127.0.0.1:0"})
	_, err := NewBroker(BrokerOptions{Address: b.Addr(), Log: testLog(t)})
	if err == nil || !strings.Contains(err.Error(), b.Addr()) {
		t.Fatalf("got %v, want an error that names %s", err, b.Addr())
	}
}

func TestBrokerGivesThePortBack(t *testing.T) {
	b, stop := startBroker(t, BrokerOptions{Address: "127.0.0.1:0"})
	stop()
	l, err := net.Listen("tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
}

func TestBrokerWantsItsPassword(t *testing.T) {
	b, _ := startBroker(t, BrokerOptions{Address: "127.0.0.1:0", Username: "home", Password: "s3cret"})
	for _, test := range []struct {
		name, user, password string
		want                 bool
	}{
		{"right", "home", "s3cret", true},
		{"wrong password", "home", "secret", false},
		{"wrong user", "house", "s3cret", false},
		{"nobody", "", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			statuses := make(chan Status, 10)
			runClient(t, ClientOptions{
				Broker: "tcp://" + b.Addr(), Username: test.user, Password: test.password,
				OnStatus: func(s Status) { put(statuses, s) },
			})
			select {
			case s := <-statuses:
				if s.Connected != test.want {
					t.Fatalf("connected %v (%v), want %v", s.Connected, s.Err, test.want)
				}
				if !test.want && s.Err == nil {
					t.Fatal("refused without a reason")
				}
			case <-time.After(deadline):
				t.Fatal("the client says nothing")
			}
		})
	}
}

// put drops what a test no longer reads.
func put[T any](c chan T, v T) {
	select {
	case c <- v:
	default:
	}
}

// What devices announced yesterday must still be there today: mochi's default
// erases retained messages after a day.
func TestBrokerKeepsRetainedMessagesForever(t *testing.T) {
	b, _ := startBroker(t, BrokerOptions{Address: "127.0.0.1:0"})
	c := connected(t, b.Addr())
	if err := c.Publish(t.Context(), Message{Topic: "homeassistant/light/old/config", Payload: []byte("{}"), QoS: 1, Retain: true}); err != nil {
		t.Fatal(err)
	}
	kept := b.server.Topics.Retained
	pk, ok := kept.Get("homeassistant/light/old/config")
	if !ok {
		t.Fatal("the message was not retained")
	}
	pk.Created -= 2 * 24 * 3600
	kept.Add(pk.TopicName, pk)
	// The sweep that takes this one away, which is over its own time, has seen the other.
	kept.Add("sentinel", packets.Packet{TopicName: "sentinel", ProtocolVersion: 5, Created: pk.Created, Expiry: 1})
	until(t, "the sweep of expired messages", func() bool {
		_, there := kept.Get("sentinel")
		return !there
	})
	if _, ok := kept.Get("homeassistant/light/old/config"); !ok {
		t.Fatal("a retained message of two days ago was erased")
	}
}

// until waits for a condition that no channel tells.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(deadline)
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestBrokerStopsKeepingWhenItIsFull(t *testing.T) {
	b, _ := startBroker(t, BrokerOptions{Address: "127.0.0.1:0"})
	c := connected(t, b.Addr())
	big := make([]byte, maxPacket-1000)
	most := maxRetained/(len(big)+len("fill/00")) + 1
	for i := range most + 1 {
		topic := fmt.Sprintf("fill/%02d", i)
		if err := c.Publish(t.Context(), Message{Topic: topic, Payload: big, QoS: 1, Retain: true}); err != nil {
			t.Fatal(err)
		}
	}
	total, count := 0, 0
	for topic, pk := range b.server.Topics.Retained.GetAll() {
		if strings.HasPrefix(topic, "fill/") {
			total, count = total+len(topic)+len(pk.Payload), count+1
		}
	}
	if total > maxRetained || count != most-1 {
		t.Fatalf("%d messages of %d bytes are kept, want %d within %d", count, total, most-1, maxRetained)
	}
	// What is erased makes room.
	for i := range 2 {
		if err := c.Publish(t.Context(), Message{Topic: fmt.Sprintf("fill/%02d", i), QoS: 1, Retain: true}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Publish(t.Context(), Message{Topic: "fill/new", Payload: []byte("x"), QoS: 1, Retain: true}); err != nil {
		t.Fatal(err)
	}
	if _, ok := b.server.Topics.Retained.Get("fill/new"); !ok {
		t.Fatal("there is room again, but the message was not kept")
	}
}

func TestBrokerHangsUpOnHugePackets(t *testing.T) {
	b, _ := startBroker(t, BrokerOptions{Address: "127.0.0.1:0"})
	c := connected(t, b.Addr())
	err := c.Publish(t.Context(), Message{Topic: "x", Payload: make([]byte, maxPacket+1), QoS: 1})
	if err == nil {
		t.Fatal("a packet over the limit was acknowledged")
	}
}

// The programs of another project speak with our broker and our client.
func TestMosquittoClients(t *testing.T) {
	sub, pub := mqtttest.Program(t, "mosquitto_sub"), mqtttest.Program(t, "mosquitto_pub")
	b, _ := startBroker(t, BrokerOptions{Address: "127.0.0.1:0", Username: "home", Password: "s3cret"})
	host, port, _ := strings.Cut(b.Addr(), ":")
	access := []string{"-h", host, "-p", port, "-u", "home", "-P", "s3cret", "-q", "1"}
	c := connectedAs(t, ClientOptions{Broker: "tcp://" + b.Addr(), Username: "home", Password: "s3cret"})

	heard := make(chan Message, 1)
	if err := c.Subscribe(t.Context(), func(m Message) { put(heard, m) }, "from/mosquitto"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	if out, err := exec.CommandContext(ctx, pub, append(access, "-t", "from/mosquitto", "-m", "grüße")...).CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_pub: %v: %s", err, out)
	}
	select {
	case m := <-heard:
		if string(m.Payload) != "grüße" || m.Topic != "from/mosquitto" {
			t.Fatalf("got %s %q", m.Topic, m.Payload)
		}
	case <-ctx.Done():
		t.Fatal("the message of mosquitto_pub did not arrive")
	}

	// Retained, so that it does not matter which of the two is first.
	if err := c.Publish(t.Context(), Message{Topic: "from/cricket", Payload: []byte("ON"), QoS: 1, Retain: true}); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(ctx, sub, append(access, "-t", "from/#", "-C", "1", "-F", "%t %r %p")...).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "from/cricket 1 ON" {
		t.Fatalf("mosquitto_sub printed %q, %v", out, err)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Fatal("too late")
	}
}
