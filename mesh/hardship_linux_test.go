package mesh

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/cricket-home/cricket/mesh/pairing"
)

// speak asks a sibling over a connection that there is, and fails the test where it does not answer.
func (c *cricket) speak(other *cricket) {
	c.t.Helper()
	for _, conn := range c.Host().Network().ConnsToPeer(other.ID()) {
		if _, err := c.ask(c.t.Context(), conn); err == nil {
			return
		}
	}
	c.t.Fatal("the sibling does not answer")
}

// Strangers call thousands of times, some with a handshake, some with noise, some with nothing.
// Siblings go on talking over the connection that they have, and nothing is left behind.
// CRICKET_DIALS is how often; make mesh-chaos does 10,000.
func TestDialsOfStrangers(t *testing.T) {
	dials, _ := strconv.Atoi(os.Getenv("CRICKET_DIALS"))
	dials = max(dials, 300)
	kitchen, attic := start(t, "kitchen"), start(t, "attic")
	kitchen.pair(attic)
	kitchen.meets(attic)
	attic.meets(kitchen)
	before := kitchen.Host().Network().ConnsToPeer(attic.ID())[0]
	strangers := make([]Identity, 20)
	for i := range strangers {
		strangers[i] = newBox(t).id
	}
	at := kitchen.listening()[0].String()
	held := func() (files, goroutines int) {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries), runtime.NumGoroutine()
	}
	files, goroutines := held()
	next := make(chan int)
	var callers sync.WaitGroup
	for range 16 {
		callers.Go(func() {
			for n := range next {
				switch n % 4 {
				case 0, 1:
					s, err := look(t.Context(), strangers[n%len(strangers)], at, func(netip.AddrPort) {})
					if err == nil && s.LetsUsIn {
						t.Error("a stranger is let in")
					}
				default:
					c, err := net.Dial("tcp", at)
					if err != nil {
						continue
					}
					if n%4 == 2 {
						c.Write(bytes.Repeat([]byte{byte(n)}, 4096))
					}
					c.Close()
				}
			}
		})
	}
	for n := range dials {
		if n%50 == 0 {
			attic.speak(kitchen)
		}
		next <- n
	}
	close(next)
	callers.Wait()
	kitchen.speak(attic)
	if before.IsClosed() {
		t.Error("the siblings' connection ended")
	}
	if known := len(kitchen.gate.turnedAway()); known == 0 || known > maxRefused {
		t.Errorf("%d strangers are remembered", known)
	}
	timeout := time.After(time.Minute)
	for files2, goroutines2 := held(); files2 > files+4 || goroutines2 > goroutines+16; files2, goroutines2 = held() {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-timeout:
			t.Fatalf("after %d dials: descriptors %d, then %d; goroutines %d, then %d", dials, files, files2, goroutines, goroutines2)
		}
	}
	t.Logf("%d dials", dials)
}

// A clock that jumps years to and fro parts nobody, and loses nobody's address.
func TestClockThatJumps(t *testing.T) {
	kitchen, attic := start(t, "kitchen"), start(t, "attic")
	kitchen.pair(attic)
	kitchen.meets(attic)
	attic.meets(kitchen)
	const years = 10 * 365 * 24 * time.Hour
	before := kitchen.Host().Network().ConnsToPeer(attic.ID())[0]
	for _, jump := range []time.Duration{years, -years, time.Until(time.Unix(0, 0)), 0} {
		kitchen.offset.Store(int64(jump))
		kitchen.speak(attic)
		kitchen.tellOver(kitchen.Host().Network().ConnsToPeer(attic.ID())[0])
		if before.IsClosed() {
			t.Fatalf("parted by a jump of %v", jump)
		}
		if faults := fmt.Sprint(kitchen.Faults(t.Context())); strings.Contains(faults, "its clock is") != (jump != 0) {
			t.Errorf("after a jump of %v the doctor says %s", jump, faults)
		}
	}
	// What was remembered in the future is overtaken by what is true now.
	kitchen.offset.Store(int64(years))
	kitchen.tellOver(kitchen.Host().Network().ConnsToPeer(attic.ID())[0])
	kitchen.offset.Store(0)
	attic.stop()
	kitchen.loses(attic)
	attic = startIn(t, "attic", attic.dir, freePort(t))
	attic.meets(kitchen) // it dials
	kitchen.meets(attic)
	kitchen.tellOver(kitchen.Host().Network().ConnsToPeer(attic.ID())[0])
	if last, ok := kitchen.addresses.last(attic.ID()); !ok || !strings.HasSuffix(last.Address, fmt.Sprint("/", attic.port)) {
		t.Errorf("it was last reached at %s, and is at port %d", last.Address, attic.port)
	}
}

