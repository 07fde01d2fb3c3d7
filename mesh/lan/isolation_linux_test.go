package lan

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/mesh"
)

// TestAloneInANamespace is no test of its own: it is a box in a network namespace of its own, which
// writes down whom it finds. It begins when its standard input says that its cable is there, and
// looks anew for each line that follows.
func TestAloneInANamespace(t *testing.T) {
	number, err := strconv.Atoi(os.Getenv("CRICKET_TEST_BOX"))
	if err != nil {
		return // the test below starts it
	}
	in := bufio.NewScanner(os.Stdin)
	in.Scan()
	link, err := netlink.LinkByName("eth0")
	if err != nil {
		t.Fatal(err)
	}
	address, err := netlink.ParseAddr(fmt.Sprintf("10.7.0.%d/24", number))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(netlink.AddrAdd(link, address), netlink.LinkSetMulticastOn(link), netlink.LinkSetUp(link)); err != nil {
		t.Fatal(err)
	}
	f := New()
	f.settle = 100 * time.Millisecond // as in run
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- f.Run(ctx, mesh.Announcement{ID: id(number), Port: 7420 + number}, func(h mesh.Hint) { fmt.Println("found", h.ID) }, func() {})
	}()
	for in.Scan() {
		flap(t, link)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// alone is such a box.
type alone struct {
	t     *testing.T
	name  string
	look  func()
	found chan peer.ID
}

// aloneAt starts one on a port of a bridge.
func aloneAt(t *testing.T, number int, bridge netlink.Link) (a *alone, port netlink.Link) {
	t.Helper()
	cmd := exec.Command("unshare", "-n", os.Args[0], "-test.run=^TestAloneInANamespace$", "-test.timeout=120s")
	cmd.Env = append(os.Environ(), fmt.Sprint("CRICKET_TEST_BOX=", number))
	cmd.SysProcAttr, cmd.Stderr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	a = &alone{t, fmt.Sprint("box ", number), func() { fmt.Fprintln(in) }, make(chan peer.ID, 10_000)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if text, is := strings.CutPrefix(lines.Text(), "found "); is {
				if id, err := peer.Decode(text); err == nil {
					a.found <- id
				}
			}
		}
	}()
	t.Cleanup(func() {
		in.Close()
		<-read
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", a.name, err)
		}
	})
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	for timeout := time.After(time.Minute); ; { // until it is in its namespace
		if its, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", cmd.Process.Pid)); err == nil && its != own {
			break
		}
		select {
		case <-time.After(time.Millisecond):
		case <-timeout:
			t.Fatalf("%s gets no network namespace", a.name)
		}
	}
	cable := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: fmt.Sprint("port", number)}, PeerName: "eth0", PeerNamespace: netlink.NsPid(cmd.Process.Pid)}
	if err := netlink.LinkAdd(cable); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(netlink.LinkSetMaster(cable, bridge), netlink.LinkSetUp(cable)); err != nil {
		t.Fatal(err)
	}
	a.look()
	return a, cable
}

// finds waits until the box finds another; meanwhile it must not find a third.
func (a *alone) finds(number, never int) {
	a.t.Helper()
	timeout := time.After(time.Minute)
	for {
		select {
		case found := <-a.found:
			switch found {
			case id(number):
				return
			case id(never):
				a.t.Fatalf("%s finds box %d", a.name, never)
			}
		case <-timeout:
			a.t.Fatalf("%s never finds box %d", a.name, number)
		}
	}
}

// An access point that keeps its clients apart lets nothing pass between two of three boxes. They do
// not find each other, each goes on finding the third, which finds both; when it lets them, they
// find each other, though nothing of theirs has changed.
func TestTwoOfThreeBoxesAreKeptApart(t *testing.T) {
	namespace(t, func(t *testing.T) {
		snooping := false // of IGMP: a switch that does it wants somebody to ask
		bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}, MulticastSnooping: &snooping}
		if err := netlink.LinkAdd(bridge); err != nil {
			t.Fatal(err)
		}
		if err := netlink.LinkSetUp(bridge); err != nil {
			t.Fatal(err)
		}
		first, port1 := aloneAt(t, 1, bridge)
		second, port2 := aloneAt(t, 2, bridge)
		apart := func(is bool) {
			for _, p := range []netlink.Link{port1, port2} {
				if err := netlink.LinkSetIsolated(p, is); err != nil {
					t.Fatal(err)
				}
			}
		}
		first.finds(2, 0)
		second.finds(1, 0)
		apart(true)
		third, _ := aloneAt(t, 3, bridge)
		third.finds(1, 0)
		third.finds(2, 0)
		for _, b := range []*alone{first, second} { // one look may be half done
			b.look()
			b.finds(3, 0)
		}
		for len(first.found) > 0 {
			<-first.found
		}
		for len(second.found) > 0 {
			<-second.found
		}
		for range 2 {
			first.look()
			first.finds(3, 2)
			second.look()
			second.finds(3, 1)
		}
		apart(false)
		first.look()
		first.finds(2, 0)
		second.look()
		second.finds(1, 0)
	})
}
