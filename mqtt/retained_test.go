package mqtt

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cricket-home/cricket/mqtt/mqtttest"
)

// retainedAs says what a broker has retained: topics and payloads.
func retainedAs(b *Broker) map[string]string {
	all := map[string]string{}
	for topic, pk := range b.server.Topics.Retained.GetAll() {
		if !strings.HasPrefix(topic, "$") {
			all[topic] = string(pk.Payload)
		}
	}
	return all
}

func TestBrokerKeepsWhatIsRetained(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state", "retained")
	b, stop := startBroker(t, BrokerOptions{Address: "127.0.0.1:0", File: file})
	c := connected(t, b.Addr())
	for topic, text := range map[string]string{"lamp/config": "{}", "lamp/state": "ON", "gone": "x", "bytes": "\x00\xff\n\r"} {
		if err := c.Publish(t.Context(), Message{Topic: topic, Payload: []byte(text), QoS: 1, Retain: true}); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range []Message{{Topic: "gone", QoS: 1, Retain: true}, {Topic: "never", Payload: []byte("kept"), QoS: 1}} {
		if err := c.Publish(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	b, _ = startBroker(t, BrokerOptions{Address: "127.0.0.1:0", File: file})
	if got := fmt.Sprintf("%q", retainedAs(b)); got != `map["bytes":"\x00\xff\n\r" "lamp/config":"{}" "lamp/state":"ON"]` {
		t.Errorf("after a restart: %s", got)
	}
	heard := make(chan Message, 10)
	if err := connected(t, b.Addr()).Subscribe(t.Context(), func(m Message) { heard <- m }, "lamp/state"); err != nil {
		t.Fatal(err)
	}
	if m := next(t, "the retained state", heard); string(m.Payload) != "ON" || !m.Retain {
		t.Errorf("a new client hears %q, retained %v", m.Payload, m.Retain)
	}
}

// When what has changed is written: a new topic soon, new payloads now and then.
func TestRetainedIsWrittenInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "retained")
		b, err := NewBroker(BrokerOptions{Address: "127.0.0.1:0", File: file, Log: testLog(t)})
		if err != nil {
			t.Fatal(err)
		}
		defer b.closePorts()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { b.keep(ctx); close(ended) }()
		defer func() { cancel(); <-ended }()
		publish := func(topic, text string) {
			t.Helper()
			b.server.Topics.RetainMessage(retainedPacket(Message{Topic: topic, Payload: []byte(text)}))
			b.keeper.set(topic, len(topic)+len(text))
		}
		written := func() string {
			synctest.Wait()
			messages, err := readRetained(file)
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			for _, m := range messages {
				all = append(all, m.Topic+"="+string(m.Payload))
			}
			return strings.Join(all, " ")
		}
		step := func(wait time.Duration, want string) {
			t.Helper()
			time.Sleep(wait)
			if got := written(); got != want {
				t.Errorf("after %v: written %q, want %q", wait, got, want)
			}
		}
		publish("a", "1")
		step(time.Second, "")
		step(time.Second, "a=1")
		publish("a", "2")
		step(time.Minute, "a=1")
		publish("a", "3")
		step(4*time.Minute, "a=3")
		publish("a", "4")
		publish("b", "1")
		step(2*time.Second, "a=4 b=1")
	})
}

func TestDamagedFileLosesItsOwnLinesOnly(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "retained")
	whole := map[string]Message{}
	for i := range 50 {
		topic := fmt.Sprintf("topic/%02d", i)
		whole[topic] = Message{Topic: topic, Payload: []byte("payload of " + topic), QoS: byte(i % 3)}
	}
	if err := writeRetained(file, whole); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		spoil func([]byte) []byte
		lost  int // lines that are damaged
		left  int // messages
	}{
		{"nothing", func(b []byte) []byte { return b }, 0, 50},
		{"a bit", func(b []byte) []byte { b[len(b)/2] ^= 4; return b }, 1, 49},
		{"a letter, and all of it still makes sense", func(b []byte) []byte { return bytes.Replace(b, []byte("topic/07"), []byte("topic/x7"), 1) }, 1, 49},
		{"the end is missing", func(b []byte) []byte { return b[:len(b)-40] }, 1, 49},
		{"half is missing, between two lines", func(b []byte) []byte { return b[:bytes.IndexByte(b, '\n')+1] }, 0, 1},
		{"zeros, as after a power cut", func(b []byte) []byte { copy(b[100:], make([]byte, 300)); return b }, 1, -1},
		{"something else altogether", func([]byte) []byte { return []byte("\x7fELF\x00\n\n\n{}") }, 2, 0},
		{"empty", func([]byte) []byte { return nil }, 0, 0},
		{"a topic with a wildcard, and a sum that is right", func([]byte) []byte { return []byte(`3b149fe3 {"topic":"#","payload":"QQ=="}`) }, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := os.WriteFile(file, tt.spoil(bytes.Clone(good)), 0o600); err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			b, err := NewBroker(BrokerOptions{Address: "127.0.0.1:0", File: file, Log: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			b.closePorts()
			got := retainedAs(b)
			if len(got) != tt.left && tt.left >= 0 || tt.left < 0 && (len(got) < 40 || len(got) == 50) {
				t.Errorf("%d messages are left, want %d", len(got), tt.left)
			}
			for topic, text := range got {
				if text != "payload of "+topic {
					t.Errorf("%s is %q", topic, text)
				}
			}
			if warned := strings.Contains(log.String(), "damaged"); warned != (tt.lost > 0) {
				t.Errorf("the log says %q", log.String())
			}
			if _, err := os.Stat(file + ".damaged"); (err == nil) != (tt.lost > 0) {
				t.Errorf("the damaged file is put aside: %v", err)
			}
			os.Remove(file + ".damaged")
		})
	}
}