// A newer box says more than this one knows, and is understood; one that speaks another protocol
// only is named, and stays a member.
func TestAnotherVersion(t *testing.T) {
	kitchen, attic := start(t, "kitchen"), start(t, "attic")
	kitchen.pair(attic)
	kitchen.meets(attic)
	attic.meets(kitchen)
	attic.Host().SetStreamHandler(membersProtocol, func(s network.Stream) {
		defer s.Close()
		var theirs json.RawMessage
		if err := readFrame(s, maxHello, &theirs); err != nil {
			return
		}
		ours, err := attic.hello()
		if err != nil {
			return
		}
		more := map[string]any{"name": "attic of next year", "instance": ours.Instance, "time": ours.Time, "port": ours.Port, "state": ours.State, "colour": "blue", "skills": []int{1, 2}}
		writeFrame(s, more)
	})
	kitchen.tellOver(kitchen.Host().Network().ConnsToPeer(attic.ID())[0])
	if faults := kitchen.Faults(t.Context()); len(faults) > 0 {
		t.Errorf("a newer box: %v", faults)
	}
	attic.Host().RemoveStreamHandler(membersProtocol)
	attic.Host().SetStreamHandler("/cricket/members/2", attic.tell)
	named := false
	for range 100 { // what the attic said before, and is read late, takes the fault back
		kitchen.tellOver(kitchen.Host().Network().ConnsToPeer(attic.ID())[0])
		s := kitchen.Status()
		if named = len(s.Siblings) == 1 && strings.Contains(s.Siblings[0].Fault, "another version of cricket"); named {
			break
		}
	}
	if faults := fmt.Sprint(kitchen.Faults(t.Context())); !named || !strings.Contains(faults, "another version of cricket") {
		t.Errorf("a box of another protocol: %s", faults)
	}
	if !kitchen.Members().Has(attic.ID()) {
		t.Error("it is no member any more")
	}
}

// On a disk that is full a box says so, believes nothing that it could not write, stays with its
// siblings, and does the same right when there is room again.
func TestFullDisk(t *testing.T) {
	const inside, entered = "CRICKET_TEST_DISK", "on a disk of its own"
	disk := os.Getenv(inside)
	if disk == "" {
		disk = t.TempDir()
		cmd := exec.Command("unshare", "-rm", os.Args[0], "-test.run=^TestFullDisk$", "-test.v", "-test.timeout=120s")
		cmd.Env = append(os.Environ(), inside+"="+disk)
		out, err := cmd.CombinedOutput()
		switch {
		case !bytes.Contains(out, []byte(entered)) && os.Getenv("CRICKET_NO_SKIP") == "1":
			t.Fatalf("no mount namespace: %v\n%s", err, out)
		case !bytes.Contains(out, []byte(entered)):
			t.Skipf("no mount namespace can be made; `unshare -rm true` must work: %v\n%s", err, out)
		case err != nil:
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	if err := syscall.Mount("cricket", disk, "tmpfs", 0, "size=256k"); err != nil {
		t.Fatalf("make a small disk: %v", err)
	}
	fmt.Println(entered)
	kitchen, attic, cellar := startIn(t, "kitchen", disk, freePort(t)), start(t, "attic"), start(t, "cellar")
	shown, _ := kitchen.pair(attic)
	kitchen.meets(attic)
	attic.meets(kitchen)
	filler := filepath.Join(disk, "filler")
	f, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	f.Close()
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("fill the disk: %v", err)
	}
	kept, err := os.ReadFile(filepath.Join(disk, "mesh", membersFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := kitchen.Members().Revoke(shown.OwnerCode, attic.ID()); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a revocation that could not be kept: %v", err)
	}
	if _, _, err := kitchen.tryPair(cellar, func(c pairing.Code) pairing.Code { return c }); err == nil {
		t.Error("a box is paired, and that could not be kept")
	}
	if now, err := os.ReadFile(filepath.Join(disk, "mesh", membersFile)); err != nil || !bytes.Equal(now, kept) {
		t.Errorf("the list of members is another, or lost: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(disk, "mesh", "*.json.*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	kitchen.speak(attic)
	if siblings := kitchen.Siblings(); len(siblings) != 1 || siblings[0] != attic.ID() {
		t.Errorf("siblings: %v", siblings)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := kitchen.Members().Revoke(shown.OwnerCode, attic.ID()); err != nil {
		t.Errorf("with room again: %v", err)
	}
	kitchen.loses(attic)
	if siblings := kitchen.Siblings(); len(siblings) > 0 {
		t.Errorf("siblings: %v", siblings)
	}
}
