package lan

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/grandcat/zeroconf"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/mesh"
)

const (
	service = "_cricket._tcp"
	domain  = "local."

	lookTime  = 5 * time.Second
	lookEvery = 30 * time.Second
	// settle is how long a change of the network rests before it counts: interfaces and
	// their addresses come in bursts.
	settle = time.Second
	// maxStrangers is how many boxes that are no siblings one look takes.
	maxStrangers = 64
	// maxBoxAddresses is how many addresses of one box are taken.
	maxBoxAddresses = 8
	// unheard is after how many looks that did not find this box itself multicast is
	// said to be blocked.
	unheard = 2
)

// Finder is a [mesh.Finder] for the local network.
type Finder struct {
	settle time.Duration

	mutex sync.Mutex
	deaf  int   // looks in a row that did not find this box itself
	err   error // why it cannot look
}

// New makes a Finder that does nothing yet.
func New() *Finder { return &Finder{settle: settle} }

// Check says what is wrong with looking, or nil.
func (f *Finder) Check() error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.err != nil {
		return f.err
	}
	if f.deaf >= unheard {
		return errors.New("this box does not hear its own announcement")
	}
	return nil
}

// Run announces this box, unless it has no port, and looks for others until ctx ends.
func (f *Finder) Run(ctx context.Context, self mesh.Announcement, found func(mesh.Hint), changed func()) error {
	events, stop, err := watch()
	if err != nil {
		return err
	}
	defer stop()
	var announcer announcer
	defer announcer.end()
	every := time.NewTicker(lookEvery)
	defer every.Stop()
	for {
		nets, err := networks()
		if err == nil && (self.Port != 0 || self.Pair != 0) {
			err = announcer.announce(self, nets)
		}
		f.mutex.Lock()
		f.err = err
		f.mutex.Unlock()
		looking, stop := context.WithTimeout(ctx, lookTime)
		looked := make(chan struct{})
		go func() {
			defer close(looked)
			if err == nil {
				f.look(looking, self, nets, found)
			}
		}()
		select {
		case <-ctx.Done():
		case <-every.C:
		case <-events:
			f.rest(ctx, events)
			changed()
		}
		stop()
		<-looked
		if ctx.Err() != nil {
			return nil
		}
	}
}

// rest waits until a burst of changes is over.
func (f *Finder) rest(ctx context.Context, events <-chan struct{}) {
	quiet := time.NewTimer(f.settle)
	defer quiet.Stop()
	select {
	case <-ctx.Done():
	case <-quiet.C:
	}
	select {
	case <-events:
	default:
	}
}

// look browses once, over IPv4 and IPv6, of which a machine may have only one.
func (f *Finder) look(ctx context.Context, self mesh.Announcement, nets []network, found func(mesh.Hint)) {
	var errs []error
	var group sync.WaitGroup
	l := &looking{self: self.ID, nets: nets, found: found, known: self.Known, hints: map[peer.ID]mesh.Hint{}}
	for _, family := range []zeroconf.IPType{zeroconf.IPv4, zeroconf.IPv6} {
		// One resolver for both would leave the socket of the one open where the other fails.
		r, err := zeroconf.NewResolver(zeroconf.SelectIPTraffic(family), zeroconf.SelectIfaces(interfaces(nets)))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		entries := make(chan *zeroconf.ServiceEntry)
		group.Go(func() { // the channel is closed when ctx ends, also where Browse fails
			for e := range entries {
				l.take(e)
			}
		})
		if err := r.Browse(ctx, service, domain, entries); err != nil {
			errs = append(errs, err)
		}
	}
	group.Wait()
	f.mutex.Lock()
	defer f.mutex.Unlock()
	switch {
	case self.Port == 0 && self.Pair == 0 || l.heardSelf:
		f.deaf = 0
	case ctx.Err() == context.DeadlineExceeded: // a look that was cut short says nothing
		f.deaf++
	}
	if len(errs) == 2 {
		f.err = fmt.Errorf("look for boxes in the network: %w", errors.Join(errs...))
	}
}

// looking is what one look has found.
type looking struct {
	self  peer.ID
	nets  []network
	known func(peer.ID) bool
	found func(mesh.Hint)

	mutex     sync.Mutex
	hints     map[peer.ID]mesh.Hint
	strangers int
	heardSelf bool
}

