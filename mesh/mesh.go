package mesh

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	"golang.org/x/sync/errgroup"

	"github.com/cricket-home/cricket/mesh/wide"
)

// Port is where a box listens, over TCP and UDP, unless the owner says otherwise. While
// it shows a code, it listens at the next one for the other box.
const Port = 7420

// Options says what a Mesh is made of.
type Options struct {
	StateDir string
	Name     string   // what siblings call this box
	Listen   string   // host:port; an empty host is all of IPv4 and IPv6
	Peers    []string // addresses that the owner typed, host:port
	Site     string   // the house, where a home has two
	Finder   Finder   // nil: siblings are found by known addresses only
	Log      *slog.Logger

	// Rendezvous are the owner's, as multiaddresses that end in /p2p/ID. None: the box
	// keeps to its local network.
	Rendezvous []string
}

// Finder finds boxes in the local network, and lets them find this one. What it finds is a
// hint: whoever answers there must prove who it is.
type Finder interface {
	// Run announces and looks until ctx ends. Found is called for each box that announces
	// itself, again and again while it does; changed when the network is another.
	Run(ctx context.Context, self Announcement, found func(Hint), changed func()) error
	// Check says what is wrong with looking, or nil.
	Check() error
}

// Announcement is what a box tells the local network of itself.
type Announcement struct {
	ID   peer.ID
	Port int // where it listens for siblings; 0: nowhere
	Pair int // the port at which it shows a code; 0: it does not

	// Known tells which boxes are siblings, for whom there is a place among however many
	// strangers. It is not announced.
	Known func(peer.ID) bool
}

// Hint is a box that announced itself.
type Hint struct {
	ID        peer.ID
	Addresses []netip.AddrPort
	Pair      int // the port at which it shows a code, or 0
}

// hinted is a hint and when it came.
type hinted struct {
	Hint
	at time.Time
}

// Mesh is this box among its siblings. It listens to nobody until it was paired.
type Mesh struct {
	options   Options
	dir       string
	id        Identity
	members   *Members
	addresses *addresses
	gate      *gater
	meeting   []peer.AddrInfo // the owner's rendezvous peers
	log       *slog.Logger
	now       func() time.Time // of the clock on the wall
	instance  string           // of this process; two at once with one key are a copied disk
	started   chan struct{}
	dial      chan struct{} // has an element when to dial at once
	announced chan struct{} // has an element when what is announced is another
	showing   chan struct{} // has an element while a code is shown

	mutex  sync.Mutex
	host   host.Host  // set before started is closed
	wide   *wide.Node // set with it; nil: nothing leaves the local network
	heard  map[peer.ID]*sibling
	hints  map[peer.ID]hinted      // of siblings only
	twins  map[peer.ID]twin        // whose key is on two boxes; under our own id, ours
	unfit  error                   // why the host cannot listen
	missed map[string]error        // what is wrong with the addresses that the owner typed
	looks  map[netip.AddrPort]bool // our ends of the looks under way, and whether we took the call ourselves
	pair   int                     // the port at which a code is shown, or 0
}

// Open reads this box's key and members. It starts nothing. A key or a file of members
// that is damaged is a [KeyError] or a [MembersError].
func Open(o Options) (*Mesh, error) {
	dir := filepath.Join(o.StateDir, "mesh")
	if _, _, err := splitListen(o.Listen); err != nil {
		return nil, err
	}
	id, err := OpenIdentity(dir)
	if err != nil {
		return nil, err
	}
	m := &Mesh{options: o, dir: dir, id: id, log: o.Log, now: time.Now, started: make(chan struct{}), dial: make(chan struct{}, 1), announced: make(chan struct{}, 1), showing: make(chan struct{}, 1),
		heard: map[peer.ID]*sibling{}, hints: map[peer.ID]hinted{}, twins: map[peer.ID]twin{}, missed: map[string]error{}, looks: map[netip.AddrPort]bool{}}
	if m.members, err = OpenMembers(dir, id); err != nil {
		return nil, err
	}
	if m.addresses, err = openAddresses(dir); err != nil {
		m.log.Warn("remembered addresses of siblings are forgotten", "err", err)
	}
	random := make([]byte, 16)
	rand.Read(random) // never fails
	m.instance = hex.EncodeToString(random)
	m.gate = &gater{self: id.ID, member: m.admits, listed: map[peer.ID]bool{}, twin: m.twinCalled}
	if m.meeting, err = ReadRendezvous(o.Rendezvous); err != nil {
		return nil, err
	}
	for _, r := range m.meeting {
		m.gate.listed[r.ID] = true
	}
	return m, nil
}

