package mqtt

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
)

// The broker keeps nothing for a client that is away: it is told to forget it.
func TestConnectIsClean(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	runClient(t, ClientOptions{Broker: "tcp://" + l.Addr().String()})
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	packet := make([]byte, 12)
	if _, err := io.ReadFull(c, packet); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(packet[2:9], []byte("\x00\x04MQTT\x04")) || packet[9] != 0x02 || packet[11] != byte(keepAlive.Seconds()) {
		t.Errorf("CONNECT begins with % x: want MQTT 3.1.1, a clean session, and 10 s", packet)
	}
}

func TestClientSpeaksTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "broker"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}

	b, _ := startBroker(t, BrokerOptions{Address: "127.0.0.1:0"})
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", b.Addr())
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
		}
	}()

	c := connectedAs(t, ClientOptions{Broker: "ssl://" + l.Addr().String(), CAFile: ca})
	if err := c.Publish(t.Context(), Message{Topic: "x", Payload: []byte("y"), QoS: 1}); err != nil {
		t.Fatal(err)
	}

	statuses := make(chan Status, 10)
	runClient(t, ClientOptions{Broker: "ssl://" + l.Addr().String(), OnStatus: func(s Status) { put(statuses, s) }})
	if s := next(t, "a refusal", statuses); s.Connected || s.Err == nil {
		t.Fatalf("a certificate that nobody knows was trusted: %+v", s)
	}
}

func TestClientSpeaksWebSocket(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // a free port; mochi wants to bind it itself
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	b, err := NewBroker(BrokerOptions{Address: "127.0.0.1:0", Log: testLog(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.server.AddListener(listeners.NewWebsocket(listeners.Config{ID: "ws", Address: addr})); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := next(t, "the broker's end", done); err != nil {
			t.Error(err)
		}
	})
	c := connectedAs(t, ClientOptions{Broker: "ws://" + addr + "/mqtt"})
	heard := make(chan Message, 1)
	if err := c.Subscribe(t.Context(), func(m Message) { put(heard, m) }, "x"); err != nil {
		t.Fatal(err)
	}
	if err := c.Publish(t.Context(), Message{Topic: "x", Payload: []byte("y"), QoS: 1}); err != nil {
		t.Fatal(err)
	}
	if m := next(t, "the message", heard); string(m.Payload) != "y" {
		t.Fatalf("got %q", m.Payload)
	}
}
