package mesh

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/core/protocol"
	blankhost "github.com/libp2p/go-libp2p/p2p/host/blank"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"github.com/multiformats/go-multistream"

	"github.com/cricket-home/cricket/mesh/pairing"
)

const (
	pairingProtocol = protocol.ID("/cricket/pair/1")
	// pairTime is how long the two boxes may take for all of it, once the code is typed.
	pairTime = 20 * time.Second
	// callers is how many boxes may try a code at the same time.
	callers = 8
)

// Paired is what came of pairing.
type Paired struct {
	ID        peer.ID
	Name      string
	OwnerCode string // shown once: only where a home began
}

// Invitation is a code that is being shown.
type Invitation struct {
	Code      pairing.Code
	Addresses []netip.AddrPort // where the other box can reach this one
	End       time.Time
}

// meeting is what the two boxes tell each other when the code was right.
type meeting struct {
	Name  string `json:"name"`
	Home  string `json:"home"`  // "": in none
	Ours  bool   `json:"ours"`  // it is a member of that home, and was not revoked
	Port  int    `json:"port"`  // where it listens for siblings; 0: not yet
	Error string `json:"error"` // why it does not go on
}

// Show shows a code, until another box was paired by it, three were wrong, or two minutes
// are over. Told is called with the code when it counts.
func (m *Mesh) Show(ctx context.Context, told func(Invitation)) (Paired, error) {
	select {
	case m.showing <- struct{}{}:
		defer func() { <-m.showing }()
	default:
		return Paired{}, errors.New("pair: a code is shown already")
	}
	h, err := m.newPairingHost(func(network.Direction, peer.ID) bool { return true })
	if err != nil {
		return Paired{}, err
	}
	defer h.Close()
	if err := m.listenForPairing(h); err != nil {
		return Paired{}, err
	}
	window := pairing.NewWindow(time.Now())
	ctx, cancel := context.WithDeadline(ctx, window.End())
	defer cancel()
	type outcome struct {
		Paired
		err error
	}
	done := make(chan outcome, 1)
	var wrong sync.Once
	full := make(chan struct{})
	h.SetStreamHandler(pairingProtocol, func(s network.Stream) {
		defer s.Close()
		s.SetDeadline(time.Now().Add(pairTime))
		if err := pairing.Show(s, window, time.Now, m.id.ID, s.Conn().RemotePeer()); err != nil {
			s.Reset()
			m.log.Warn("a box tried to be paired", "from", s.Conn().RemoteMultiaddr(), "err", err)
			if errors.Is(window.Err(time.Now()), pairing.ErrTries) {
				wrong.Do(func() { close(full) })
			}
			return
		}
		p, err := m.meet(s, true)
		done <- outcome{p, err} // at most one: the window is used
	})
	m.setPair(portOf(h))
	defer m.setPair(0)
	told(Invitation{Code: window.Code(), Addresses: reachable(h), End: window.End()})
	select {
	case o := <-done:
		return o.Paired, o.err
	case <-full:
		return Paired{}, pairing.ErrTries
	case <-ctx.Done():
		if err := window.Err(time.Now()); err != nil && !errors.Is(err, pairing.ErrUsed) {
			return Paired{}, err
		} else if err != nil { // it is about to end
			o := <-done
			return o.Paired, o.err
		}
		return Paired{}, fmt.Errorf("pair: %w", ctx.Err())
	}
}

func (m *Mesh) setPair(port int) {
	m.mutex.Lock()
	m.pair = port
	m.mutex.Unlock()
	m.announce()
}

// listenForPairing takes the port after the one for siblings, or any other.
func (m *Mesh) listenForPairing(h *pairingHost) error {
	address, all, err := splitListen(m.options.Listen)
	if err != nil {
		return err
	}
	var faults []error
	for _, port := range []uint16{address.Port() + 1, 0} {
		if address.Port() == 0 {
			port = 0
		}
		for _, a := range listenOn(netip.AddrPortFrom(address.Addr(), port), all) {
			if _, err := a.ValueForProtocol(ma.P_TCP); err == nil {
				faults = append(faults, h.Network().Listen(a))
			}
		}
		if portOf(h) != 0 {
			return nil
		}
	}
	return fmt.Errorf("pair: %w", errors.Join(faults...))
}

// reachable are the addresses at which another machine reaches a host, the ones of this
// machine alone last.
func reachable(h *pairingHost) []netip.AddrPort {
	addrs, err := h.Network().InterfaceListenAddresses()
	if err != nil {
		return nil
	}
	var out []netip.AddrPort
	for _, a := range addrs {
		if p, ok := addrPort(a); ok && !p.Addr().IsLinkLocalUnicast() {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b netip.AddrPort) int {
		if l, o := a.Addr().IsLoopback(), b.Addr().IsLoopback(); l != o {
			if l {
				return 1
			}
			return -1
		}
		return a.Compare(b)
	})
	return out
}

