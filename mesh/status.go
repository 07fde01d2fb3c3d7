package mesh

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Status is what the mesh is doing, for people.
type Status struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Home      string          `json:"home"`      // "": it was not paired
	Epoch     int             `json:"epoch"`     // how often the owner revoked somebody
	Revoked   bool            `json:"revoked"`   // this box was
	Listening []string        `json:"listening"` // the addresses
	Siblings  []SiblingStatus `json:"siblings"`

	Site       string             `json:"site,omitempty"`       // the house this box is in
	Rendezvous []RendezvousStatus `json:"rendezvous,omitempty"` // none: nothing leaves the local network
}

// SiblingStatus is one sibling.
type SiblingStatus struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Connected bool       `json:"connected"`
	Address   string     `json:"address,omitempty"`   // where it is, or was when it was last reached
	Transport string     `json:"transport,omitempty"` // tcp or quic-v1
	Reached   *time.Time `json:"reached,omitempty"`   // when it was last reached, by this box's clock
	Voucher   string     `json:"voucher"`             // the name of the box that admitted it
	Fault     string     `json:"fault,omitempty"`     // why it is not connected
}

// Status looks at everything once.
func (m *Mesh) Status() Status {
	home, epoch := m.members.Home(), m.members.Epoch()
	s := Status{ID: m.id.ID.String(), Name: m.options.Name, Home: home, Epoch: max(epoch, 0), Siblings: []SiblingStatus{}}
	for _, b := range m.members.Revoked() {
		s.Revoked = s.Revoked || b.ID == m.id.ID
	}
	h := m.Host()
	s.Site, s.Rendezvous = m.options.Site, m.rendezvousStatus()
	if h != nil {
		if own, err := h.Network().InterfaceListenAddresses(); err == nil {
			for _, a := range own {
				s.Listening = append(s.Listening, a.String())
			}
		}
	}
	for _, b := range m.members.All() {
		if b.ID == m.id.ID {
			s.Name = b.Name
			continue
		}
		s.Siblings = append(s.Siblings, m.siblingStatus(b))
	}
	return s
}

