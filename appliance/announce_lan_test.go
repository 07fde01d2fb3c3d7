package appliance

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grandcat/zeroconf"
)

// A service is announced once, again when the addresses change or the network was not there, and withdrawn at the end.
func TestAnnouncementFollowsAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var did []string
		addresses, fails := []string{"192.0.2.1/24"}, true
		a := newAnnouncement("hall", wyomingService, 10300, slog.New(slog.DiscardHandler))
		a.addresses = func() []string { mu.Lock(); defer mu.Unlock(); return addresses }
		a.register = func(name, service string, port int) (func(), error) {
			mu.Lock()
			defer mu.Unlock()
			if fails {
				did = append(did, "fail")
				return nil, errors.New("no network")
			}
			at := addresses[0]
			did = append(did, "tell "+at)
			return func() { mu.Lock(); defer mu.Unlock(); did = append(did, "withdraw "+at) }, nil
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- a.Run(ctx) }()
		for _, change := range []func(){
			func() { fails = false },
			func() {},
			func() { addresses = []string{"192.0.2.7/24"} },
			func() {},
		} {
			synctest.Wait()
			mu.Lock()
			change()
			mu.Unlock()
			<-time.After(lookAtAddresses)
		}
		synctest.Wait()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		want := []string{"fail", "tell 192.0.2.1/24", "withdraw 192.0.2.1/24", "tell 192.0.2.7/24", "withdraw 192.0.2.7/24"}
		if !slices.Equal(did, want) {
			t.Errorf("it did %q, want %q", did, want)
		}
	})
}

// The network hears of it: an independent browser of the same library finds name and port.
func TestAnnouncementIsFound(t *testing.T) {
	withdraw, err := registerService("cricket under test", wyomingService, 10399)
	if err != nil {
		if os.Getenv("CRICKET_NO_SKIP") == "1" {
			t.Fatal(err)
		}
		t.Skipf("this machine has no network that can be told: %v", err)
	}
	defer withdraw()
	resolver, err := zeroconf.NewResolver(zeroconf.SelectIPTraffic(zeroconf.IPv4))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), long)
	defer stop()
	entries := make(chan *zeroconf.ServiceEntry)
	if err := resolver.Browse(ctx, wyomingService, "local.", entries); err != nil {
		t.Fatal(err)
	}
	for e := range entries {
		if e.Port == 10399 && e.ServiceInstanceName() == `cricket\ under\ test._wyoming._tcp.local.` {
			return
		}
		t.Log(e.ServiceInstanceName(), e.Port)
	}
	t.Error("nobody found the service")
}

func TestOnlyTheNetworkIsTold(t *testing.T) {
	b := &Box{log: slog.New(slog.DiscardHandler)}
	for _, tt := range []struct {
		listen string
		told   bool
	}{{"127.0.0.1:0", false}, {"[::1]:0", false}, {"0.0.0.0:0", true}} {
		l, err := net.Listen("tcp", tt.listen)
		if err != nil {
			t.Log(err) // no IPv6 here
			continue
		}
		defer l.Close()
		if a := b.announced(l, "hall"); (a != nil) != tt.told {
			t.Errorf("%s: announced %v", tt.listen, a != nil)
		}
	}
}
