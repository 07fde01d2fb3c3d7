package mesh

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"github.com/multiformats/go-multistream"
)

// membersProtocol is how siblings tell each other who belongs to the home: one frame
// each way, on connecting and with every change.
const membersProtocol = protocol.ID("/cricket/members/1")

const (
	tellTime = 5 * time.Second
	// clockApart is from where on the doctor speaks of clocks that differ.
	clockApart = 5 * time.Minute
)

// hello is the frame.
type hello struct {
	Name     string          `json:"name"`
	Instance string          `json:"instance"` // of the process
	Time     int64           `json:"time"`     // seconds since 1970, by the sender's clock
	Port     int             `json:"port"`     // where it listens; 0: nowhere
	State    json.RawMessage `json:"state"`
}

// sibling is what this box knows of another one that it heard.
type sibling struct {
	instances map[network.Conn]string
	apart     time.Duration // its clock minus ours
	fault     error         // why nothing is told, or it cannot be reached
}

func (m *Mesh) hello() (hello, error) {
	state, err := m.members.State()
	return hello{Name: m.options.Name, Instance: m.instance, Time: m.now().Unix(), Port: portOf(m.Host()), State: state}, err
}

// tell answers a sibling that tells.
func (m *Mesh) tell(s network.Stream) {
	defer s.Close()
	s.SetDeadline(time.Now().Add(tellTime))
	var theirs hello
	err := readFrame(s, maxHello, &theirs)
	if err == nil {
		var ours hello
		if ours, err = m.hello(); err == nil { // before theirs is taken: who revokes us is answered, too
			err = writeFrame(s, ours)
		}
	}
	if err == nil {
		err = m.hear(s.Conn(), theirs)
	}
	if err != nil {
		s.Reset()
		m.failed(s.Conn().RemotePeer(), fmt.Errorf("listen to it: %w", err))
	}
}

// maxHello is how long a hello may be.
const maxHello = maxState + 4096

// ask tells a sibling over one connection, and returns what it answers.
func (m *Mesh) ask(ctx context.Context, c network.Conn) (hello, error) {
	var theirs hello
	ctx, cancel := context.WithTimeout(ctx, tellTime)
	defer cancel()
	s, err := c.NewStream(ctx)
	if err != nil {
		return theirs, err
	}
	defer s.Close()
	s.SetDeadline(time.Now().Add(tellTime))
	if err = s.SetProtocol(membersProtocol); err == nil {
		_, err = multistream.SelectOneOf([]protocol.ID{membersProtocol}, io.ReadWriteCloser(s))
	}
	var ours hello
	if err == nil {
		ours, err = m.hello()
	}
	if err == nil {
		err = writeFrame(s, ours)
	}
	if err == nil {
		err = readFrame(s, maxHello, &theirs)
	}
	if err != nil {
		s.Reset()
		if _, other := errors.AsType[multistream.ErrNotSupported[protocol.ID]](err); other {
			return theirs, fmt.Errorf("%w: it does not speak %s", errVersion, membersProtocol)
		}
	}
	return theirs, err
}

var errVersion = errors.New("it runs another version of cricket, which this one cannot talk to: update the older one")

// hear takes what a sibling told over a connection.
func (m *Mesh) hear(c network.Conn, h hello) error {
	p := c.RemotePeer()
	if _, err := m.members.Merge(h.State); err != nil {
		return err
	}
	if !m.members.Has(p) { // it told us of its own end
		go c.Close()
		return nil
	}
	m.mutex.Lock()
	s := m.sibling(p)
	s.apart, s.fault = time.Unix(h.Time, 0).Sub(m.now()).Round(time.Second), nil
	s.instances[c] = h.Instance
	if c.IsClosed() { // disconnected may have been told already
		delete(s.instances, c)
	}
	var other network.Conn
	for o, instance := range s.instances {
		if o != c && instance != h.Instance {
			other = o
		}
	}
	m.mutex.Unlock()
	if other != nil {
		go m.compare(c, other)
	}
	if address := reachedAt(c, h.Port); address != nil {
		if err := m.addresses.reached(p, address, m.now()); err != nil {
			m.log.Warn("where a sibling was reached is not remembered", "err", err)
		}
	}
	return nil
}

