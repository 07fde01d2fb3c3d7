package mqtt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// runClient runs a client until the test ends or stop is called.
func runClient(t testing.TB, o ClientOptions) (c *Client, stop func()) {
	t.Helper()
	if o.Log == nil {
		o.Log = testLog(t)
	}
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
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
				t.Errorf("client: %v", err)
			}
		case <-time.After(deadline):
			t.Error("the client did not stop")
		}
	}
	t.Cleanup(stop)
	return c, stop
}

// connectedAs runs a client and waits until it is connected.
func connectedAs(t testing.TB, o ClientOptions) *Client {
	t.Helper()
	c, _ := runClient(t, o)
	wait, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	if err := c.Connected(wait); err != nil {
		t.Fatal(err)
	}
	return c
}

func connected(t testing.TB, addr string) *Client {
	t.Helper()
	return connectedAs(t, ClientOptions{Broker: "tcp://" + addr})
}

// next waits for a value.
func next[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(deadline):
		t.Fatalf("waited in vain for %s", what)
		panic("unreachable")
	}
}

func TestClientDeliversInOrder(t *testing.T) {
	b, _ := startBroker(t, BrokerOptions{Address: "127.0.0.1:0"})
	c := connected(t, b.Addr())
	heard := make(chan string, 1000)
	if err := c.Subscribe(t.Context(), func(m Message) { heard <- string(m.Payload) }, "hall/+/state"); err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		m := Message{Topic: fmt.Sprintf("hall/%d/state", i%3), Payload: fmt.Append(nil, i), QoS: byte(i % 2)}
		if err := c.Publish(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 200 {
		if got := next(t, "a message", heard); got != fmt.Sprint(i) {
			t.Fatalf("message %d is %s", i, got)
		}
	}
}

func TestClientGoesOnWhileAHandlerIsSlow(t *testing.T) {
	b, _ := startBroker(t, BrokerOptions{Address: "127.0.0.1:0"})
	c := connected(t, b.Addr())
	release, started := make(chan struct{}), make(chan struct{}, 100)
	if err := c.Subscribe(t.Context(), func(Message) { started <- struct{}{}; <-release }, "slow"); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		if err := c.Publish(t.Context(), Message{Topic: "slow", QoS: 1, Payload: []byte("x")}); err != nil {
			t.Fatal(err) // PUBACKs come through although the handler is stuck
		}
	}
	next(t, "the handler", started)
	close(release)
	for range 49 {
		next(t, "the handler", started)
	}
}

func TestInboxDropsTheOldest(t *testing.T) {
	in := newInbox(3, 1<<20)
	for _, topic := range []string{"a", "b", "c", "d", "e"} {
		in.put(Message{Topic: topic})
	}
	m, dropped, ok := in.take()
	if m.Topic != "c" || dropped != 2 || !ok {
		t.Fatalf("got %s, %d dropped, %v; want c, 2, true", m.Topic, dropped, ok)
	}
	if m, dropped, _ = in.take(); m.Topic != "d" || dropped != 0 {
		t.Fatalf("got %s, %d dropped", m.Topic, dropped)
	}
	in = newInbox(100, 10) // bytes
	for _, payload := range []string{"1234", "1234", "a message of more than ten bytes", "12"} {
		in.put(Message{Topic: "t", Payload: []byte(payload)})
	}
	if m, dropped, _ := in.take(); string(m.Payload) != "12" || dropped != 3 || in.bytes != 0 {
		t.Fatalf("got %q, %d dropped, %d bytes", m.Payload, dropped, in.bytes)
	}
	in.close()
	if _, _, ok = in.take(); ok {
		t.Fatal("a closed inbox gives messages")
	}
}

