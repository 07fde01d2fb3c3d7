package mqtt

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/grandcat/zeroconf"
	"github.com/vishvananda/netlink"
)

// A machine that has only one family of addresses finds the broker over that. The test runs in a
// network namespace of its own, where it may have any, as another process.
func TestBrokerIsFoundWithOneFamily(t *testing.T) {
	const inside, entered = "CRICKET_TEST_NAMESPACE", "in a network namespace"
	for _, tt := range []struct{ name, address, want string }{
		{"IPv4", "10.7.0.1/24", "tcp://10.7.0.1:1883"},
		{"IPv6", "fd07::1/64", "tcp://[fd07::1]:1883"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if os.Getenv(inside) == t.Name() {
				fmt.Println(entered)
				cable(t, tt.address, tt.name == "IPv4")
				s, err := zeroconf.Register("home", "_mqtt._tcp", "local.", 1883, nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Shutdown()
				got, err := findBroker(t.Context())
				for range 5 { // a box looks again as well: on a busy machine an answer may come too late
					if err == nil {
						break
					}
					got, err = findBroker(t.Context())
				}
				if got != tt.want {
					t.Errorf("%q, %v; want %q", got, err, tt.want)
				}
				return
			}
			cmd := exec.Command("unshare", "-rn", os.Args[0], "-test.run=^TestBrokerIsFoundWithOneFamily$/^"+tt.name+"$", "-test.v", "-test.timeout=120s")
			cmd.Env = append(os.Environ(), inside+"="+t.Name())
			out, err := cmd.CombinedOutput()
			switch {
			case !bytes.Contains(out, []byte(entered)) && os.Getenv("CRICKET_NO_SKIP") == "1":
				t.Fatalf("no network namespace: %v\n%s", err, out)
			case !bytes.Contains(out, []byte(entered)):
				t.Skipf("no network namespace can be made; `unshare -rn true` must work: %v\n%s", err, out)
			case err != nil:
				t.Fatalf("%v\n%s", err, out)
			}
		})
	}
}

// cable makes an interface with an address. One whose packets are shorter than 1280 bytes has no
// IPv6 (RFC 8200, section 5).
func cable(t *testing.T, address string, only4 bool) {
	t.Helper()
	mtu := 1500
	if only4 {
		mtu = 1000
	}
	link := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "eth0", MTU: mtu}, PeerName: "eth1"}
	if err := netlink.LinkAdd(link); err != nil {
		t.Fatal(err)
	}
	a, err := netlink.ParseAddr(address)
	if err != nil {
		t.Fatal(err)
	}
	a.Flags = 0x02 // IFA_F_NODAD: usable at once
	other, err := netlink.LinkByName("eth1")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []func() error{
		func() error { return netlink.LinkSetMTU(other, mtu) },
		func() error { return netlink.AddrAdd(link, a) },
		func() error { return netlink.LinkSetMulticastOn(link) },
		func() error { return netlink.LinkSetUp(other) },
		func() error { return netlink.LinkSetUp(link) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
}
