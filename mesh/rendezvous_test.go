package mesh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/cricket-home/cricket/mesh/wide"
)

// meetingPlace is a rendezvous peer for some boxes.
func meetingPlace(t *testing.T, boxes ...*cricket) *Rendezvous {
	t.Helper()
	id, err := OpenIdentity(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var ids []peer.ID
	for _, b := range boxes {
		ids = append(ids, b.ID())
	}
	r, err := OpenRendezvous(t.Context(), id, "127.0.0.1:0", ids)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// elsewhere is the same box after it was carried to another house: it listens at another
// port, and has forgotten where its siblings were.
func (c *cricket) elsewhere(port int, at ...*Rendezvous) *cricket {
	c.t.Helper()
	c.stop()
	if err := os.Remove(filepath.Join(c.dir, "mesh", addressFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		c.t.Fatal(err)
	}
	var listed []string
	for _, r := range at {
		listed = append(listed, r.Addresses()[0])
	}
	return startWith(c.t, Options{StateDir: c.dir, Name: c.options.Name, Listen: fmt.Sprint("127.0.0.1:", port), Rendezvous: listed, Site: "cabin"})
}

// keeps waits until a box has a place at the relay.
func (c *cricket) keeps(r *Rendezvous) {
	c.t.Helper()
	<-c.Started()
	timeout := time.After(time.Minute) // nothing is decided by it
	for !slices.Contains(r.Reached(), c.ID()) {
		select {
		case <-time.After(10 * time.Millisecond): // the other end of a connection: nobody here is told of it
		case <-timeout:
			c.t.Fatalf("it never reaches the rendezvous peer; its log:\n%s", c.log)
		}
	}
}

func TestTwoHousesMeetAtARendezvousPeer(t *testing.T) {
	hall, cabin := start(t, "Hall"), start(t, "Cabin")
	hall.pair(cabin)
	r := meetingPlace(t, hall, cabin)
	hall = hall.elsewhere(freePort(t), r)
	cabin = cabin.elsewhere(freePort(t), r)
	hall.keeps(r)
	cabin.keeps(r)
	hall.waits(func() bool {
		hall.wide.Meet(t.Context())
		cabin.wide.Meet(t.Context())
		return hall.Status().Siblings[0].Connected
	})
	if s := hall.Status(); s.Site != "cabin" || len(s.Rendezvous) != 1 || !s.Rendezvous[0].Connected || s.Rendezvous[0].Fault != "" {
		t.Errorf("the status says of the site and the rendezvous peer %q, %+v", s.Site, s.Rendezvous)
	}
}

// Both are behind routers that let nobody in: here, their ports are taken.
func TestTheRelayCarriesWhatNoDirectWayDoes(t *testing.T) {
	hall, cabin := start(t, "Hall"), start(t, "Cabin")
	hall.pair(cabin)
	r := meetingPlace(t, hall, cabin)
	hall = hall.elsewhere(takenPort(t), r)
	cabin = cabin.elsewhere(takenPort(t), r)
	hall.keeps(r)
	cabin.keeps(r)
	hall.waits(func() bool {
		hall.wide.Meet(t.Context())
		cabin.wide.Meet(t.Context())
		return hall.Status().Siblings[0].Connected
	})
	for _, c := range hall.Host().Network().ConnsToPeer(cabin.ID()) {
		if !behindRelay(c.RemoteMultiaddr()) {
			t.Errorf("they are connected by %s", c.RemoteMultiaddr())
		}
	}
	hall.waits(func() bool {
		_, asked := hall.ask(t.Context(), hall.Host().Network().ConnsToPeer(cabin.ID())[0])
		return asked == nil
	})
	if known := hall.addresses.of(cabin.ID()); len(known) > 0 {
		t.Errorf("the relay is remembered as where the box is: %v", known)
	}
}

// takenPort is one at which nobody else can listen, over TCP or UDP.
func takenPort(t *testing.T) int {
	t.Helper()
	for range 20 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		if u, err := net.ListenPacket("udp", l.Addr().String()); err == nil {
			t.Cleanup(func() { u.Close() })
			return l.Addr().(*net.TCPAddr).Port
		}
	}
	t.Fatal("no port is free over TCP and UDP")
	return 0
}

// A rendezvous peer that turned on its owner asks for everything there is.
func TestARendezvousPeerIsNoMember(t *testing.T) {
	hall, cabin := start(t, "Hall"), start(t, "Cabin")
	hall.pair(cabin)
	r := meetingPlace(t, hall, cabin)
	hall = hall.elsewhere(freePort(t), r)
	<-hall.Started()
	var told int
	secret := protocol.ID("/cricket/secret/1")
	hall.Host().SetStreamHandler(secret, func(s network.Stream) { told++; s.Write([]byte("milk")); s.Close() })
	hall.Host().SetStreamHandlerMatch("/cricket/match/1", func(p protocol.ID) bool { return p == "/cricket/match/1" },
		func(s network.Stream) { told++; s.Write([]byte("milk")); s.Close() })
	hall.keeps(r)
	bare := r.host.(*meshHost).BasicHost // without the fence of an honest one
	for _, id := range []protocol.ID{secret, "/cricket/match/1", membersProtocol} {
		s, err := bare.NewStream(t.Context(), hall.ID(), id)
		if err != nil {
			continue
		}
		s.SetDeadline(time.Now().Add(20 * time.Second))
		if n, err := s.Read(make([]byte, 1)); n > 0 || err == nil {
			t.Errorf("over %s it is answered", id)
		}
	}
	if told > 0 {
		t.Errorf("%d protocols of the home began", told)
	}
	if _, err := hall.Host().NewStream(t.Context(), r.host.ID(), "/meshsub/1.1.0"); !errors.Is(err, errRendezvous) {
		t.Errorf("asked over a protocol of the home: %v, want %v", err, errRendezvous)
	}
}

// What it says of others is a hint at most: a stranger is not even called, and who answers
// where a member should be must have the member's key.
func TestARendezvousPeerThatLiesHidesABoxAtMost(t *testing.T) {
	hall, cabin, thief := start(t, "Hall"), start(t, "Cabin"), start(t, "Thief")
	hall.pair(cabin)
	cabin.stop()
	thief.pair(start(t, "Den")) // so that it listens
	r := meetingPlace(t, hall)
	hall = hall.elsewhere(freePort(t), r)
	hall.keeps(r)
	at := thief.Host().Network().ListenAddresses()[:1]
	secret, _ := hall.members.Secret("rendezvous")
	keys, err := wide.Keys(secret, hall.now())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		for _, p := range []peer.ID{thief.ID(), cabin.ID()} {
			if err := r.dht.ProviderStore().AddProvider(t.Context(), k.Hash(), peer.AddrInfo{ID: p, Addrs: at}); err != nil {
				t.Fatal(err)
			}
		}
	}
	hall.waits(func() bool {
		hall.wide.Meet(t.Context())
		return slices.ContainsFunc(hall.wide.Addresses(cabin.ID()), at[0].Equal)
	})
	if slices.ContainsFunc(hall.wide.Addresses(thief.ID()), at[0].Equal) {
		t.Error("an address of a stranger is kept")
	}
	hall.dialOne(t.Context(), cabin.ID(), at)
	for _, p := range []peer.ID{cabin.ID(), thief.ID()} {
		if hall.Host().Network().Connectedness(p) == network.Connected {
			t.Errorf("%s is in", hall.nameOf(p))
		}
	}
}

// A box revoked yesterday knows the key of yesterday, and is served by the rendezvous peer still.
func TestARevokedBoxIsNotMet(t *testing.T) {
	hall, cabin := start(t, "Hall"), start(t, "Cabin")
	shown, _ := hall.pair(cabin)
	old, _ := cabin.members.Secret("rendezvous")
	cabin.stop()
	if err := hall.members.Revoke(shown.OwnerCode, cabin.ID()); err != nil {
		t.Fatal(err)
	}
	r := meetingPlace(t, hall, cabin)
	hall, cabin = hall.elsewhere(freePort(t), r), cabin.elsewhere(freePort(t), r)
	hall.keeps(r)
	cabin.keeps(r)
	fresh, ok := hall.members.Secret("rendezvous")
	if !ok || string(fresh) == string(old) {
		t.Fatal("the home meets under the key that the revoked box knows")
	}
	cabin.waits(func() bool { hall.wide.Meet(t.Context()); return cabin.wide.Meet(t.Context()) == nil })
	if found := cabin.wide.Addresses(hall.ID()); slices.ContainsFunc(found, func(a ma.Multiaddr) bool { return !behindRelay(a) }) {
		t.Errorf("the revoked box finds the hall at %v", found)
	}
	cabin.dialOne(t.Context(), hall.ID(), cabin.wide.Addresses(hall.ID()))
	if hall.Host().Network().Connectedness(cabin.ID()) == network.Connected {
		t.Error("the revoked box is in, over the relay")
	}
}

// Without rendezvous peers there is no code at work that could leave the local network, and
// addresses outside it are not dialled even where they were reached before.
func TestNothingLeavesTheLocalNetwork(t *testing.T) {
	hall, cabin := start(t, "Hall"), start(t, "Cabin")
	hall.pair(cabin)
	hall.meets(cabin)
	cabin.stop()
	for _, text := range []string{"/ip4/203.0.113.9/tcp/7420", "/ip6/2001:db8::9/tcp/7420", "/ip4/127.0.0.1/tcp/9/p2p/" + hall.ID().String() + "/p2p-circuit", "/dns4/example.org/tcp/7420"} {
		if err := hall.addresses.reached(cabin.ID(), ma.StringCast(text), hall.now()); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range hall.addressesOf(cabin.ID()) {
		if !strings.HasPrefix(a.String(), "/ip4/127.0.0.1/tcp/") || behindRelay(a) {
			t.Errorf("%s would be dialled", a)
		}
	}
	for _, id := range hall.Host().Mux().Protocols() {
		for _, far := range []string{"kad", "circuit", "dcutr", "autonat"} {
			if strings.Contains(string(id), far) {
				t.Errorf("it speaks %s", id)
			}
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r := meetingPlace(t, hall)
	info, err := peer.AddrInfoFromString(r.Addresses()[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := hall.Host().Connect(ctx, *info); err == nil {
		t.Error("a rendezvous peer that the owner did not list is reached")
	}
}

func TestReadRendezvous(t *testing.T) {
	const id = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp"
	for _, c := range []struct {
		listed []string
		peers  int
		bad    bool
	}{
		{nil, 0, false},
		{[]string{"/ip4/192.0.2.1/tcp/7420/p2p/" + id, "/ip6/2001:db8::1/tcp/7420/p2p/" + id}, 1, false},
		{[]string{"/dns4/vps.example.org/tcp/7420/p2p/" + id}, 1, false},
		{[]string{"192.0.2.1:7420"}, 0, true},
		{[]string{"/ip4/192.0.2.1/tcp/7420"}, 0, true},
		{[]string{"/p2p/" + id}, 0, true},
	} {
		got, err := ReadRendezvous(c.listed)
		if len(got) != c.peers || (err != nil) != c.bad {
			t.Errorf("%q: %v, %v", c.listed, got, err)
		}
	}
}