// A file that cannot be read is not written over, and the broker serves all the same.
func TestUnreadableFileIsLeftAlone(t *testing.T) {
	file := t.TempDir() // a folder
	b, stop := startBroker(t, BrokerOptions{Address: "127.0.0.1:0", File: file})
	if err := connected(t, b.Addr()).Publish(t.Context(), Message{Topic: "a", Payload: []byte("b"), QoS: 1, Retain: true}); err != nil {
		t.Fatal(err)
	}
	stop()
	if info, err := os.Stat(file); err != nil || !info.IsDir() {
		t.Errorf("%v, %v", info, err)
	}
}

// Lines that are read are written as they were.
func FuzzRetained(f *testing.F) {
	f.Add([]byte("ddc56032 {\"topic\":\"lamp/state\",\"payload\":\"T04=\",\"qos\":1}\n"))
	f.Add([]byte("00000000 {}\n\nffffffff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		messages, damaged, err := decodeRetained(bytes.NewReader(data))
		if err != nil || damaged+len(messages) > bytes.Count(data, []byte("\n"))+1 {
			t.Fatalf("%d messages, %d damaged, %v", len(messages), damaged, err)
		}
		all := map[string]Message{}
		for _, m := range messages {
			if checkTopic(m.Topic) != nil {
				t.Fatalf("topic %q", m.Topic)
			}
			all[m.Topic] = m
		}
		file := filepath.Join(t.TempDir(), "retained")
		if err := writeRetained(file, all); err != nil {
			t.Fatal(err)
		}
		again, err := readRetained(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range again {
			if before := all[m.Topic]; string(before.Payload) != string(m.Payload) || before.QoS != m.QoS {
				t.Fatalf("%+v is read again as %+v", before, m)
			}
		}
	})
}

// The embedded broker with TLS: from outside by its certificate, from inside without.
func TestBrokerSpeaksTLS(t *testing.T) {
	ca := mqtttest.NewAuthority(t)
	cert, key := ca.Issue("broker")
	b, _ := startBroker(t, BrokerOptions{Address: "127.0.0.1:0", Username: "home", Password: "s3cret", CertFile: cert, KeyFile: key})
	c := connectedAs(t, ClientOptions{Broker: "ssl://" + b.Addr(), CAFile: ca.File, Username: "home", Password: "s3cret"})
	inside := connectedAs(t, ClientOptions{Broker: b.Local(), Username: "home", Password: "s3cret"})
	heard := make(chan Message, 1)
	if err := inside.Subscribe(t.Context(), func(m Message) { heard <- m }, "x"); err != nil {
		t.Fatal(err)
	}
	if err := c.Publish(t.Context(), Message{Topic: "x", Payload: []byte("y"), QoS: 1}); err != nil {
		t.Fatal(err)
	}
	next(t, "the message", heard)
	for _, o := range []ClientOptions{
		{Broker: "tcp://" + b.Addr(), Username: "home", Password: "s3cret"},                   // not encrypted
		{Broker: "ssl://" + b.Addr(), Username: "home", Password: "s3cret"},                   // the authority is not known
		{Broker: "ssl://" + b.Addr(), CAFile: ca.File, Username: "home", Password: "a guess"}, // wrong password
		{Broker: b.Local(), Username: "home", Password: "another guess"},
	} {
		statuses := make(chan Status, 10)
		o.OnStatus = func(s Status) { put(statuses, s) }
		runClient(t, o)
		if s := next(t, "a refusal", statuses); s.Connected || s.Err == nil {
			t.Errorf("%s: %+v", o.Broker, s)
		}
	}
	if _, err := NewBroker(BrokerOptions{Address: "127.0.0.1:0", CertFile: cert, Log: testLog(t)}); err == nil || !strings.Contains(err.Error(), "go together") {
		t.Errorf("a certificate without a key: %v", err)
	}
	if _, err := NewBroker(BrokerOptions{Address: "127.0.0.1:0", CertFile: cert, KeyFile: cert, Log: testLog(t)}); err == nil {
		t.Error("a certificate for a key was taken")
	}
}