func TestClientRefusesWhileTheBrokerIsDown(t *testing.T) {
	// A port that nobody listens on.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()

	statuses := make(chan Status, 100)
	c, _ := runClient(t, ClientOptions{Broker: "tcp://" + addr, OnStatus: func(s Status) { put(statuses, s) }})
	refused := func() {
		t.Helper()
		err := c.Publish(t.Context(), Message{Topic: "lamp/set", Payload: []byte("ON"), QoS: 1})
		var offline *OfflineError
		if !errors.Is(err, ErrOffline) || !errors.As(err, &offline) || !strings.Contains(err.Error(), addr) {
			t.Fatalf("got %v, want an OfflineError that names %s", err, addr)
		}
	}
	refused()
	if s := next(t, "a status", statuses); s.Connected || s.Err == nil {
		t.Fatalf("status %+v, want a failed attempt", s)
	}
	refused()
	brief, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Connected(brief); !errors.Is(err, ErrOffline) {
		t.Fatalf("Connected gives %v", err)
	}

	// The broker comes at last: it is found, and what was refused is not sent after all.
	b, _ := startBroker(t, BrokerOptions{Address: addr})
	late := make(chan Message, 10)
	watch := connected(t, b.Addr())
	if err := watch.Subscribe(t.Context(), func(m Message) { late <- m }, "lamp/set", "end"); err != nil {
		t.Fatal(err)
	}
	wait, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	if err := c.Connected(wait); err != nil {
		t.Fatal(err)
	}
	if err := c.Publish(t.Context(), Message{Topic: "end", Payload: []byte("."), QoS: 1}); err != nil {
		t.Fatal(err)
	}
	if m := next(t, "the last message", late); m.Topic != "end" {
		t.Fatalf("%s %q was delivered late", m.Topic, m.Payload)
	}
}

func TestClientComesBackAfterTheBrokerWasLost(t *testing.T) {
	b, stop := startBroker(t, BrokerOptions{Address: "127.0.0.1:0"})
	addr := b.Addr()
	statuses, heard := make(chan Status, 100), make(chan Message, 100)
	c, _ := runClient(t, ClientOptions{
		Broker: "tcp://" + addr, OnStatus: func(s Status) { put(statuses, s) },
		Birth: &Message{Topic: "cricket/status", Payload: []byte("online"), QoS: 1, Retain: true},
	})
	if err := c.Subscribe(t.Context(), func(m Message) { heard <- m }, "lamp/state", "cricket/+"); err != nil {
		t.Fatal(err)
	}
	if s := next(t, "the connection", statuses); !s.Connected {
		t.Fatalf("status %+v", s)
	}
	if m := next(t, "the birth", heard); m.Topic != "cricket/status" || string(m.Payload) != "online" {
		t.Fatalf("got %s %q", m.Topic, m.Payload)
	}

	stop()
	if s := next(t, "the loss", statuses); s.Connected || s.Err == nil {
		t.Fatalf("status %+v, want the loss and its reason", s)
	}
	if err := c.Publish(t.Context(), Message{Topic: "lamp/set", Payload: []byte("ON"), QoS: 1}); !errors.Is(err, ErrOffline) {
		t.Fatalf("publishing without a broker gives %v", err)
	}
	if err := c.Subscribe(t.Context(), func(m Message) { heard <- m }, "added/meanwhile"); err != nil {
		t.Fatal(err)
	}

	startBroker(t, BrokerOptions{Address: addr})
	device := connected(t, addr)
	for _, topic := range []string{"lamp/state", "added/meanwhile"} {
		if err := device.Publish(t.Context(), Message{Topic: topic, Payload: []byte("ON"), QoS: 1, Retain: true}); err != nil {
			t.Fatal(err)
		}
	}
	var topics []string
	for range 3 {
		topics = append(topics, next(t, "messages after the reconnection", heard).Topic)
	}
	slices.Sort(topics)
	if want := []string{"added/meanwhile", "cricket/status", "lamp/state"}; !slices.Equal(topics, want) {
		t.Fatalf("got %v, want %v", topics, want)
	}
}

// The broker stays, only the connection breaks: what is retained comes again.
func TestClientHearsRetainedStatesAgain(t *testing.T) {
	b, _ := startBroker(t, BrokerOptions{Address: "127.0.0.1:0"})
	device := connected(t, b.Addr())
	if err := device.Publish(t.Context(), Message{Topic: "lamp/state", Payload: []byte("ON"), QoS: 1, Retain: true}); err != nil {
		t.Fatal(err)
	}
	c := connectedAs(t, ClientOptions{Broker: "tcp://" + b.Addr(), ClientID: "box"})
	heard := make(chan Message, 10)
	if err := c.Subscribe(t.Context(), func(m Message) { heard <- m }, "lamp/#"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if m := next(t, "the retained state", heard); string(m.Payload) != "ON" || !m.Retain {
			t.Fatalf("got %q, retained %v", m.Payload, m.Retain)
		}
		session, ok := b.server.Clients.Get("box")
		if !ok {
			t.Fatal("the broker does not know the client")
		}
		session.Stop(errors.New("cable pulled"))
	}
	next(t, "the retained state", heard)
}

