package lan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/vishvananda/netlink"
	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/mesh"
)

// namespace runs a test in a network namespace of its own, where it may change
// interfaces, as another process.
func namespace(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	const inside = "CRICKET_TEST_NAMESPACE"
	if os.Getenv(inside) == t.Name() {
		fmt.Println(entered)
		test(t)
		return
	}
	cmd := exec.Command("unshare", "-rn", os.Args[0], "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", "-test.v", "-test.timeout=120s")
	cmd.Env = append(os.Environ(), inside+"="+t.Name())
	out, err := cmd.CombinedOutput()
	switch {
	case !bytes.Contains(out, []byte(entered)) && os.Getenv("CRICKET_NO_SKIP") == "1":
		t.Fatalf("no network namespace: %v\n%s", err, out)
	case !bytes.Contains(out, []byte(entered)):
		t.Skipf("no network namespace can be made; `unshare -rn true` must work: %v\n%s", err, out)
	case err != nil:
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

const entered = "in a network namespace"

// cable makes an interface with addresses, up.
func cable(t *testing.T, name string, addrs ...string) netlink.Link {
	t.Helper()
	l := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: name}, PeerName: "veth-" + name}
	if err := netlink.LinkAdd(l); err != nil {
		t.Fatalf("make interface: %v", err)
	}
	for _, a := range addrs {
		parsed, err := netlink.ParseAddr(a)
		if err != nil {
			t.Fatal(err)
		}
		parsed.Flags = unix.IFA_F_NODAD // usable at once
		if err := netlink.AddrAdd(l, parsed); err != nil {
			t.Fatal(err)
		}
	}
	if err := netlink.LinkSetMulticastOn(l); err != nil {
		t.Fatal(err)
	}
	other, err := netlink.LinkByName(l.PeerName)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(netlink.LinkSetUp(other), netlink.LinkSetUp(l)); err != nil {
		t.Fatal(err)
	}
	return l
}

// run runs a finder and returns what it has found.
func run(t *testing.T, self mesh.Announcement) (*Finder, <-chan mesh.Hint, <-chan struct{}, func()) {
	t.Helper()
	f := New()
	f.settle = 100 * time.Millisecond // zeroconf must not be ended before its goroutines have begun: its WaitGroup races
	hints, changes := make(chan mesh.Hint, 10_000), make(chan struct{}, 10_000)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- f.Run(ctx, self, func(h mesh.Hint) { hints <- h }, func() { changes <- struct{}{} })
	}()
	return f, hints, changes, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// wait waits for a hint; nothing is decided by the time.
func wait(t *testing.T, hints <-chan mesh.Hint, so func(mesh.Hint) bool) mesh.Hint {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		select {
		case h := <-hints:
			if so(h) {
				return h
			}
		case <-timeout:
			t.Fatal("it was never found")
		}
	}
}

func TestBoxesFindEachOther(t *testing.T) {
	for name, addrs := range map[string][]string{
		"IPv4 alone":            {"10.7.0.1/24"},
		"IPv6 alone":            {"fd07::1/64"},
		"the link's IPv6 alone": {"fe80::7/64"},
		"both":                  {"10.7.0.1/24", "fd07::1/64"},
	} {
		t.Run(name, func(t *testing.T) {
			namespace(t, func(t *testing.T) {
				cable(t, "eth0", addrs...)
				cable(t, "docker0", "172.17.0.1/16")
				_, a, _, stopA := run(t, mesh.Announcement{ID: id(1), Port: 7420})
				_, b, _, stopB := run(t, mesh.Announcement{ID: id(2), Port: 7430, Pair: 7431})
				first := wait(t, a, func(h mesh.Hint) bool { return h.ID == id(2) })
				wait(t, b, func(h mesh.Hint) bool { return h.ID == id(1) })
				if first.Pair != 7431 || first.Addresses[0].Port() != 7430 {
					t.Errorf("%+v", first)
				}
				for _, x := range first.Addresses {
					if x.Addr() == netip.MustParseAddr("172.17.0.1") {
						t.Error("the address of the container bridge is announced")
					}
				}
				stopA()
				stopB()
			})
		})
	}
}

// A box that restarts at another port is found there, in the next look: nothing of it
// was remembered.
func TestARestartedBoxIsFoundAtItsNewPort(t *testing.T) {
	namespace(t, func(t *testing.T) {
		link := cable(t, "eth0", "10.7.0.1/24")
		_, a, _, stopA := run(t, mesh.Announcement{ID: id(1), Port: 7420})
		defer stopA()
		_, _, _, stopB := run(t, mesh.Announcement{ID: id(2), Port: 7430})
		wait(t, a, func(h mesh.Hint) bool { return h.ID == id(2) && h.Addresses[0].Port() == 7430 })
		stopB()
		_, _, _, stopB = run(t, mesh.Announcement{ID: id(2), Port: 7440})
		defer stopB()
		flap(t, link) // a change of the network makes it look at once
		wait(t, a, func(h mesh.Hint) bool { return h.ID == id(2) && h.Addresses[0].Port() == 7440 })
	})
}

func flap(t *testing.T, l netlink.Link) {
	t.Helper()
	if err := errors.Join(netlink.LinkSetDown(l), netlink.LinkSetUp(l)); err != nil {
		t.Fatal(err)
	}
}

