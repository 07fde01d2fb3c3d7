package mqtt

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/mqtt/mqtttest"
)

// A certificate that has expired, or is another host's, is refused.
func TestMosquittoWithWrongCertificate(t *testing.T) {
	ca := mqtttest.NewAuthority(t)
	for name, change := range map[string]func(*x509.Certificate){
		"expired": func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = c.NotBefore.Add(-48*time.Hour), c.NotAfter.Add(-48*time.Hour)
		},
		"not yet valid": func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = c.NotBefore.Add(48*time.Hour), c.NotAfter.Add(48*time.Hour)
		},
		"another host's": func(c *x509.Certificate) {
			c.IPAddresses, c.DNSNames = []net.IP{net.IPv4(10, 0, 0, 1)}, []string{"elsewhere.example"}
		},
		"a client's": func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} },
	} {
		cert, key := ca.IssueAs(strings.ReplaceAll(name, " ", "_"), change)
		m := mqtttest.NewMosquitto(t, fmt.Sprintf("allow_anonymous true\ncafile %s\ncertfile %s\nkeyfile %s\n", ca.File, cert, key), nil)
		refused(t, name, ClientOptions{Broker: "ssl://" + m.Addr(), CAFile: ca.File})
	}
}

// An encrypted WebSocket is checked like any other line.
func TestMosquittoByEncryptedWebSocket(t *testing.T) {
	ca, other := mqtttest.NewAuthority(t), mqtttest.NewAuthority(t)
	cert, key := ca.Issue("broker")
	m := mqtttest.NewMosquitto(t, fmt.Sprintf("protocol websockets\nallow_anonymous true\ncafile %s\ncertfile %s\nkeyfile %s\n", ca.File, cert, key), nil)
	o := ClientOptions{Broker: "wss://" + m.Addr() + "/mqtt", CAFile: ca.File}
	passes(t, connectedAs(t, o), connectedAs(t, o), "a/b")
	refused(t, "an authority that is not known", ClientOptions{Broker: o.Broker, CAFile: other.File})
}

// The broker stands still in the middle of a command: whoever asked is told, nothing more
// is sent to it, and when it goes on nothing comes a second time. That it delivers what it
// had in its hands nobody can prevent at QoS 1, for MQTT 3.1.1 knows no expiry; at QoS 2,
// which is what opens the house, it waits for a word that never comes.
func TestFrozenBroker(t *testing.T) {
	for qos, late := range map[byte]int{1: 1, 2: 0} {
		t.Run(fmt.Sprint("QoS ", qos), func(t *testing.T) { frozen(t, qos, late) })
	}
}

// frozen gives a command to a broker that stands still; at most late of it may arrive.
func frozen(t *testing.T, qos byte, late int) {
	m := mqtttest.NewMosquitto(t, "", nil)
	heard, statuses := make(chan Message, 100), make(chan Status, 100)
	watch := connectedAs(t, ClientOptions{Broker: m.URL()})
	if err := watch.Subscribe(t.Context(), func(m Message) { put(heard, m) }, "#"); err != nil {
		t.Fatal(err)
	}
	c, _ := runClient(t, ClientOptions{Broker: m.URL(), OnStatus: func(s Status) { put(statuses, s) }})
	next(t, "the connection", statuses)
	m.Freeze()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := c.Publish(ctx, Message{Topic: "lamp/set", Payload: []byte("first"), QoS: qos}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("publishing to a frozen broker gives %v", err)
	}
	if s := next(t, "the loss", statuses); s.Connected {
		t.Fatalf("%+v", s)
	}
	for i := range 20 {
		if err := c.Publish(t.Context(), Message{Topic: "lamp/set", Payload: fmt.Append(nil, i), QoS: 1}); !errors.Is(err, ErrOffline) {
			t.Fatalf("the next command gives %v", err)
		}
	}
	m.Thaw()
	for s := next(t, "the connection", statuses); !s.Connected; s = next(t, "the connection", statuses) {
	}
	if err := c.Publish(t.Context(), Message{Topic: "end", Payload: []byte("."), QoS: 1}); err != nil {
		t.Fatal(err)
	}
	first := 0
	for got := next(t, "the end", heard); got.Topic != "end"; got = next(t, "the end", heard) {
		if first++; string(got.Payload) != "first" || first > late {
			t.Errorf("%s %q was sent late", got.Topic, got.Payload)
		}
	}
}

// A network cable is pulled out, which tells nobody: a command that was given then is
// refused, and does not arrive when the cable is back, though the kernel had its bytes.
func TestNetworkCut(t *testing.T) {
	url, plug := mqtttest.Outside(t)
	statuses, heard := make(chan Status, 100), make(chan Message, 100)
	c, _ := runClient(t, ClientOptions{Broker: url, OnStatus: func(s Status) { put(statuses, s) }, Log: slog.New(slog.DiscardHandler)})
	for s := next(t, "the connection", statuses); !s.Connected; s = next(t, "the connection", statuses) {
	}
	watch := connectedAs(t, ClientOptions{Broker: url})
	if err := watch.Subscribe(t.Context(), func(m Message) { put(heard, m) }, "lamp/set", "end"); err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		plug(false)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		err := c.Publish(ctx, Message{Topic: "lamp/set", Payload: fmt.Append(nil, round), QoS: 1})
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("publishing into a cut gives %v", err)
		}
		next(t, "the loss", statuses)
		plug(true)
		for s := next(t, "the connection", statuses); !s.Connected; s = next(t, "the connection", statuses) {
		}
		end := fmt.Sprint("end ", round)
		if err := c.Publish(t.Context(), Message{Topic: "end", Payload: []byte(end), QoS: 1}); err != nil {
			t.Fatal(err)
		}
		if got := next(t, "the first message after the cut", heard); string(got.Payload) != end {
			t.Errorf("%s %q was sent late", got.Topic, got.Payload)
		}
	}
}
