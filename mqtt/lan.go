package mqtt

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
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
	resolver, err := zeroconf.NewResolver(zeroconf.SelectIPTraffic(zeroconf.IPv4AndIPv6))
	if err != nil {
		return "", fmt.Errorf("look for a broker in the network: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, browseTime)
	defer cancel()
	entries := make(chan *zeroconf.ServiceEntry)
	if err := resolver.Browse(ctx, "_mqtt._tcp", "local.", entries); err != nil {
		return "", fmt.Errorf("look for a broker in the network: %w", err)
	}
	var found []string
	for e := range entries { // closed when ctx ends
		if address := brokerOf(e); address != "" && !slices.Contains(found, address) {
			found = append(found, address)
		}
	}
	return onlyBroker(found)
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
	case len(e.AddrIPv6) > 0:
		return "tcp://" + net.JoinHostPort(e.AddrIPv6[0].String(), port)
	}
	return ""
}
