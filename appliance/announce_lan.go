package appliance

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/grandcat/zeroconf"
)

const (
	wyomingService = "_wyoming._tcp"

	// lookAtAddresses is how often it is seen whether the machine has other addresses.
	lookAtAddresses = 15 * time.Second
)

// announcement is a service of this box that the local network is told of, by DNS
// service discovery (RFC 6763), for as long as it is served.
type announcement struct {
	name, service string
	port          int
	log           *slog.Logger

	addresses func() []string // of this machine
	register  func(name, service string, port int) (withdraw func(), err error)
}

func newAnnouncement(name, service string, port int, log *slog.Logger) *announcement {
	return &announcement{name: name, service: service, port: port, log: log, addresses: ownAddresses, register: registerService}
}

// registerService tells the local network of a service, until withdraw is called.
func registerService(name, service string, port int) (withdraw func(), err error) {
	s, err := zeroconf.Register(name, service, "local.", port, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("announce %s in the local network: %w", service, err)
	}
	return s.Shutdown, nil
}

// ownAddresses are the addresses of this machine, sorted.
func ownAddresses() []string {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var out []string
	for _, a := range all {
		out = append(out, a.String())
	}
	slices.Sort(out)
	return out
}

// Run tells of the service until ctx ends, and anew whenever the machine's
// addresses have changed. Where the network cannot be told, it tries again: the
// service is there for who knows its address.
func (a *announcement) Run(ctx context.Context) error {
	tick := time.NewTicker(lookAtAddresses)
	defer tick.Stop()
	var withdraw func()
	told, fault := []string{}, ""
	defer func() {
		if withdraw != nil {
			withdraw()
		}
	}()
	for {
		if now := a.addresses(); withdraw == nil || !slices.Equal(now, told) {
			if withdraw != nil {
				withdraw()
			}
			var err error
			if withdraw, err = a.register(a.name, a.service, a.port); err != nil && err.Error() != fault {
				fault = err.Error()
				a.log.Warn("the local network is not told of a service", "service", a.service, "err", err)
			} else if err == nil {
				told, fault = now, ""
				a.log.Info("the local network is told of a service", "service", a.service, "name", a.name, "port", a.port)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// announced is the announcement of a listener; nil where only this machine reaches it.
func (b *Box) announced(l net.Listener, name string) *announcement {
	at, ok := l.Addr().(*net.TCPAddr)
	if !ok || at.IP.IsLoopback() {
		return nil
	}
	// A name with dots would be taken for several labels.
	return newAnnouncement(strings.ReplaceAll(name, ".", " "), wyomingService, at.Port, b.log)
}