// ID is this box's peer id, and Key its private key.
func (m *Mesh) ID() peer.ID        { return m.id.ID }
func (m *Mesh) Identity() Identity { return m.id }

// Started is closed when the host listens: at once where the box was paired, else when it is.
func (m *Mesh) Started() <-chan struct{} { return m.started }

// Host carries everything between siblings. It is nil until Started.
func (m *Mesh) Host() host.Host {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.host
}

// Members is who belongs to the home.
func (m *Mesh) Members() *Members { return m.members }

// Siblings are the paired boxes' ids, sorted, whether they are reached or not.
func (m *Mesh) Siblings() []peer.ID { return m.members.Siblings() }

// Changed is closed when Siblings are others than now.
func (m *Mesh) Changed() <-chan struct{} { return m.members.Changed() }

// admits is what the gater asks.
func (m *Mesh) admits(p peer.ID) bool {
	if p == m.id.ID || !m.members.Has(p) {
		return false
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	now := time.Now()
	return !m.twins[p].holds(now) && !m.twins[m.id.ID].holds(now)
}

// Run carries the mesh until ctx ends.
func (m *Mesh) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return m.run(ctx) })
	if m.options.Finder != nil {
		group.Go(func() error { m.keepFinding(ctx); return nil })
	}
	return group.Wait()
}

