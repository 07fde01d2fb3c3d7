package mqtt

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/mqtt/mqtttest"
)

// password makes a password file of Mosquitto's.
func password(t *testing.T, user, word string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "passwords")
	if out, err := exec.Command(mqtttest.Program(t, "mosquitto_passwd"), "-b", "-c", file, user, word).CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_passwd: %v: %s", err, out)
	}
	return file
}

// passes checks that a message goes from one client to another.
func passes(t *testing.T, from, to *Client, topic string) {
	t.Helper()
	heard := make(chan Message, 10)
	if err := to.Subscribe(t.Context(), func(m Message) { put(heard, m) }, topic); err != nil {
		t.Fatal(err)
	}
	if err := from.Publish(t.Context(), Message{Topic: topic, Payload: []byte("grüße"), QoS: 1}); err != nil {
		t.Fatal(err)
	}
	if m := next(t, "a message on "+topic, heard); string(m.Payload) != "grüße" {
		t.Fatalf("got %q", m.Payload)
	}
}

// refused checks that a client does not get in.
func refused(t *testing.T, why string, o ClientOptions) {
	t.Helper()
	statuses := make(chan Status, 10)
	o.OnStatus = func(s Status) { put(statuses, s) }
	_, stop := runClient(t, o)
	if s := next(t, "a refusal: "+why, statuses); s.Connected || s.Err == nil {
		t.Errorf("%s: %+v", why, s)
	}
	stop()
}

func TestMosquittoPlain(t *testing.T) {
	m := mqtttest.NewMosquitto(t, "", nil)
	c := connectedAs(t, ClientOptions{Broker: m.URL()})
	passes(t, c, connectedAs(t, ClientOptions{Broker: m.URL()}), "a/b")
	passes(t, c, c, "own/word")
}