// Enter takes the code that another box shows, at an address or, where it is "", wherever
// one in the network shows a code.
func (m *Mesh) Enter(ctx context.Context, code pairing.Code, address string) (Paired, error) {
	if address == "" {
		var err error
		if address, err = m.findPairing(ctx); err != nil {
			return Paired{}, err
		}
	}
	address = withPort(address, Port+1)
	there, err := m.look(ctx, address)
	if err != nil {
		return Paired{}, fmt.Errorf("pair: %w", err)
	}
	if there.ID == m.id.ID {
		return Paired{}, fmt.Errorf("pair: the box at %s has the same key as this one: it is this box itself, or its card was copied; then delete %s on one of them", address, m.dir)
	}
	h, err := m.newPairingHost(func(d network.Direction, p peer.ID) bool { return d == network.DirOutbound && p == there.ID })
	if err != nil {
		return Paired{}, err
	}
	defer h.Close()
	ctx, cancel := context.WithTimeout(ctx, pairTime)
	defer cancel()
	h.Peerstore().AddAddr(there.ID, there.Address, peerstore.TempAddrTTL)
	c, err := h.Network().DialPeer(ctx, there.ID)
	if err != nil {
		return Paired{}, fmt.Errorf("pair: reach %s: %w", address, err)
	}
	s, err := c.NewStream(ctx)
	if err != nil {
		return Paired{}, fmt.Errorf("pair: the box at %s hung up: %w", address, err)
	}
	defer s.Close()
	s.SetDeadline(time.Now().Add(pairTime))
	if _, err := multistream.SelectOneOf([]protocol.ID{pairingProtocol}, io.ReadWriteCloser(s)); err != nil {
		return Paired{}, fmt.Errorf("pair: the box at %s shows no code: %w", address, err)
	}
	if err := pairing.Enter(s, code, m.id.ID, there.ID); err != nil {
		s.Reset()
		return Paired{}, err
	}
	return m.meet(s, false)
}

// findPairing is where a box of the network shows a code.
func (m *Mesh) findPairing(ctx context.Context) (string, error) {
	const again = "; give its address: cricket mesh pair CODE ADDRESS"
	if m.options.Finder == nil {
		return "", errors.New("pair: looking for boxes in the network is off" + again)
	}
	ctx, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	var mutex sync.Mutex
	found := map[peer.ID]string{}
	err := m.options.Finder.Run(ctx, Announcement{}, func(h Hint) {
		if h.Pair == 0 || h.ID == m.id.ID {
			return
		}
		for _, a := range h.Addresses { // the first that answers
			address := netip.AddrPortFrom(a.Addr(), uint16(h.Pair)).String()
			if s, err := m.look(ctx, address); err == nil && s.ID == h.ID {
				mutex.Lock()
				found[h.ID] = address
				mutex.Unlock()
				return
			}
		}
	}, func() {})
	mutex.Lock()
	defer mutex.Unlock()
	switch {
	case len(found) == 1:
		for _, address := range found {
			return address, nil
		}
	case len(found) > 1:
		return "", fmt.Errorf("pair: %d boxes in the network show a code%s", len(found), again)
	case err != nil && ctx.Err() == nil:
		return "", fmt.Errorf("pair: look for the other box: %w%s", err, again)
	}
	return "", errors.New("pair: no box in this network says that it shows a code" + again)
}

// findTime is how long boxes that show a code have to answer.
const findTime = 6 * time.Second

// meet makes the two boxes of a stream, who have proved the code to each other, members of one
// home. The one that shows begins it where neither has one.
func (m *Mesh) meet(s network.Stream, shows bool) (Paired, error) {
	other := s.Conn().RemotePeer()
	ours := meeting{Name: m.options.Name, Home: m.members.Home(), Ours: m.members.Paired(), Port: portOf(m.Host())}
	if ours.Port == 0 { // it will be listening in a moment
		if a, _, err := splitListen(m.options.Listen); err == nil {
			ours.Port = int(a.Port())
		}
	}
	if err := writeFrame(s, ours); err != nil {
		return Paired{}, fmt.Errorf("pair: the other box hung up: %w", err)
	}
	var theirs meeting
	if err := readFrame(s, 4096, &theirs); err != nil {
		return Paired{}, fmt.Errorf("pair: the other box hung up: %w", err)
	}
	p := Paired{ID: other, Name: CleanName(theirs.Name)}
	admits, err := admitting(ours, theirs, shows)
	if err != nil {
		return p, err
	}
	if admits {
		p.OwnerCode, err = m.admit(s, other, theirs.Name)
	} else {
		err = m.join(s, other)
	}
	if err != nil {
		return p, err
	}
	p.Name = m.nameOf(other)
	if address := reachedPaired(s.Conn(), theirs.Port); address != nil {
		if err := m.addresses.reached(other, address, m.now()); err != nil {
			m.log.Warn("where a sibling was reached is not remembered", "err", err)
		}
	}
	m.log.Info("paired", "box", p.Name)
	m.dialNow()
	return p, nil
}

