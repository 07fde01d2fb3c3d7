package lan

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/grandcat/zeroconf"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/mesh"
)

// id is the n-th peer id.
func id(n int) peer.ID {
	seed := make([]byte, ed25519.SeedSize)
	binary.BigEndian.PutUint64(seed, uint64(n))
	key, err := crypto.UnmarshalEd25519PrivateKey(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		panic(err)
	}
	p, err := peer.IDFromPrivateKey(key)
	if err != nil {
		panic(err)
	}
	return p
}

func entry(n int) *zeroconf.ServiceEntry {
	e := zeroconf.NewServiceEntry(id(n).String(), service, domain)
	e.Port, e.Text, e.AddrIPv4 = 7420, []string{"id=" + id(n).String()}, []net.IP{net.IPv4(192, 168, byte(n>>8), byte(n)).To4()}
	return e
}

func TestWhatAnnouncementsSay(t *testing.T) {
	box := id(1).String()
	for _, c := range []struct {
		name string
		text []string
		port int
		ips  string
		want string
	}{
		{"a sibling", []string{"id=" + box}, 7420, "192.168.1.7", "192.168.1.7:7420"},
		{"one that shows a code", []string{"id=" + box, "pair=7421"}, 7420, "192.168.1.7", "192.168.1.7:7420 pair 7421"},
		{"both families", []string{"id=" + box}, 7420, "192.168.1.7 fd00::7", "192.168.1.7:7420 [fd00::7]:7420"},
		{"IPv6 alone, with nothing but the link's address", []string{"id=" + box}, 7420, "fe80::7", "[fe80::7%eth0]:7420 [fe80::7%wlan0]:7420"},
		{"keys of a later version", []string{"v=9", "id=" + box, "load=0"}, 7420, "192.168.1.7", "192.168.1.7:7420"},
		{"no id", []string{"pair=1"}, 7420, "192.168.1.7", ""},
		{"an id that is none", []string{"id=12D3"}, 7420, "192.168.1.7", ""},
		{"no address", []string{"id=" + box}, 7420, "", ""},
		{"no port", []string{"id=" + box}, 0, "192.168.1.7", ""},
		{"a port that is none", []string{"id=" + box, "pair=70000"}, 7420, "192.168.1.7", ""},
		{"addresses that nobody has", []string{"id=" + box}, 7420, "0.0.0.0 224.0.0.251 ff02::fb ::", ""},
		{"a hundred addresses", []string{"id=" + box}, 7420, strings.Repeat("192.168.1.7 ", 100), strings.TrimSpace(strings.Repeat("192.168.1.7:7420 ", maxBoxAddresses))},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := zeroconf.NewServiceEntry("x", service, domain)
			e.Text, e.Port = c.text, c.port
			for ip := range strings.FieldsSeq(c.ips) {
				if four := net.ParseIP(ip).To4(); four != nil {
					e.AddrIPv4 = append(e.AddrIPv4, four)
				} else {
					e.AddrIPv6 = append(e.AddrIPv6, net.ParseIP(ip))
				}
			}
			l := &looking{nets: []network{{Interface: net.Interface{Name: "eth0"}}, {Interface: net.Interface{Name: "wlan0"}}}}
			h, ok := l.hint(e)
			var got []string
			for _, a := range h.Addresses {
				got = append(got, a.String())
			}
			if h.Pair != 0 {
				got = append(got, fmt.Sprint("pair ", h.Pair))
			}
			if text := strings.Join(got, " "); ok != (c.want != "") || ok && text != c.want {
				t.Errorf("%q, %v; want %q", text, ok, c.want)
			}
		})
	}
}

// Five hundred boxes that somebody made up come before the sibling, and again after it.
func TestOfStrangersThereIsRoomForSixtyFour(t *testing.T) {
	var found []mesh.Hint
	sibling := id(700)
	l := &looking{self: id(701), known: func(p peer.ID) bool { return p == sibling }, hints: map[peer.ID]mesh.Hint{},
		found: func(h mesh.Hint) { found = append(found, h) }}
	for n := range 500 {
		l.take(entry(n))
	}
	l.take(entry(700))
	l.take(entry(701))
	for n := range 500 {
		l.take(entry(n))
	}
	if len(found) != maxStrangers+2 || len(l.hints) != maxStrangers+2 {
		t.Errorf("%d were told, %d are kept; want %d", len(found), len(l.hints), maxStrangers+2)
	}
	if !slices.ContainsFunc(found, func(h mesh.Hint) bool { return h.ID == sibling }) {
		t.Error("the sibling was crowded out")
	}
	if !l.heardSelf {
		t.Error("the box did not hear itself")
	}
}

func TestABoxThatCannotHearItselfSaysSo(t *testing.T) {
	f := New()
	f.deaf = unheard - 1
	if err := f.Check(); err != nil {
		t.Error(err)
	}
	f.deaf = unheard
	if err := f.Check(); err == nil {
		t.Error("nothing is wrong")
	}
}

func TestNetworksOfContainersAreLeftOut(t *testing.T) {
	for name, want := range map[string]bool{"eth0": false, "wlan0": false, "br0": false, "end0": false, "docker0": true, "br-1f2e3d4c5b6a": true, "veth12ab": true, "virbr0": true} {
		if container(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

func FuzzHint(f *testing.F) {
	f.Add("id="+id(1).String(), "pair=7421", 7420, []byte{192, 168, 1, 7})
	f.Add("id=", "pair=-1", -1, []byte{})
	f.Fuzz(func(t *testing.T, a, b string, port int, ip []byte) {
		e := zeroconf.NewServiceEntry("x", service, domain)
		e.Text, e.Port, e.AddrIPv4, e.AddrIPv6 = []string{a, b}, port, []net.IP{ip}, []net.IP{ip}
		h, ok := (&looking{nets: []network{{Interface: net.Interface{Name: "eth0"}}}}).hint(e)
		if !ok {
			return
		}
		if h.ID.Validate() != nil || len(h.Addresses) == 0 || len(h.Addresses) > maxBoxAddresses || h.Pair < 0 || h.Pair > 65535 {
			t.Fatalf("%+v", h)
		}
		for _, x := range h.Addresses {
			if !x.IsValid() || x.Port() == 0 || x.Addr().IsMulticast() {
				t.Fatalf("%+v", h)
			}
		}
	})
}