// run is everything but the looking, which is needed for pairing, too.
func (m *Mesh) run(ctx context.Context) error {
	for !m.members.Paired() {
		changed := m.members.Changed()
		if m.members.Paired() {
			break
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
	h, err := newHost(m.id, m.gate)
	if err != nil {
		return err
	}
	defer h.Close()
	m.listen(h)
	h.SetStreamHandler(membersProtocol, m.tell)
	h.Network().Notify(&network.NotifyBundle{ConnectedF: m.connected, DisconnectedF: m.disconnected})
	far, err := m.newWide(ctx, h)
	if err != nil {
		return err
	}
	m.mutex.Lock()
	m.host, m.wide = h, far
	m.mutex.Unlock()
	close(m.started)
	m.announce()
	var group sync.WaitGroup
	if far != nil {
		group.Go(func() { far.Run(ctx) })
	}
	group.Go(func() { m.keepTelling(ctx) })
	group.Go(func() { m.keepDialling(ctx) })
	group.Wait()
	return nil
}

// listen opens the port. A port that is taken is no reason to end the daemon: siblings
// that listen can still be dialled, the doctor says what is wrong, and it is tried again.
func (m *Mesh) listen(h host.Host) {
	address, all, _ := splitListen(m.options.Listen) // Open has checked it
	var faults []error
	for _, a := range listenOn(address, all) {
		if listens(h, a) {
			continue
		}
		if err := h.Network().Listen(a); err != nil {
			faults = append(faults, fmt.Errorf("listen at %s: %w", a, err))
		}
	}
	var err error
	if portOf(h) == 0 { // a machine without IPv6, or with UDP closed, is a whole sibling
		err = errors.Join(faults...)
	}
	m.mutex.Lock()
	before := m.unfit
	m.unfit = err
	m.mutex.Unlock()
	switch {
	case err != nil && before == nil:
		m.log.Error("siblings cannot reach this box", "err", err)
	case err == nil && before != nil:
		m.log.Info("siblings can reach this box")
		m.announce()
	}
}

// listens tells whether a host listens at an address already.
func listens(h host.Host, a ma.Multiaddr) bool {
	return slices.ContainsFunc(h.Network().ListenAddresses(), a.Equal)
}

// splitListen reads what the owner says to listen at.
func splitListen(listen string) (address netip.AddrPort, all bool, err error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return address, false, fmt.Errorf("listen at %q: %w", listen, err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return address, false, fmt.Errorf("listen at %q: the port is no number", listen)
	}
	if host == "" {
		return netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(n)), true, nil
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return address, false, fmt.Errorf("listen at %q: %w", listen, err)
	}
	return netip.AddrPortFrom(a, uint16(n)), false, nil
}

// portOf is the TCP port that a host listens at, or 0.
func portOf(h host.Host) int {
	if h == nil {
		return 0
	}
	for _, a := range h.Network().ListenAddresses() {
		if p, err := a.ValueForProtocol(ma.P_TCP); err == nil {
			n, _ := strconv.Atoi(p)
			return n
		}
	}
	return 0
}

// twin is a key that was seen on two boxes.
type twin struct {
	seen  time.Time
	where string
}

// twinTime is how long nobody is let in with a key that was seen on two boxes. It begins
// anew each time that it is seen again.
const twinTime = 2 * time.Minute

func (t twin) holds(now time.Time) bool { return !t.seen.IsZero() && now.Sub(t.seen) < twinTime }

// twinCalled is told by the gater that somebody with our own key called. Unless that was this
// process, which looked at what turned out to be an address of its own, there is a second one.
func (m *Mesh) twinCalled(from ma.Multiaddr) {
	p, ok := addrPort(from)
	m.mutex.Lock()
	_, ours := m.looks[unzoned(p)]
	if ok && ours {
		m.looks[unzoned(p)] = true
	}
	m.mutex.Unlock()
	if !ok || !ours {
		m.doubled(m.id.ID, from.String())
	}
}

// look asks who is at an address. Where our own key answers, and not this process, it is on
// two boxes.
func (m *Mesh) look(ctx context.Context, address string) (sight, error) {
	var from netip.AddrPort
	s, err := look(ctx, m.id, address, func(local netip.AddrPort) {
		from = local
		m.mutex.Lock()
		m.looks[from] = false
		m.mutex.Unlock()
	})
	// The gater hears of the call before the other side hangs up.
	m.mutex.Lock()
	ourselves := m.looks[from]
	delete(m.looks, from)
	m.mutex.Unlock()
	if err == nil && s.ID == m.id.ID && !ourselves {
		m.doubled(s.ID, s.Address.String())
	}
	return s, err
}

// ownIP tells whether an address is one of this machine.
func (m *Mesh) ownIP(ip netip.Addr) bool {
	own, err := net.InterfaceAddrs()
	return err == nil && slices.ContainsFunc(own, func(a net.Addr) bool {
		p, err := netip.ParsePrefix(a.String())
		return err == nil && p.Addr().Unmap().WithZone("") == ip.Unmap().WithZone("")
	})
}

// doubled shuts out a key that is on two boxes: which of them is meant nobody can tell.
func (m *Mesh) doubled(p peer.ID, where string) {
	m.mutex.Lock()
	news := !m.twins[p].holds(time.Now())
	m.twins[p] = twin{time.Now(), where}
	h := m.host
	m.mutex.Unlock()
	if !news {
		return
	}
	if p == m.id.ID {
		m.log.Error("another box has this box's key: a copied card or disk. The mesh is shut until one of them has a key of its own", "other", where, "delete", m.dir)
	} else {
		m.log.Error("two boxes have one key: a copied card or disk. Neither is let in until one of them has a key of its own", "box", m.nameOf(p), "where", where)
	}
	if h == nil {
		return
	}
	for _, c := range h.Network().Conns() {
		if c.RemotePeer() == p || p == m.id.ID {
			go c.Close()
		}
	}
}

func (m *Mesh) nameOf(p peer.ID) string {
	for _, b := range slices.Concat(m.members.All(), m.members.Revoked()) {
		if b.ID == p {
			return b.Name
		}
	}
	return p.String()
}