func (m *Mesh) siblingStatus(b Member) SiblingStatus {
	out := SiblingStatus{ID: b.ID.String(), Name: b.Name, Voucher: m.nameOf(b.Voucher)}
	if last, ok := m.addresses.last(b.ID); ok {
		out.Address, out.Reached = last.Address, &last.Success
	}
	if h := m.Host(); h != nil {
		for _, c := range h.Network().ConnsToPeer(b.ID) {
			out.Connected, out.Address, out.Transport = true, c.RemoteMultiaddr().String(), c.ConnState().Transport
		}
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if s := m.heard[b.ID]; s != nil && s.fault != nil && (!out.Connected || errors.Is(s.fault, errVersion)) {
		out.Fault = s.fault.Error()
	}
	if m.twins[b.ID].holds(time.Now()) {
		out.Fault = "its key is on two boxes"
	}
	return out
}

// Fault is something that is wrong, and what to do.
type Fault struct {
	Part string // "mesh", or the name of a sibling
	Text string
	Hint string

	Unreached peer.ID // a sibling of which nothing more is known; "": the fault is another
}

func fault(part, text, hint string) Fault { return Fault{Part: part, Text: text, Hint: hint} }

// Faults looks for what is wrong, and asks at the addresses of siblings that are not reached
// who answers there.
func (m *Mesh) Faults(ctx context.Context) []Fault {
	var out []Fault
	add := func(part, hint, format string, args ...any) {
		out = append(out, fault(part, fmt.Sprintf(format, args...), hint))
	}
	m.mutex.Lock()
	unfit, missed, twins := m.unfit, maps.Clone(m.missed), maps.Clone(m.twins)
	m.mutex.Unlock()
	if m.Status().Revoked {
		add("mesh", "delete "+m.dir+", restart cricket, and pair it again: cricket mesh pair", "this box was revoked from its home")
		return out
	}
	if unfit != nil {
		add("mesh", "ss -ltnup 'sport = :7420'; or listen elsewhere: mesh.listen in config.toml", "siblings cannot reach this box: %v", unfit)
	}
	now := m.now()
	if t := twins[m.id.ID]; t.holds(time.Now()) {
		add("mesh", "on the copied one delete "+m.dir+" and pair it again: cricket mesh pair", "the box at %s has the same key as this one: a copied card or disk. Neither is let in by its siblings", t.where)
	}
	if now.Year() < 2024 {
		add("mesh", "timedatectl", "the clock says %s: siblings are reached over TCP only", now.Format("2006-01-02"))
	}
	for _, address := range slices.Sorted(maps.Keys(missed)) {
		if err := missed[address]; err != nil {
			add("mesh", "correct mesh.peers in config.toml, or pair the box: cricket mesh pair", "%v", err)
		}
	}
	all := m.members.All()
	found := make([][]Fault, len(all))
	var group sync.WaitGroup
	for i, b := range all {
		if b.ID != m.id.ID {
			group.Go(func() { found[i] = m.faultsOf(ctx, b, twins[b.ID].holds(time.Now())) })
		}
	}
	group.Wait()
	out = append(out, slices.Concat(found...)...)
	for _, r := range m.gate.turnedAway() {
		add("mesh", "if it is yours, pair it: cricket mesh pair; if it was revoked, this is as it should be",
			"a box that is not paired with this one called %d times, from %s: %s", r.Times, r.Address, r.ID)
	}
	return append(append(out, m.rendezvousFaults()...), m.multicastFaults()...)
}

func (m *Mesh) faultsOf(ctx context.Context, b Member, twin bool) []Fault {
	m.mutex.Lock()
	var heard sibling
	if s := m.heard[b.ID]; s != nil {
		heard = *s
	}
	m.mutex.Unlock()
	h := m.Host()
	switch {
	case twin:
		return []Fault{fault(b.Name, "its key is on two boxes: a copied card or disk", "on the copied one delete the folder mesh of its state directory, and pair it again")}
	case errors.Is(heard.fault, errVersion):
		return []Fault{fault(b.Name, heard.fault.Error(), "cricket update check")}
	case h == nil:
		return nil
	case h.Network().Connectedness(b.ID) == network.Connected:
		if heard.apart.Abs() > clockApart {
			return []Fault{fault(b.Name, fmt.Sprintf("its clock is %v from this box's", heard.apart), "timedatectl, on both")}
		}
		return nil
	}
	return []Fault{m.unreached(ctx, b)}
}

// unreached says why a sibling is not connected, by asking who is where it should be.
func (m *Mesh) unreached(ctx context.Context, b Member) Fault {
	f := Fault{Part: b.Name, Unreached: b.ID, Hint: "is it switched on, and in this network? Its address helps where multicast is blocked: mesh.peers in config.toml"}
	var group sync.WaitGroup
	addrs := m.addressesOf(b.ID)
	sights, errs := make([]sight, len(addrs)), make([]error, len(addrs))
	for i, a := range addrs {
		if address := hostPort(a); address != "" {
			group.Go(func() { sights[i], errs[i] = m.look(ctx, address) })
		}
	}
	group.Wait()
	for i, s := range sights {
		address := hostPort(addrs[i])
		switch {
		case s.ID == b.ID && !s.LetsUsIn:
			return fault(b.Name, fmt.Sprintf("it is at %s and hangs up: it does not know this box any more", address), "pair the two again: cricket mesh pair; if the owner revoked this box, delete "+m.dir+" first")
		case s.ID == b.ID:
			return fault(b.Name, fmt.Sprintf("it is at %s and will be connected soon", address), "cricket mesh status")
		case s.ID != "":
			errs[i] = fmt.Errorf("at %s another box answers", address)
		}
	}
	f.Text = errNowhere.Error()
	m.mutex.Lock()
	announced := time.Since(m.hints[b.ID].at) < silentTime
	m.mutex.Unlock()
	if i := slices.IndexFunc(errs, swallowed); announced && i >= 0 {
		return fault(b.Name, fmt.Sprintf("it announces itself, and what this box sends to it is swallowed: the access point keeps its clients apart, or a firewall drops it: %v", errs[i]),
			"switch off client isolation (AP isolation) in the access point, and allow TCP and UDP port 7420 in the firewall of "+b.Name)
	}
	if err := errors.Join(errs...); err != nil {
		f.Text = "not reached: " + strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	return f
}

// silentTime is how long a sibling that is reached may not be heard announcing itself.
const silentTime = 3 * time.Minute

func (m *Mesh) multicastFaults() []Fault {
	h := m.Host()
	if m.options.Finder == nil || h == nil {
		return nil
	}
	const hint = "allow multicast (UDP port 5353) in the firewall, and between Wi-Fi clients in the access point; or give addresses: mesh.peers in config.toml"
	if err := m.options.Finder.Check(); err != nil {
		return []Fault{fault("mesh", fmt.Sprintf("multicast is blocked: %v", err), hint)}
	}
	m.mutex.Lock()
	hints := maps.Clone(m.hints)
	m.mutex.Unlock()
	var silent []peer.ID
	for _, p := range h.Network().Peers() {
		if !m.members.Has(p) || !m.isNear(p) { // who is elsewhere is not heard announcing itself
			continue
		}
		for _, c := range h.Network().ConnsToPeer(p) {
			if time.Since(c.Stat().Opened) > silentTime && time.Since(hints[p].at) > silentTime && !slices.Contains(silent, p) {
				silent = append(silent, p)
			}
		}
	}
	var out []Fault
	for _, p := range silent {
		out = append(out, fault(m.nameOf(p), "it is reached, but its announcements are not heard: multicast is blocked between the two, and a new address would not be found", hint))
	}
	return out
}

// Summary is the status in a sentence.
func (s Status) Summary() string {
	switch {
	case s.Revoked:
		return s.Name + " was revoked from its home."
	case s.Home == "":
		return s.Name + " is not paired with another box."
	case len(s.Siblings) == 0:
		return s.Name + " is the only box of its home."
	}
	connected := 0
	for _, b := range s.Siblings {
		if b.Connected {
			connected++
		}
	}
	return fmt.Sprintf("%s reaches %d of %d siblings.", s.Name, connected, len(s.Siblings))
}
