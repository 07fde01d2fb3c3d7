package mqtt

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/grandcat/zeroconf"
)

func TestBrokerOfTheNetwork(t *testing.T) {
	entry := func(host string, port int, ip string) *zeroconf.ServiceEntry {
		e := &zeroconf.ServiceEntry{HostName: host, Port: port}
		switch parsed := net.ParseIP(ip); {
		case parsed == nil:
		case parsed.To4() != nil:
			e.AddrIPv4 = []net.IP{parsed}
		default:
			e.AddrIPv6 = []net.IP{parsed}
		}
		return e
	}
	for _, tt := range []struct {
		name  string
		entry *zeroconf.ServiceEntry
		want  string
	}{
		{"plain", entry("ha.local.", 1883, "192.168.1.5"), "tcp://192.168.1.5:1883"},
		{"encrypted, by its name", entry("ha.local.", 8883, "192.168.1.5"), "ssl://ha.local:8883"},
		{"IPv6 only", entry("ha.local.", 1883, "fd00::5"), "tcp://[fd00::5]:1883"},
		{"the link's IPv6 only", entry("ha.local.", 1883, "fe80::5"), ""},
		{"no address", entry("ha.local.", 1883, ""), ""},
		{"no port", entry("ha.local.", 0, "192.168.1.5"), ""},
	} {
		if got := brokerOf(tt.entry); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	for _, tt := range []struct {
		found      []string
		want, says string
	}{
		{nil, "", "none announces itself"},
		{[]string{"tcp://a:1"}, "tcp://a:1", ""},
		{[]string{"tcp://b:1", "tcp://a:1"}, "", "several, and the configuration must name one: tcp://a:1, tcp://b:1"},
	} {
		got, err := onlyBroker(tt.found)
		if got != tt.want || (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%q: %q, %v", tt.found, got, err)
		}
	}
}

// A broker that is heard of over both families is one, whichever answer is first; two are two.
func TestBrokerOfBothFamilies(t *testing.T) {
	entry := func(name string, port int, ip4, ip6 string) *zeroconf.ServiceEntry {
		e := zeroconf.NewServiceEntry(name, "_mqtt._tcp", "local.")
		e.HostName, e.Port = "ha.local.", port
		if ip4 != "" {
			e.AddrIPv4 = []net.IP{net.ParseIP(ip4)}
		}
		if ip6 != "" {
			e.AddrIPv6 = []net.IP{net.ParseIP(ip6)}
		}
		return e
	}
	v4, v6 := entry("ha", 1883, "192.168.1.5", ""), entry("ha", 1883, "", "fd00::5")
	var many []*zeroconf.ServiceEntry
	for port := range 100 {
		many = append(many, entry("ha", 2000+port, "192.168.1.5", ""))
	}
	for _, tt := range []struct {
		name    string
		entries []*zeroconf.ServiceEntry
		want    int
		first   string
	}{
		{"IPv4 first", []*zeroconf.ServiceEntry{v4, v6}, 1, "tcp://192.168.1.5:1883"},
		{"IPv6 first", []*zeroconf.ServiceEntry{v6, v4}, 1, "tcp://192.168.1.5:1883"},
		{"IPv6 alone", []*zeroconf.ServiceEntry{v6}, 1, "tcp://[fd00::5]:1883"},
		{"another port", []*zeroconf.ServiceEntry{v4, entry("ha", 1884, "192.168.1.5", "")}, 2, "tcp://192.168.1.5:1883"},
		{"another name", []*zeroconf.ServiceEntry{v4, entry("spoof", 1883, "192.168.1.66", "")}, 2, "tcp://192.168.1.5:1883"},
		{"no end of them", many, maxBrokers, "tcp://192.168.1.5:2000"},
	} {
		var b brokers
		for _, e := range tt.entries {
			b.take(e)
		}
		if got := b.addresses(); len(got) != tt.want || !slices.Contains(got, tt.first) {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}

// The broker is looked for at each connection: it may have another address by then.
func TestClientLooksForItsBroker(t *testing.T) {
	first, stop := startBroker(t, BrokerOptions{Address: "127.0.0.1:0"})
	second, _ := startBroker(t, BrokerOptions{Address: "127.0.0.1:0"})
	answers := make(chan string, 10)
	statuses := make(chan Status, 100)
	c, err := NewClient(ClientOptions{Broker: Discover, Log: testLog(t), OnStatus: func(s Status) { put(statuses, s) }})
	if err != nil {
		t.Fatal(err)
	}
	c.find = func(ctx context.Context) (string, error) {
		select {
		case a := <-answers:
			if a == "" {
				return "", errors.New("none announces itself")
			}
			return a, nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	answers <- ""
	if s := next(t, "the first look", statuses); s.Connected || !strings.Contains(s.Err.Error(), "none announces") {
		t.Errorf("%+v", s)
	}
	answers <- "tcp://" + first.Addr()
	if s := next(t, "the first broker", statuses); !s.Connected || s.Broker != "tcp://"+first.Addr() {
		t.Errorf("%+v", s)
	}
	stop()
	next(t, "the loss", statuses)
	answers <- "tcp://" + second.Addr()
	if s := next(t, "the second broker", statuses); !s.Connected || s.Broker != "tcp://"+second.Addr() {
		t.Errorf("%+v", s)
	}
	passes(t, c, connected(t, second.Addr()), "a/b")
}
