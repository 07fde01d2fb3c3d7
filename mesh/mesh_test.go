package mesh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/mesh/pairing"
)

// cricket is a mesh that runs in a test.
type cricket struct {
	*Mesh
	t    *testing.T
	dir  string // the state directory
	port int
	log  *locked
	stop func()

	offset atomic.Int64 // how wrong its clock is, in nanoseconds
}

// start runs a mesh on a port of its own in a new state directory.
func start(t *testing.T, name string) *cricket {
	t.Helper()
	return startIn(t, name, t.TempDir(), freePort(t))
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// startIn runs one in a state directory that another process has left.
func startIn(t *testing.T, name, dir string, port int, peers ...string) *cricket {
	t.Helper()
	c := startWith(t, Options{StateDir: dir, Name: name, Listen: fmt.Sprint("127.0.0.1:", port), Peers: peers})
	c.port = port
	return c
}

func startWith(t *testing.T, o Options) *cricket {
	t.Helper()
	c := &cricket{t: t, dir: o.StateDir, log: &locked{}}
	var err error
	o.Log = slog.New(slog.NewTextHandler(c.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c.Mesh, err = Open(o)
	if err != nil {
		t.Fatal(err)
	}
	c.now = func() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	c.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(c.stop)
	return c
}

// swallow listens at a port of loopback and takes no callers, so that who calls hears nothing,
// until the function returned is called.
func swallow(t *testing.T, port int) func() {
	t.Helper()
	s, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(syscall.SetsockoptInt(s, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1),
		syscall.Bind(s, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(s, 0))
	if err != nil {
		t.Fatal(err)
	}
	var waiting []net.Conn
	for len(waiting) < 100 { // who waits to be taken fills the queue
		c, err := net.DialTimeout("tcp", fmt.Sprint("127.0.0.1:", port), 300*time.Millisecond)
		if err != nil {
			return func() {
				syscall.Close(s)
				for _, c := range waiting {
					c.Close()
				}
			}
		}
		waiting = append(waiting, c)
	}
	t.Fatal("a listener that takes nobody is never full")
	return nil
}

// locked is a log that can be read while it is written.
type locked struct {
	mutex sync.Mutex
	text  strings.Builder
}

func (l *locked) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(p)
}

func (l *locked) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.String()
}

// again is the same box after a restart.
func (c *cricket) again() *cricket {
	c.t.Helper()
	c.stop()
	return startIn(c.t, c.options.Name, c.dir, c.port)
}

// pair shows a code on c and types it into other.
func (c *cricket) pair(other *cricket) (shown, entered Paired) {
	c.t.Helper()
	shown, entered, err := c.tryPair(other, func(c pairing.Code) pairing.Code { return c })
	if err != nil {
		c.t.Fatal(err)
	}
	return shown, entered
}

func (c *cricket) tryPair(other *cricket, typed func(pairing.Code) pairing.Code) (shown, entered Paired, err error) {
	invited := make(chan Invitation, 1)
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(c.t.Context())
	defer cancel()
	go func() {
		var err error
		shown, err = c.Show(ctx, func(i Invitation) { invited <- i })
		done <- err
	}()
	var i Invitation
	select {
	case i = <-invited:
	case err := <-done:
		return shown, entered, err
	}
	entered, err = other.Enter(ctx, typed(i.Code), i.Addresses[0].String())
	if err != nil {
		cancel()
	}
	return shown, entered, errors.Join(err, <-done)
}

// meets waits until two boxes are connected.
func (c *cricket) meets(other *cricket) {
	c.t.Helper()
	c.waits(func() bool { return c.Host().Network().Connectedness(other.ID()) == network.Connected })
}

// loses waits until they are not.
func (c *cricket) loses(other *cricket) {
	c.t.Helper()
	c.waits(func() bool { return c.Host().Network().Connectedness(other.ID()) != network.Connected })
}

// waits returns when something is so, which it looks at whenever a connection comes or goes
// or the members change.
func (c *cricket) waits(so func() bool) {
	c.t.Helper()
	<-c.Started()
	event := make(chan struct{}, 64)
	told := func(network.Network, network.Conn) {
		select {
		case event <- struct{}{}:
		default:
		}
	}
	bundle := &network.NotifyBundle{ConnectedF: told, DisconnectedF: told}
	c.Host().Network().Notify(bundle)
	defer c.Host().Network().StopNotify(bundle)
	timeout := time.After(time.Minute) // nothing is decided by it: a test that hangs says where
	for {
		changed := c.Changed()
		if so() {
			return
		}
		select {
		case <-event:
		case <-changed:
		case <-timeout:
			c.t.Fatalf("it never happened; the log:\n%s", c.log)
		}
	}
}

func TestTwoBoxesArePairedAndMeet(t *testing.T) {
	kitchen, attic := start(t, "kitchen"), start(t, "attic")
	shown, entered := kitchen.pair(attic)
	if shown.Name != "attic" || entered.Name != "kitchen" || shown.ID != attic.ID() || entered.ID != kitchen.ID() {
		t.Errorf("the kitchen knows %+v, the attic %+v", shown, entered)
	}
	if shown.OwnerCode == "" || entered.OwnerCode != "" {
		t.Errorf("the owner's code is shown by the box that began the home, once: %q, %q", shown.OwnerCode, entered.OwnerCode)
	}
	kitchen.meets(attic)
	attic.meets(kitchen)
	for _, c := range []*cricket{kitchen, attic} {
		s := c.Status()
		if len(s.Siblings) != 1 || !s.Siblings[0].Connected || s.Home != kitchen.Members().Home() || s.Siblings[0].Voucher != "kitchen" {
			t.Errorf("status of the %s: %+v", s.Name, s)
		}
		if strings.Contains(c.log.String(), shown.OwnerCode) {
			t.Error("the owner's code is in the log")
		}
	}
}

// A third box comes in by either of the two, and meets the one that it was not paired with,
// whose address it has from nobody: it is called.
func TestAThirdBoxMeetsBoth(t *testing.T) {
	kitchen, attic, hall := start(t, "kitchen"), start(t, "attic"), start(t, "hall")
	kitchen.pair(attic)
	kitchen.meets(attic)
	shown, _ := hall.pair(attic) // the new box shows, the one with a home types
	if shown.OwnerCode != "" || hall.Members().Home() != kitchen.Members().Home() {
		t.Errorf("the new box began a home of its own: %+v", shown)
	}
	attic.meets(hall)
	kitchen.waits(func() bool { return kitchen.Members().Has(hall.ID()) })
	if got := len(hall.Siblings()); got != 2 {
		t.Errorf("the hall has %d siblings", got)
	}
}

func TestAWrongCodePairsNobody(t *testing.T) {
	kitchen, attic := start(t, "kitchen"), start(t, "attic")
	codes := make(chan pairing.Code, 1)
	_, _, err := kitchen.tryPair(attic, func(c pairing.Code) pairing.Code {
		codes <- c
		return pairing.Code(fmt.Sprintf("%06d", (number(c)+1)%1_000_000))
	})
	if !errors.Is(err, pairing.ErrCode) || kitchen.Members().Paired() || attic.Members().Paired() {
		t.Errorf("%v; the kitchen is paired: %v, the attic: %v", err, kitchen.Members().Paired(), attic.Members().Paired())
	}
	code := <-codes
	for _, c := range []*cricket{kitchen, attic} {
		if strings.Contains(c.log.String(), string(code)) || strings.Contains(fmt.Sprint(err), string(code)) {
			t.Error("the code was logged")
		}
	}
	if _, err := os.Stat(filepath.Join(kitchen.dir, "mesh", membersFile)); err == nil {
		t.Error("the kitchen has begun a home")
	}
}

func number(c pairing.Code) (n int) {
	fmt.Sscanf(string(c), "%06d", &n)
	return n
}

func TestThreeWrongCodesEndTheWindow(t *testing.T) {
	kitchen, attic := start(t, "kitchen"), start(t, "attic")
	done := make(chan error, 1)
	invited := make(chan Invitation, 1)
	go func() {
		_, err := kitchen.Show(t.Context(), func(i Invitation) { invited <- i })
		done <- err
	}()
	i := <-invited
	if _, err := kitchen.Show(t.Context(), func(Invitation) {}); err == nil {
		t.Error("two codes at once")
	}
	for n := range pairing.Tries {
		if _, err := attic.Enter(t.Context(), pairing.Code(fmt.Sprintf("%06d", (number(i.Code)+1+n)%1_000_000)), i.Addresses[0].String()); !errors.Is(err, pairing.ErrCode) {
			t.Error(err)
		}
	}
	if err := <-done; !errors.Is(err, pairing.ErrTries) {
		t.Error(err)
	}
	if _, err := attic.Enter(t.Context(), i.Code, i.Addresses[0].String()); err == nil {
		t.Error("the right code still counts")
	}
}

// Typing a box's code into itself pairs nobody, and is not taken for a copied card.
func TestABoxIsNotPairedWithItself(t *testing.T) {
	kitchen := start(t, "kitchen")
	if _, _, err := kitchen.tryPair(kitchen, func(c pairing.Code) pairing.Code { return c }); err == nil || !strings.Contains(err.Error(), "same key") {
		t.Error(err)
	}
	if kitchen.shuts(kitchen.ID()) {
		t.Error("it shut itself out")
	}
}

// The host that shows a code has that one protocol.
func TestWhileACodeIsShownNothingElseIsServed(t *testing.T) {
	kitchen := start(t, "kitchen")
	invited := make(chan Invitation, 1)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := kitchen.Show(ctx, func(i Invitation) { invited <- i })
		done <- err
	}()
	i := <-invited
	stranger := newBox(t)
	stranger.mutex.Lock()
	stranger.members = append(stranger.members, kitchen.ID())
	stranger.mutex.Unlock()
	at := hinted{Hint{Addresses: i.Addresses[:1]}, time.Time{}}
	if err := stranger.Connect(t.Context(), peer.AddrInfo{ID: kitchen.ID(), Addrs: at.multiaddrs()[:1]}); err != nil {
		t.Fatal(err)
	}
	if known, _ := stranger.Peerstore().GetProtocols(kitchen.ID()); len(known) > 0 {
		t.Errorf("the stranger knows %v", known)
	}
	if s, err := stranger.NewStream(t.Context(), kitchen.ID(), membersProtocol); err == nil {
		s.Reset()
		t.Error("members are served to strangers")
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestBoxesOfTwoHomesAreNotMixed(t *testing.T) {
	a, b, c, d := start(t, "a"), start(t, "b"), start(t, "c"), start(t, "d")
	a.pair(b)
	c.pair(d)
	if _, _, err := a.tryPair(c, func(c pairing.Code) pairing.Code { return c }); err == nil || !strings.Contains(err.Error(), "different homes") {
		t.Error(err)
	}
	if _, _, err := a.tryPair(b, func(c pairing.Code) pairing.Code { return c }); err != nil {
		t.Errorf("pairing again: %v", err)
	}
}

func TestBoxesFindEachOtherAgainWithoutMulticast(t *testing.T) {
	kitchen, attic := start(t, "kitchen"), start(t, "attic")
	kitchen.pair(attic)
	kitchen.meets(attic)
	attic.meets(kitchen)
	kitchen.stop()
	attic.loses(kitchen)
	kitchen = startIn(t, "kitchen", kitchen.dir, kitchen.port)
	kitchen.meets(attic)
}

// Where no address is known, the one that the owner typed does.
func TestATypedAddressIsEnough(t *testing.T) {
	kitchen, attic := start(t, "kitchen"), start(t, "attic")
	kitchen.pair(attic)
	kitchen.meets(attic)
	kitchen.stop()
	attic.stop()
	for _, c := range []*cricket{kitchen, attic} {
		os.Remove(filepath.Join(c.dir, "mesh", addressFile))
	}
	attic = attic.again()
	kitchen = startIn(t, "kitchen", kitchen.dir, kitchen.port, fmt.Sprint("localhost:", attic.port))
	kitchen.meets(attic)
}

func TestARevokedBoxIsOutAtOnce(t *testing.T) {
	kitchen, attic, hall := start(t, "kitchen"), start(t, "attic"), start(t, "hall")
	shown, _ := kitchen.pair(attic)
	kitchen.pair(hall)
	kitchen.meets(attic)
	kitchen.meets(hall)
	attic.waits(func() bool { return attic.Members().Has(hall.ID()) })
	hall.addresses.reached(attic.ID(), hinted{Hint: Hint{Addresses: attic.listening()}}.multiaddrs()[0], time.Now())
	hall.dialNow()
	hall.meets(attic)
	if err := kitchen.Members().Revoke(shown.OwnerCode, hall.ID()); err != nil {
		t.Fatal(err)
	}
	kitchen.loses(hall)
	// The hall may hang up, or the kitchen's hanging up be told, before the attic has heard of it.
	attic.waits(func() bool { return !attic.Members().Has(hall.ID()) })
	attic.loses(hall)
	if _, err := hall.Host().Network().DialPeer(t.Context(), attic.ID()); err == nil {
		hall.loses(attic)
	}
	a, _ := attic.Members().Secret("x")
	k, _ := kitchen.Members().Secret("x")
	h, _ := hall.Members().Secret("x")
	if !bytes.Equal(a, k) || bytes.Equal(a, h) {
		t.Error("the secret was not rotated")
	}
	// It cannot revoke, admit, or be paired again with its old key.
	if _, _, err := attic.tryPair(hall, func(c pairing.Code) pairing.Code { return c }); err == nil || !strings.Contains(err.Error(), "new key") {
		t.Error(err)
	}
}

// listening is where a box is dialled.
func (c *cricket) listening() (out []netip.AddrPort) {
	return listening(c.Host())
}

// listening is where a host listens by TCP; QUIC's addresses come in any order among them.
func listening(h host.Host) (out []netip.AddrPort) {
	for _, a := range h.Network().ListenAddresses() {
		if p, ok := addrPort(a); ok {
			out = append(out, p)
		}
	}
	return out
}

func TestWhoeverWasOffHearsOfARevocationWhenItReturns(t *testing.T) {
	kitchen, attic, hall := start(t, "kitchen"), start(t, "attic"), start(t, "hall")
	shown, _ := kitchen.pair(attic)
	kitchen.pair(hall)
	kitchen.meets(attic)
	kitchen.meets(hall)
	attic.waits(func() bool { return attic.Members().Has(hall.ID()) })
	attic.stop()
	kitchen.loses(attic)
	if err := kitchen.Members().Revoke(shown.OwnerCode, hall.ID()); err != nil {
		t.Fatal(err)
	}
	attic = startIn(t, "attic", attic.dir, attic.port)
	if !attic.Members().Has(hall.ID()) {
		t.Fatal("who told it?")
	}
	attic.waits(func() bool { return !attic.Members().Has(hall.ID()) })
}

// The card of a box was copied: a third box sees two processes that live at the same time.
func TestASiblingNoticesACopiedCard(t *testing.T) {
	kitchen, attic := start(t, "kitchen"), start(t, "attic")
	kitchen.pair(attic)
	kitchen.meets(attic)
	startIn(t, "kitchen", copyOf(t, kitchen.dir), freePort(t))
	attic.waits(func() bool {
		return attic.Host().Network().Connectedness(kitchen.ID()) != network.Connected && attic.shuts(kitchen.ID())
	})
	var texts []string
	for _, f := range attic.Faults(t.Context()) {
		texts = append(texts, f.Part+": "+f.Text)
	}
	if text := strings.Join(texts, "\n"); !strings.Contains(text, "kitchen: its key is on two boxes") {
		t.Errorf("the doctor says %s", text)
	}
}

func (m *Mesh) shuts(p peer.ID) bool {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.twins[p].holds(time.Now())
}

func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(to, "mesh", keyFile), 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

// Two copies that meet refuse each other, with nobody else there.
func TestTwoCopiesOfOneCardNoticeEachOther(t *testing.T) {
	kitchen, attic := start(t, "kitchen"), start(t, "attic")
	kitchen.pair(attic)
	kitchen.meets(attic)
	attic.stop()
	copied := startIn(t, "kitchen", copyOf(t, kitchen.dir), freePort(t))
	<-copied.Started()
	<-kitchen.Started()
	copied.found(t.Context(), Hint{ID: kitchen.ID(), Addresses: kitchen.listening()})
	for _, c := range []*cricket{kitchen, copied} { // the one that looked, and the one that was looked at
		if !c.shuts(c.ID()) || c.admits(attic.ID()) {
			t.Error("a copy goes on")
		}
	}
	if faults := fmt.Sprint(copied.Faults(t.Context())); !strings.Contains(faults, "same key as this one") || !strings.Contains(copied.log.String(), "copied card or disk") {
		t.Errorf("the doctor says %s", faults)
	}
	// What a box announces of itself is no copy, also where it looks at itself.
	attic = attic.again()
	<-attic.Started()
	attic.found(t.Context(), Hint{ID: attic.ID(), Addresses: attic.listening()})
	if s, err := attic.look(t.Context(), attic.listening()[0].String()); err != nil || s.ID != attic.ID() || s.LetsUsIn {
		t.Errorf("a look at itself: %+v, %v", s, err)
	}
	// An announcement that nobody proves is none either.
	attic.found(t.Context(), Hint{ID: attic.ID(), Addresses: kitchen.listening()})
	if attic.shuts(attic.ID()) {
		t.Error("a box shuts itself out for an announcement")
	}
}

// A box that restarts is not a copy, though its old connection may still be open.
func TestARestartIsNoCopy(t *testing.T) {
	kitchen, attic := start(t, "kitchen"), start(t, "attic")
	kitchen.pair(attic)
	kitchen.meets(attic)
	for range 3 {
		kitchen = kitchen.again()
		kitchen.meets(attic)
		attic.meets(kitchen)
	}
	if attic.shuts(kitchen.ID()) || kitchen.shuts(kitchen.ID()) {
		t.Error("it was taken for one")
	}
}

func TestAPortThatIsTakenIsSaid(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	kitchen, attic := startIn(t, "kitchen", t.TempDir(), l.Addr().(*net.TCPAddr).Port), start(t, "attic")
	kitchen.pair(attic)
	<-kitchen.Started()
	if faults := fmt.Sprint(kitchen.Faults(t.Context())); !strings.Contains(faults, "siblings cannot reach this box") {
		t.Error(faults)
	}
	kitchen.meets(attic) // it can still dial
	l.Close()
	kitchen.listen(kitchen.Host()) // as it does every five seconds
	if faults := fmt.Sprint(kitchen.Faults(t.Context())); strings.Contains(faults, "cannot reach") || portOf(kitchen.Host()) == 0 {
		t.Errorf("the port is free now; the doctor says %s", faults)
	}
}

func TestTheDoctorNamesTheFault(t *testing.T) {
	kitchen, attic := start(t, "kitchen"), start(t, "attic")
	shown, _ := kitchen.pair(attic)
	kitchen.meets(attic)
	attic.meets(kitchen)
	says := func(want string) {
		t.Helper()
		if got := fmt.Sprint(kitchen.Faults(t.Context())); !strings.Contains(got, want) || want == "" && got != "[]" {
			t.Errorf("the doctor says %s, want %q", got, want)
		}
	}
	clear := func() { t.Helper(); says("") }
	// A sibling that tells something late, on a loaded machine, takes back what was done to it;
	// then it is done again.
	after := func(do func(), want string) {
		t.Helper()
		for range 100 {
			do()
			if strings.Contains(fmt.Sprint(kitchen.Faults(t.Context())), want) {
				return
			}
		}
		says(want)
	}
	told := func(c, by *cricket) bool { // over every connection that there is
		connections := len(c.Host().Network().ConnsToPeer(by.ID()))
		c.mutex.Lock()
		defer c.mutex.Unlock()
		heard := c.heard[by.ID()]
		return heard != nil && connections > 0 && len(heard.instances) >= connections
	}
	for deadline := time.Now().Add(time.Minute); !told(kitchen, attic) || !told(attic, kitchen); {
		if <-time.After(time.Millisecond); time.Now().After(deadline) { // nothing is decided by it
			t.Fatal("the two do not tell each other who they are")
		}
	}
	clear()

	kitchen.offset.Store(int64(time.Until(time.Unix(86400, 0))))
	says("the clock says 1970-01-0")
	kitchen.offset.Store(0)
	clear()

	after(func() {
		kitchen.mutex.Lock()
		kitchen.heard[attic.ID()].apart = -time.Hour
		kitchen.mutex.Unlock()
	}, "its clock is -1h0m0s from this box's")
	kitchen.tellOver(kitchen.Host().Network().ConnsToPeer(attic.ID())[0])
	clear()

	attic.Host().RemoveStreamHandler(membersProtocol)
	after(func() { kitchen.tellOver(kitchen.Host().Network().ConnsToPeer(attic.ID())[0]) }, "another version of cricket")
	attic.Host().SetStreamHandler(membersProtocol, attic.tell)
	kitchen.tellOver(kitchen.Host().Network().ConnsToPeer(attic.ID())[0])
	clear()

	attic.stop()
	kitchen.loses(attic)
	says("the port is closed")
	attic = startIn(t, "attic", attic.dir, attic.port)
	kitchen.meets(attic)
	clear()

	// The access point lets announcements pass, and nothing else: a listener that takes no more callers
	// is as silent.
	attic.stop()
	kitchen.loses(attic)
	open := swallow(t, attic.port)
	says("nothing answers")
	kitchen.mutex.Lock()
	announced := kitchen.hints[attic.ID()]
	kitchen.hints[attic.ID()] = hinted{Hint: Hint{ID: attic.ID(), Addresses: []netip.AddrPort{netip.MustParseAddrPort(fmt.Sprint("127.0.0.1:", attic.port))}}, at: time.Now()}
	kitchen.mutex.Unlock()
	says("it announces itself, and what this box sends to it is swallowed: the access point keeps its clients apart")
	open()
	attic = startIn(t, "attic", attic.dir, attic.port)
	kitchen.meets(attic)
	kitchen.mutex.Lock()
	kitchen.hints[attic.ID()] = announced
	kitchen.mutex.Unlock()
	clear()

	// The attic is no longer of this home, and says nothing but goodbye.
	attic.stop()
	kitchen.loses(attic)
	if err := attic.Members().Revoke(shown.OwnerCode, kitchen.ID()); err != nil {
		t.Fatal(err)
	}
	attic = startIn(t, "attic", attic.dir, attic.port)
	<-attic.Started()
	says("hangs up: it does not know this box any more")

	stranger := newBox(t)
	stranger.mutex.Lock()
	stranger.members = append(stranger.members, kitchen.ID())
	stranger.mutex.Unlock()
	look(t.Context(), stranger.id, kitchen.listening()[0].String(), func(netip.AddrPort) {})
	says("not paired with this one called 1 times")
	kitchen.dialTyped(t.Context(), listening(stranger)[0].String())
	says("it is not paired with this one")
}