// take takes an announcement, which anybody may have made.
func (l *looking) take(e *zeroconf.ServiceEntry) {
	h, ok := l.hint(e)
	if !ok {
		return
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	old, again := l.hints[h.ID]
	if again && slices.Equal(old.Addresses, h.Addresses) && old.Pair == h.Pair {
		return
	}
	sibling := l.known != nil && l.known(h.ID) || h.ID == l.self
	if !again && !sibling {
		if l.strangers == maxStrangers {
			return
		}
		l.strangers++
	}
	l.hints[h.ID] = h
	l.heardSelf = l.heardSelf || h.ID == l.self
	l.found(h)
}

// hint reads an announcement.
func (l *looking) hint(e *zeroconf.ServiceEntry) (mesh.Hint, bool) {
	var h mesh.Hint
	if e.Port <= 0 || e.Port > 65535 {
		return h, false
	}
	for _, t := range e.Text {
		switch key, value, _ := strings.Cut(t, "="); key {
		case "id":
			id, err := peer.Decode(value)
			if err != nil {
				return h, false
			}
			h.ID = id
		case "pair":
			n, err := strconv.ParseUint(value, 10, 16)
			if err != nil {
				return h, false
			}
			h.Pair = int(n)
		}
	}
	for _, ip := range slices.Concat(e.AddrIPv4, e.AddrIPv6) {
		a, ok := netip.AddrFromSlice(ip)
		if a = a.Unmap(); !ok || a.IsUnspecified() || a.IsMulticast() {
			continue
		}
		zones := []string{""}
		if a.Is6() && a.IsLinkLocalUnicast() { // in which network it is, the entry does not say
			zones = names(l.nets)
		}
		for _, zone := range zones {
			if len(h.Addresses) < maxBoxAddresses {
				h.Addresses = append(h.Addresses, netip.AddrPortFrom(a.WithZone(zone), uint16(e.Port)))
			}
		}
	}
	return h, h.ID != "" && len(h.Addresses) > 0
}

// announcer tells the network of this box, and anew where the network is another.
type announcer struct {
	server *zeroconf.Server
	nets   []network
}

func (a *announcer) announce(self mesh.Announcement, nets []network) error {
	if a.server != nil && same(a.nets, nets) {
		return nil
	}
	a.end()
	if len(nets) == 0 {
		return errors.New("announce this box: there is no network that multicast can go to")
	}
	text := []string{"id=" + self.ID.String()}
	port := self.Port
	if self.Pair != 0 {
		text = append(text, fmt.Sprint("pair=", self.Pair))
	}
	if port == 0 {
		port = self.Pair
	}
	id := self.ID.String()
	// The host's name is not the machine's: two machines may have one. The time to live stays
	// the library's hour, because setting it is a data race with what Register started; we
	// never ask a cache, and other boxes look anew.
	server, err := zeroconf.RegisterProxy(id, service, domain, port, "cricket-"+id[len(id)-12:], addresses(nets), text, interfaces(nets))
	if err != nil {
		return fmt.Errorf("announce this box: %w", err)
	}
	a.server, a.nets = server, nets
	return nil
}

func (a *announcer) end() {
	if a.server != nil {
		a.server.Shutdown()
		a.server, a.nets = nil, nil
	}
}

// network is an interface that multicast goes through, with its addresses.
type network struct {
	net.Interface
	addrs []netip.Addr
}

func (n network) equal(o network) bool {
	return n.Index == o.Index && n.Name == o.Name && n.Flags == o.Flags && slices.Equal(n.addrs, o.addrs)
}

// networks are those of this machine, without the bridges and cables that container engines
// make: their addresses are the same on many machines.
func networks() ([]network, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list networks: %w", err)
	}
	var out []network
	for _, i := range all {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagMulticast == 0 || i.Flags&net.FlagLoopback != 0 || container(i.Name) {
			continue
		}
		n := network{Interface: i}
		addrs, err := i.Addrs()
		if err != nil { // it went away
			continue
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				n.addrs = append(n.addrs, p.Addr())
			}
		}
		if len(n.addrs) > 0 {
			slices.SortFunc(n.addrs, netip.Addr.Compare)
			out = append(out, n)
		}
	}
	return out, nil
}

func container(name string) bool {
	return strings.HasPrefix(name, "docker") || strings.HasPrefix(name, "veth") || strings.HasPrefix(name, "br-") || strings.HasPrefix(name, "virbr")
}

func interfaces(nets []network) []net.Interface {
	var out []net.Interface
	for _, n := range nets {
		out = append(out, n.Interface)
	}
	return out
}

func names(nets []network) []string {
	var out []string
	for _, n := range nets {
		out = append(out, n.Name)
	}
	return out
}

func addresses(nets []network) []string {
	var out []string
	for _, n := range nets {
		for _, a := range n.addrs {
			out = append(out, a.String())
		}
	}
	return out
}

func same(a, b []network) bool { return slices.EqualFunc(a, b, network.equal) }