func TestMosquittoWithPasswordAndACL(t *testing.T) {
	m := mqtttest.NewMosquitto(t, "password_file "+password(t, "box", "s3cret")+"\nacl_file acl\n", map[string]string{
		"acl": "user box\ntopic readwrite open/#\ntopic write drop/#\n",
	})
	o := ClientOptions{Broker: m.URL(), Username: "box", Password: "s3cret"}
	a, b := connectedAs(t, o), connectedAs(t, o)
	passes(t, a, b, "open/x")

	// What may not be read does not come; everything else does.
	heard := make(chan Message, 10)
	if err := b.Subscribe(t.Context(), func(m Message) { put(heard, m) }, "drop/x", "open/end"); err != nil {
		t.Fatal(err)
	}
	for _, topic := range []string{"drop/x", "open/end"} {
		if err := a.Publish(t.Context(), Message{Topic: topic, QoS: 1, Payload: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	if got := next(t, "the end", heard); got.Topic != "open/end" {
		t.Errorf("heard %s, which the broker's list forbids", got.Topic)
	}
	refused(t, "wrong password", ClientOptions{Broker: m.URL(), Username: "box", Password: "secret"})
	refused(t, "nobody", ClientOptions{Broker: m.URL()})
}

func TestMosquittoWithTLS(t *testing.T) {
	ca, other := mqtttest.NewAuthority(t), mqtttest.NewAuthority(t)
	cert, key := ca.Issue("broker")
	own, ownKey := ca.Issue("box")
	stranger, strangerKey := other.Issue("stranger")
	lines := fmt.Sprintf("allow_anonymous true\ncafile %s\ncertfile %s\nkeyfile %s\n", ca.File, cert, key)

	t.Run("the broker's certificate", func(t *testing.T) {
		m := mqtttest.NewMosquitto(t, lines, nil)
		o := ClientOptions{Broker: "ssl://" + m.Addr(), CAFile: ca.File}
		passes(t, connectedAs(t, o), connectedAs(t, o), "a/b")
		refused(t, "an authority that is not known", ClientOptions{Broker: "ssl://" + m.Addr(), CAFile: other.File})
		refused(t, "the system's authorities", ClientOptions{Broker: "ssl://" + m.Addr()})
		refused(t, "not encrypted", ClientOptions{Broker: m.URL()})
	})
	t.Run("and the client's", func(t *testing.T) {
		m := mqtttest.NewMosquitto(t, lines+"require_certificate true\nuse_identity_as_username true\n", nil)
		o := ClientOptions{Broker: "ssl://" + m.Addr(), CAFile: ca.File, CertFile: own, KeyFile: ownKey}
		passes(t, connectedAs(t, o), connectedAs(t, o), "a/b")
		refused(t, "no certificate", ClientOptions{Broker: "ssl://" + m.Addr(), CAFile: ca.File})
		refused(t, "another's certificate", ClientOptions{Broker: "ssl://" + m.Addr(), CAFile: ca.File, CertFile: stranger, KeyFile: strangerKey})
	})
}

func TestMosquittoByWebSocket(t *testing.T) {
	m := mqtttest.NewMosquitto(t, "protocol websockets\nallow_anonymous true\n", nil)
	o := ClientOptions{Broker: "ws://" + m.Addr() + "/mqtt"}
	passes(t, connectedAs(t, o), connectedAs(t, o), "a/b")
}

// The broker restarts, and is killed: the client comes back by itself, hears what is
// retained, and sends nothing of what was refused meanwhile.
func TestMosquittoRestartsAndIsKilled(t *testing.T) {
	m := mqtttest.NewMosquitto(t, "", nil)
	heard, statuses := make(chan Message, 100), make(chan Status, 100)
	c, _ := runClient(t, ClientOptions{Broker: m.URL(), OnStatus: func(s Status) { put(statuses, s) }})
	if err := c.Subscribe(t.Context(), func(m Message) { put(heard, m) }, "lamp/#"); err != nil {
		t.Fatal(err)
	}
	next(t, "the connection", statuses)
	if err := c.Publish(t.Context(), Message{Topic: "lamp/state", Payload: []byte("ON"), QoS: 1, Retain: true}); err != nil {
		t.Fatal(err)
	}
	next(t, "the state", heard)
	for _, end := range []struct {
		name string
		end  func()
		kept bool // what is retained
	}{{"restart", m.Stop, true}, {"kill -9", m.Kill, false}, {"restart again", m.Stop, true}} {
		end.end()
		if s := next(t, "the loss", statuses); s.Connected || s.Err == nil {
			t.Fatalf("%s: %+v", end.name, s)
		}
		err := c.Publish(t.Context(), Message{Topic: "lamp/set", Payload: []byte("OFF"), QoS: 1})
		if !errors.Is(err, ErrOffline) {
			t.Fatalf("%s: publishing gives %v", end.name, err)
		}
		m.Start()
		for s := next(t, "the connection", statuses); !s.Connected; s = next(t, "the connection", statuses) {
		}
		if end.kept {
			if got := next(t, "the retained state", heard); got.Topic != "lamp/state" {
				t.Errorf("%s: %s %q was sent late", end.name, got.Topic, got.Payload)
			}
		}
		if err := c.Publish(t.Context(), Message{Topic: "lamp/state", Payload: []byte("ON"), QoS: 1, Retain: true}); err != nil {
			t.Fatalf("%s: %v", end.name, err)
		}
		for got := next(t, "the new state", heard); got.Retain; got = next(t, "the new state", heard) {
			if got.Topic != "lamp/state" {
				t.Errorf("%s: %s %q was sent late", end.name, got.Topic, got.Payload)
			}
		}
	}
}

// What was sent into a line that is dead is not sent again when there is another one:
// a light that comes on minutes later is a fault.
func TestNothingUnacknowledgedIsSentAfterACut(t *testing.T) {
	m := mqtttest.NewMosquitto(t, "", nil)
	cable := mqtttest.NewCable(t, m.Addr())
	statuses := make(chan Status, 100)
	c, _ := runClient(t, ClientOptions{Broker: cable.URL(), ClientID: "box", OnStatus: func(s Status) { put(statuses, s) }})
	next(t, "the connection", statuses)
	heard := make(chan Message, 100)
	watch := connectedAs(t, ClientOptions{Broker: m.URL()})
	if err := watch.Subscribe(t.Context(), func(m Message) { put(heard, m) }, "#"); err != nil {
		t.Fatal(err)
	}
	for _, qos := range []byte{0, 1, 2} {
		cable.Hold(true)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		for i := range 5 {
			err := c.Publish(ctx, Message{Topic: "lamp/set", Payload: fmt.Append(nil, i), QoS: qos})
			if qos > 0 && !errors.Is(err, context.DeadlineExceeded) && (i == 0 || !errors.Is(err, ErrOffline)) {
				t.Fatalf("publishing into a dead line gives %v", err)
			}
		}
		cancel()
		cable.Cut()
		next(t, "the loss", statuses)
		cable.Mend()
		for s := next(t, "the connection", statuses); !s.Connected; s = next(t, "the connection", statuses) {
		}
		end := fmt.Sprint("end ", qos)
		if err := c.Publish(t.Context(), Message{Topic: "end", Payload: []byte(end), QoS: 1}); err != nil {
			t.Fatal(err)
		}
		if got := next(t, "the first message after the cut", heard); string(got.Payload) != end {
			t.Errorf("QoS %d: %s %q was sent late", qos, got.Topic, got.Payload)
		}
	}
}

// The connection breaks with a PUBACK on its way: the command was done once, and is
// not done again, and whoever asked is told that it is not certain.
func TestLostAcknowledgementRepeatsNothing(t *testing.T) {
	m := mqtttest.NewMosquitto(t, "", nil)
	cable := mqtttest.NewCable(t, m.Addr())
	statuses := make(chan Status, 100)
	c, _ := runClient(t, ClientOptions{Broker: cable.URL(), OnStatus: func(s Status) { put(statuses, s) }})
	next(t, "the connection", statuses)
	heard := make(chan Message, 100)
	watch := connectedAs(t, ClientOptions{Broker: m.URL()})
	err := watch.Subscribe(t.Context(), func(m Message) {
		if m.Topic == "lamp/set" {
			cable.Cut() // often before the acknowledgement is through, and the test holds either way
		}
		put(heard, m)
	}, "#")
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Publish(t.Context(), Message{Topic: "lamp/set", Payload: []byte("ON"), QoS: 1})
	next(t, "the command", heard)
	next(t, "the loss", statuses)
	cable.Mend()
	for s := next(t, "the connection", statuses); !s.Connected; s = next(t, "the connection", statuses) {
	}
	if err := c.Publish(t.Context(), Message{Topic: "end", Payload: []byte("."), QoS: 1}); err != nil {
		t.Fatal(err)
	}
	if got := next(t, "the end", heard); got.Topic != "end" {
		t.Errorf("%s was done twice", got.Topic)
	}
}

// A slow line takes longer, loses nothing and changes no order.
func TestSlowLine(t *testing.T) {
	m := mqtttest.NewMosquitto(t, "", nil)
	cable := mqtttest.NewCable(t, m.Addr())
	cable.Slow(20 * time.Millisecond)
	c := connectedAs(t, ClientOptions{Broker: cable.URL()})
	heard := make(chan Message, 100)
	if err := c.Subscribe(t.Context(), func(m Message) { heard <- m }, "n"); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if err := c.Publish(t.Context(), Message{Topic: "n", Payload: fmt.Append(nil, i), QoS: 1}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 {
		if got := next(t, "a message", heard); string(got.Payload) != fmt.Sprint(i) {
			t.Fatalf("message %d is %s", i, got.Payload)
		}
	}
}

// Somebody takes our name: the broker throws us out, and we come back.
func TestDuplicateClientID(t *testing.T) {
	m := mqtttest.NewMosquitto(t, "", nil)
	statuses := make(chan Status, 100)
	c, _ := runClient(t, ClientOptions{Broker: m.URL(), ClientID: "box", OnStatus: func(s Status) { put(statuses, s) }})
	next(t, "the connection", statuses)
	sub := exec.Command(mqtttest.Program(t, "mosquitto_sub"), "-h", "127.0.0.1", "-p", fmt.Sprint(m.Port), "-i", "box", "-t", "x", "-C", "1")
	if err := sub.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sub.Process.Kill(); sub.Wait() })
	if s := next(t, "the loss", statuses); s.Connected {
		t.Fatalf("%+v", s)
	}
	for s := next(t, "the connection", statuses); !s.Connected; s = next(t, "the connection", statuses) {
	}
	sub.Process.Kill()
	passes(t, c, c, "after/all")
}

// What a stranger may send through the broker does no harm, and stops nothing.
func TestHostileMessages(t *testing.T) {
	m := mqtttest.NewMosquitto(t, "allow_anonymous true\nmax_packet_size 20000000\n", nil)
	c, stranger := connectedAs(t, ClientOptions{Broker: m.URL()}), connectedAs(t, ClientOptions{Broker: m.URL()})
	heard := make(chan Message, 1000)
	if err := c.Subscribe(t.Context(), func(m Message) { heard <- m }, "#"); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("a", 60000)
	topics := []string{"/", "//", " ", "a/../b", "$nothing", "homeassistant/light/" + long + "/config", "\u202e", "é́́", "%s%n", "'; drop table"}
	for _, topic := range topics {
		if err := stranger.Publish(t.Context(), Message{Topic: topic, Payload: []byte("x"), QoS: 1}); err != nil && !strings.HasPrefix(topic, "$") {
			t.Errorf("%q: %v", topic, err)
		}
	}
	for _, topic := range []string{"", "a/+", "#", "a\x00b", "\x7f", "a\u009fb", "\ufffe", "\xff", strings.Repeat("a", 70000)} {
		if err := stranger.Publish(t.Context(), Message{Topic: topic, QoS: 1}); err == nil || errors.Is(err, ErrOffline) {
			t.Errorf("a message to the topic %q was sent: %v", shorten(topic), err)
		}
	}
	if err := stranger.Publish(t.Context(), Message{Topic: "huge", Payload: make([]byte, 10<<20), QoS: 1}); err != nil {
		t.Fatal(err)
	}
	if err := stranger.Publish(t.Context(), Message{Topic: "end", Payload: []byte("x"), QoS: 1}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for m := next(t, "a message", heard); m.Topic != "end"; m = next(t, "a message", heard) {
		got = append(got, m.Topic)
	}
	want := slices.DeleteFunc(topics, func(topic string) bool { return strings.HasPrefix(topic, "$") })
	if !slices.Equal(got, want) {
		t.Errorf("heard %q, want %q: all but the one of 10 MB", got, want)
	}
	if !c.Status().Connected {
		t.Error("the connection was lost")
	}
}
