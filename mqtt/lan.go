package mqtt

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/grandcat/zeroconf"
)

// Discover stands for the address of a broker that announces itself in the local
// network by DNS service discovery as _mqtt._tcp.
const Discover = "discover"

// browseTime is how long brokers have to answer.
const browseTime = 3 * time.Second

// findBroker looks for the only broker of the local network. Where there are several
// the owner must say which: whoever is in the network can announce one.
func findBroker(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, browseTime)
	defer cancel()
	var found brokers
	var looks sync.WaitGroup
	var errs []error
	families := []zeroconf.IPType{zeroconf.IPv4, zeroconf.IPv6}
	for _, family := range families {
		// One resolver for both would fail on a machine that has only one of them.
		resolver, err := zeroconf.NewResolver(zeroconf.SelectIPTraffic(family))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		entries := make(chan *zeroconf.ServiceEntry)
		looks.Go(func() { // the channel is closed when ctx ends, also where Browse fails
			for e := range entries {
				found.take(e)
			}
		})
		if err := resolver.Browse(ctx, "_mqtt._tcp", "local.", entries); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == len(families) {
		cancel()
	}
	looks.Wait()
	if len(errs) == len(families) {
		return "", fmt.Errorf("look for a broker in the network: %w", errors.Join(errs...))
	}
	return onlyBroker(found.addresses())
}

// brokers are those that were found. One is heard of over IPv4 and over IPv6, and is one.
type brokers struct {
	mutex sync.Mutex
	found map[string]*zeroconf.ServiceEntry // by what they announce, but for addresses
}

// maxBrokers is how many are taken of a network in which somebody announces many.
const maxBrokers = 8

func (b *brokers) take(e *zeroconf.ServiceEntry) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.found == nil {
		b.found = map[string]*zeroconf.ServiceEntry{}
	}
	key := fmt.Sprint(e.ServiceInstanceName(), " ", e.HostName, " ", e.Port)
	if was := b.found[key]; was == nil && len(b.found) < maxBrokers || was != nil && len(was.AddrIPv4) == 0 {
		b.found[key] = e
	}
}

func (b *brokers) addresses() []string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	var out []string
	for _, e := range b.found {
		if address := brokerOf(e); address != "" && !slices.Contains(out, address) {
			out = append(out, address)
		}
	}
	return out
}

// onlyBroker is the one that was found.
func onlyBroker(found []string) (string, error) {
	slices.Sort(found)
	switch len(found) {
	case 0:
		return "", errors.New("look for a broker in the network: none announces itself as _mqtt._tcp")
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("look for a broker in the network: there are several, and the configuration must name one: %s", strings.Join(found, ", "))
}

// brokerOf is the address that an entry announces, or "". By custom, 8883 speaks TLS,
// to whoever calls it by the name in its certificate.
func brokerOf(e *zeroconf.ServiceEntry) string {
	port := strconv.Itoa(e.Port)
	switch {
	case e.Port == 0:
		return ""
	case e.Port == 8883 && e.HostName != "":
		return "ssl://" + net.JoinHostPort(strings.TrimSuffix(e.HostName, "."), port)
	case len(e.AddrIPv4) > 0:
		return "tcp://" + net.JoinHostPort(e.AddrIPv4[0].String(), port)
	}
	for _, ip := range e.AddrIPv6 {
		if !ip.IsLinkLocalUnicast() { // of which the interface would have to be known
			return "tcp://" + net.JoinHostPort(ip.String(), port)
		}
	}
	return ""
}