func TestClientUnsubscribes(t *testing.T) {
	b, _ := startBroker(t, BrokerOptions{Address: "127.0.0.1:0"})
	c := connected(t, b.Addr())
	heard := make(chan string, 10)
	hear := func(m Message) { heard <- m.Topic }
	if err := c.Subscribe(t.Context(), hear, "a", "b/#"); err != nil {
		t.Fatal(err)
	}
	if err := c.Unsubscribe(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	for _, topic := range []string{"a", "b/c"} {
		if err := c.Publish(t.Context(), Message{Topic: topic, QoS: 1, Payload: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	if got := next(t, "b/c", heard); got != "b/c" {
		t.Fatalf("got %s", got)
	}
	if err := c.Subscribe(t.Context(), hear, "b/#/c"); err == nil {
		t.Fatal("a wrong filter was taken")
	}
}

// cut is a TCP relay that can be cut like a cable.
func cut(t *testing.T, to string) (addr string, sever func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conns := make(chan net.Conn, 100)
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			conns <- in
			conns <- out
			go func() { _, _ = io.Copy(out, in) }()
			go func() { _, _ = io.Copy(in, out) }()
		}
	}()
	sever = func() {
		_ = l.Close()
		for {
			select {
			case c := <-conns:
				_ = c.Close()
			default:
				return
			}
		}
	}
	t.Cleanup(sever)
	return l.Addr().String(), sever
}

func TestWill(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(sever, stop func())
	}{
		{"the cable is cut: the broker says it", func(sever, _ func()) { sever() }},
		{"the client stops: it says it itself", func(_, stop func()) { stop() }},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, _ := startBroker(t, BrokerOptions{Address: "127.0.0.1:0"})
			relay, sever := cut(t, b.Addr())
			heard := make(chan string, 10)
			watch := connected(t, b.Addr())
			if err := watch.Subscribe(t.Context(), func(m Message) { heard <- string(m.Payload) }, "box/status"); err != nil {
				t.Fatal(err)
			}
			_, stop := runClient(t, ClientOptions{
				Broker: "tcp://" + relay,
				Birth:  &Message{Topic: "box/status", Payload: []byte("online"), QoS: 1, Retain: true},
				Will:   &Message{Topic: "box/status", Payload: []byte("offline"), QoS: 1, Retain: true},
			})
			if got := next(t, "the birth", heard); got != "online" {
				t.Fatalf("got %q", got)
			}
			test.end(sever, stop)
			got := next(t, "the will", heard)
			for got == "online" { // once live, and once more if it was retained before the subscription stood
				got = next(t, "the will", heard)
			}
			if got != "offline" {
				t.Fatalf("got %q", got)
			}
			if pk, ok := b.server.Topics.Retained.Get("box/status"); !ok || string(pk.Payload) != "offline" {
				t.Fatalf("retained is %q", pk.Payload)
			}
		})
	}
}

// A broker that takes the message and never answers.
func TestPublishEndsWithItsContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		buf := make([]byte, 1024)
		_, _ = conn.Read(buf)
		_, _ = conn.Write([]byte{0x20, 2, 0, 0}) // CONNACK: accepted
		_, _ = io.Copy(io.Discard, conn)
	}()
	c := connected(t, l.Addr().String())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := c.Publish(ctx, Message{Topic: "lamp/set", Payload: []byte("ON"), QoS: 1}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, want the end of the context", err)
	}
}

func TestNewClientChecksItsOptions(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.pem")
	for _, test := range []struct {
		name string
		o    ClientOptions
		want string
	}{
		{"no scheme", ClientOptions{Broker: "broker:1883"}, "tcp://host:port"},
		{"other scheme", ClientOptions{Broker: "http://broker"}, "must be tcp, ssl, ws or wss"},
		{"nothing", ClientOptions{}, "tcp://host:port"},
		{"CA without TLS", ClientOptions{Broker: "tcp://broker:1883", CAFile: missing}, "not encrypted"},
		{"no such CA file", ClientOptions{Broker: "ssl://broker:8883", CAFile: missing}, "read CA file"},
		{"will on a wildcard", ClientOptions{Broker: "tcp://broker:1883", Will: &Message{Topic: "a/#"}}, "wildcard"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.o.Log = testLog(t)
			_, err := NewClient(test.o)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want an error with %q", err, test.want)
			}
		})
	}
	if _, err := NewClient(ClientOptions{Broker: "ftp://me:hunter2@broker", Log: testLog(t)}); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("the error shows the password: %v", err)
	}
}