// reachedPaired is where the other side of a pairing listens for siblings.
func reachedPaired(c network.Conn, port int) ma.Multiaddr {
	ip, err := manet.ToIP(c.RemoteMultiaddr())
	if err != nil || port <= 0 || port > 65535 {
		return nil
	}
	a, err := manet.FromNetAddr(&net.TCPAddr{IP: ip, Port: port})
	if err != nil {
		return nil
	}
	return a
}

// admitting tells whether this box takes the other one in, or the other way round.
func admitting(ours, theirs meeting, shows bool) (bool, error) {
	switch {
	case ours.Home != "" && !ours.Ours:
		return false, errors.New("pair: this box was revoked from its home: delete the folder mesh of its state directory, restart cricket, and pair it again")
	case theirs.Home != "" && !theirs.Ours:
		return false, errors.New("pair: the other box was revoked from its home: delete the folder mesh of its state directory, restart cricket there, and pair it again")
	case ours.Home == theirs.Home:
		return shows, nil
	case theirs.Home == "":
		return true, nil
	case ours.Home == "":
		return false, nil
	}
	return false, errors.New("pair: the two boxes belong to different homes: on the one that is to move, delete the folder mesh of its state directory, restart cricket, and pair it again")
}

// admit takes the other box in and tells it of the home.
func (m *Mesh) admit(s network.Stream, other peer.ID, name string) (code string, err error) {
	if m.members.Home() == "" {
		if code, err = m.members.Begin(m.options.Name); err != nil {
			return "", err
		}
	}
	if err := m.members.Admit(other, name); err != nil {
		writeFrame(s, welcome{Error: err.Error()})
		return code, err
	}
	state, err := m.members.State()
	if err == nil {
		err = writeFrame(s, welcome{State: state})
	}
	var joined welcome
	if err == nil {
		err = readFrame(s, 4096, &joined)
	}
	if err != nil {
		return code, fmt.Errorf("pair: the other box hung up; pair it again: %w", err)
	}
	if joined.Error != "" {
		return code, fmt.Errorf("pair: the other box says: %s", clean(joined.Error, 300))
	}
	return code, nil
}

// welcome is how the two come to an end: the home's members one way, and whether they were
// taken in the other.
type welcome struct {
	State json.RawMessage `json:"state,omitempty"`
	Error string          `json:"error,omitempty"`
}

func (m *Mesh) join(s network.Stream, other peer.ID) error {
	var w welcome
	if err := readFrame(s, maxHello, &w); err != nil {
		return fmt.Errorf("pair: the other box hung up: %w", err)
	}
	if w.Error != "" {
		return fmt.Errorf("pair: the other box says: %s", clean(w.Error, 300))
	}
	var err error
	if m.members.Home() == "" {
		err = m.members.Join(w.State, other)
	} else {
		_, err = m.members.Merge(w.State)
	}
	var answer welcome
	if err != nil {
		answer.Error = err.Error()
	}
	if err := errors.Join(err, writeFrame(s, answer)); err != nil {
		return err
	}
	s.CloseWrite()
	io.Copy(io.Discard, s) // until the other has read it: closing the host would cut it off
	return nil
}

// pairingHost has one protocol, and tells nobody even that.
type pairingHost struct {
	*blankhost.BlankHost
	peers *peers
}

func (h *pairingHost) Close() error {
	return errors.Join(h.BlankHost.Close(), h.peers.quic.Close(), h.peers.Peerstore().Close(), h.peers.ResourceManager().Close())
}

// newPairingHost makes a host that listens nowhere yet, for whom allow admits.
func (m *Mesh) newPairingHost(allow func(network.Direction, peer.ID) bool) (*pairingHost, error) {
	gate := &pairingGate{self: m.id.ID, twin: m.twinCalled, allow: allow}
	n, err := newNetwork(m.id, gate)
	if err != nil {
		return nil, err
	}
	h := &pairingHost{blankhost.NewBlankHost(n.Swarm, blankhost.WithEventBus(n.bus)), n}
	gate.busy = func() bool { return len(n.Conns()) >= callers }
	return h, nil
}

type pairingGate struct {
	self  peer.ID
	twin  func(ma.Multiaddr) // somebody with our own key called from here
	allow func(network.Direction, peer.ID) bool
	busy  func() bool
}

func (g *pairingGate) InterceptPeerDial(p peer.ID) bool { return g.allow(network.DirOutbound, p) }
func (g *pairingGate) InterceptAddrDial(p peer.ID, _ ma.Multiaddr) bool {
	return g.allow(network.DirOutbound, p)
}
func (g *pairingGate) InterceptAccept(network.ConnMultiaddrs) bool { return true }
func (g *pairingGate) InterceptSecured(d network.Direction, p peer.ID, c network.ConnMultiaddrs) bool {
	if p == g.self {
		g.twin(c.RemoteMultiaddr())
		return false
	}
	return g.allow(d, p) && !g.busy()
}
func (g *pairingGate) InterceptUpgraded(c network.Conn) (bool, control.DisconnectReason) {
	return g.allow(c.Stat().Direction, c.RemotePeer()), 0
}