// compare asks on two connections that came from two processes with one key. One that has
// ended does not answer; two that answer are two boxes.
func (m *Mesh) compare(a, b network.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), tellTime)
	defer cancel()
	first, errA := m.ask(ctx, a)
	second, errB := m.ask(ctx, b)
	for _, c := range []struct {
		network.Conn
		err error
	}{{a, errA}, {b, errB}} {
		if c.err != nil {
			c.Close()
		}
	}
	if errA == nil && errB == nil && first.Instance != second.Instance {
		m.doubled(a.RemotePeer(), a.RemoteMultiaddr().String()+" and "+b.RemoteMultiaddr().String())
	}
}

// reachedAt is where the other side of a connection can be dialled.
func reachedAt(c network.Conn, port int) ma.Multiaddr {
	if c.Stat().Direction == network.DirOutbound {
		if hostPort(c.RemoteMultiaddr()) == "" {
			return nil
		}
		return c.RemoteMultiaddr()
	}
	ip, err := manet.ToIP(c.RemoteMultiaddr())
	if err != nil || behindRelay(c.RemoteMultiaddr()) || port <= 0 || port > 65535 {
		return nil
	}
	host, err := manet.FromIP(ip)
	if err != nil {
		return nil
	}
	tcp, err := ma.NewComponent("tcp", fmt.Sprint(port))
	if err != nil {
		return nil
	}
	return host.AppendComponent(tcp)
}

// sibling is made with the first word of it. The mutex is held.
func (m *Mesh) sibling(p peer.ID) *sibling {
	s := m.heard[p]
	if s == nil {
		s = &sibling{instances: map[network.Conn]string{}}
		m.heard[p] = s
	}
	return s
}

func (m *Mesh) failed(p peer.ID, err error) {
	m.mutex.Lock()
	m.sibling(p).fault = err
	m.mutex.Unlock()
	m.log.Debug("sibling not told", "box", m.nameOf(p), "err", err)
}

func (m *Mesh) connected(_ network.Network, c network.Conn) {
	if c.Stat().Direction != network.DirOutbound {
		return // the one that dialled begins
	}
	go m.tellOver(c)
}

func (m *Mesh) tellOver(c network.Conn) {
	if !m.members.Has(c.RemotePeer()) { // a rendezvous peer
		return
	}
	theirs, err := m.ask(context.Background(), c)
	if err == nil {
		err = m.hear(c, theirs)
	}
	if err != nil && !c.IsClosed() {
		m.failed(c.RemotePeer(), fmt.Errorf("tell it who belongs to the home: %w", err))
	}
}

func (m *Mesh) disconnected(n network.Network, c network.Conn) {
	m.mutex.Lock()
	delete(m.sibling(c.RemotePeer()).instances, c)
	m.mutex.Unlock()
	if n.Connectedness(c.RemotePeer()) != network.Connected {
		m.dialNow()
	}
}

// keepTelling tells all siblings that are reached of each change, and hangs up on those
// that are none any more, which comes first.
func (m *Mesh) keepTelling(ctx context.Context) {
	for {
		changed := m.members.Changed()
		told := map[peer.ID]bool{}
		for _, c := range m.host.Network().Conns() {
			p := c.RemotePeer()
			if !m.gate.admits(p) {
				c.Close()
			} else if !told[p] {
				told[p] = true
				go m.tellOver(c)
			}
		}
		if err := m.addresses.keepOnly(m.members.Siblings()); err != nil {
			m.log.Warn("addresses are not forgotten", "err", err)
		}
		m.dialNow()
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}