// The network comes and goes a thousand times, and what the finder holds stays the same.
func TestAThousandFlapsLeaveNothingBehind(t *testing.T) {
	namespace(t, func(t *testing.T) {
		link := cable(t, "eth0", "10.7.0.1/24")
		other := cable(t, "eth1", "10.8.0.1/24")
		_, hints, changes, stop := run(t, mesh.Announcement{ID: id(1), Port: 7420})
		defer stop()
		look := func() {
			for len(hints) > 0 {
				<-hints
			}
			flap(t, other)
			wait(t, hints, func(h mesh.Hint) bool { return h.ID == id(1) })
		}
		held := func() (files, goroutines int) {
			entries, err := os.ReadDir("/proc/self/fd")
			if err != nil {
				t.Fatal(err)
			}
			return len(entries), runtime.NumGoroutine()
		}
		look()
		look()
		files, goroutines := held()
		restarts := 0
		for n := range 1000 {
			flap(t, link)
			for len(changes) > 0 || n%50 == 0 && restarts <= n/50 {
				<-changes
				restarts++
			}
		}
		look()
		// What an announcement has begun ends some seconds after it; what leaks never does.
		timeout := time.After(time.Minute)
		after, running := held()
		for ; after > files || running > goroutines; after, running = held() {
			select {
			case <-time.After(10 * time.Millisecond):
			case <-timeout:
				t.Fatalf("descriptors %d, then %d; goroutines %d, then %d", files, after, goroutines, running)
			}
		}
		fmt.Printf("looked anew %d times; descriptors %d, then %d; goroutines %d, then %d\n", restarts, files, after, goroutines, running)
		if restarts < 20 {
			t.Errorf("it looked anew %d times: that is no test", restarts)
		}
	})
}

// Five hundred announcements that somebody made up, on the wire.
func TestAFloodOfAnnouncementsIsBounded(t *testing.T) {
	namespace(t, func(t *testing.T) {
		link := cable(t, "eth0", "10.7.0.1/24")
		sibling := id(700)
		_, hints, changes, stop := run(t, mesh.Announcement{ID: id(701), Port: 7420, Known: func(p peer.ID) bool { return p == sibling }})
		defer stop()
		wait(t, hints, func(h mesh.Hint) bool { return h.ID == id(701) })
		for len(hints) > 0 {
			<-hints
		}
		for len(changes) > 0 {
			<-changes
		}
		for n := range 500 {
			announceFake(t, link.Attrs().Index, n)
		}
		announceFake(t, link.Attrs().Index, 700)
		seen := map[peer.ID]bool{}
		wait(t, hints, func(h mesh.Hint) bool { seen[h.ID] = true; return h.ID == sibling })
		looks := 1 + len(changes) // the kernel may have had something to say
		if len(seen) > looks*maxStrangers+2 {
			t.Errorf("%d boxes were told of in %d looks", len(seen), looks)
		}
		fmt.Println("told of", len(seen), "boxes in", looks, "looks")
	})
}

// announceFake sends what a box that is not there would announce.
func announceFake(t *testing.T, index, n int) {
	t.Helper()
	c, err := net.ListenPacket("udp4", "10.7.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	name, host := id(n).String()+"."+service+"."+domain, fmt.Sprintf("fake-%d.%s", n, domain)
	head := func(name string, kind uint16) dns.RR_Header {
		return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: 60}
	}
	m := &dns.Msg{MsgHdr: dns.MsgHdr{Response: true}, Answer: []dns.RR{
		&dns.PTR{Hdr: head(service+"."+domain, dns.TypePTR), Ptr: name},
		&dns.SRV{Hdr: head(name, dns.TypeSRV), Port: 7420, Target: host},
		&dns.TXT{Hdr: head(name, dns.TypeTXT), Txt: []string{"id=" + id(n).String()}},
		&dns.A{Hdr: head(host, dns.TypeA), A: net.IPv4(10, 7, byte(1+n>>8), byte(n))},
	}}
	data, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	p := ipv4.NewPacketConn(c)
	if _, err := p.WriteTo(data, &ipv4.ControlMessage{IfIndex: index}, &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353}); err != nil {
		t.Fatal(err)
	}
}

// Where there is no network, that is said, and it is found when it comes.
func TestANetworkThatComesLaterIsUsed(t *testing.T) {
	namespace(t, func(t *testing.T) {
		f, hints, _, stop := run(t, mesh.Announcement{ID: id(1), Port: 7420})
		defer stop()
		if nets, err := networks(); err != nil || len(nets) != 0 {
			t.Fatalf("networks %v, %v", nets, err)
		}
		link := cable(t, "eth0", "10.7.0.1/24")
		wait(t, hints, func(h mesh.Hint) bool { return h.ID == id(1) })
		said(t, f, false)
		if err := netlink.LinkSetDown(link); err != nil {
			t.Fatal(err)
		}
		said(t, f, true)
		if err := netlink.LinkSetUp(link); err != nil {
			t.Fatal(err)
		}
		said(t, f, false)
	})
}

// said waits until Check says that something is wrong, or that nothing is.
func said(t *testing.T, f *Finder, wrong bool) {
	t.Helper()
	timeout := time.After(time.Minute)
	for (f.Check() != nil) != wrong {
		select {
		case <-time.After(time.Millisecond):
		case <-timeout:
			t.Fatalf("Check says %v", f.Check())
		}
	}
}
