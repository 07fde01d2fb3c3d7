package mqtttest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Outside runs Mosquitto in a network of its own behind a virtual cable. plug takes the
// broker's address away and gives it back: packets go, and nobody says that they are
// lost. (A link that is down would keep the last of them, and send it later.) It needs a
// Linux that lets us make networks, as root is.
func Outside(tb testing.TB) (url string, plug func(in bool)) {
	tb.Helper()
	program := Program(tb, "mosquitto")
	name := fmt.Sprintf("ckt%d", os.Getpid())
	third := os.Getpid() % 254
	here, there := fmt.Sprintf("10.213.%d.1", third), fmt.Sprintf("10.213.%d.2", third)
	config := filepath.Join(tb.TempDir(), "mosquitto.conf")
	if err := os.WriteFile(config, []byte("listener 1883\nallow_anonymous true\nset_tcp_nodelay true\nuser root\n"), 0o600); err != nil {
		tb.Fatal(err)
	}

	// One thread lives in the new network until the test ends; nothing else does.
	orders, answers := make(chan func() error), make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		for do := range orders {
			answers <- do()
		}
	}()
	tb.Cleanup(func() { close(orders) })
	inside := func(do func() error) error {
		orders <- do
		return <-answers
	}

	home, err := os.Open("/proc/self/ns/net")
	if err != nil {
		tb.Fatal(err)
	}
	defer home.Close()
	var far netlink.Link
	address := &netlink.Addr{}
	err = inside(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a network: %w", err)
		}
		err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "far"}, PeerName: name, PeerNamespace: netlink.NsFd(int(home.Fd()))})
		if err != nil {
			return fmt.Errorf("lay a virtual cable: %w", err)
		}
		if far, err = netlink.LinkByName("far"); err != nil {
			return err
		}
		if address, err = netlink.ParseAddr(there + "/30"); err != nil {
			return err
		}
		if err := netlink.AddrAdd(far, address); err != nil {
			return err
		}
		return netlink.LinkSetUp(far)
	})
	if err == nil {
		err = connect(name, here)
	}
	if err != nil && os.Getenv("CRICKET_NO_SKIP") == "1" {
		tb.Fatal(err)
	}
	if err != nil {
		tb.Skipf("SKIPPED: no network of its own for the broker (run as root): %v", err)
	}

	var broker *exec.Cmd
	if err := inside(func() error {
		broker = exec.Command(program, "-c", config)
		broker.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
		return broker.Start()
	}); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = syscall.Kill(-broker.Process.Pid, syscall.SIGKILL)
		_ = broker.Wait()
	})
	return "tcp://" + there + ":1883", func(in bool) {
		tb.Helper()
		if err := inside(func() error {
			if in {
				return netlink.AddrAdd(far, address)
			}
			return netlink.AddrDel(far, address)
		}); err != nil {
			tb.Fatal(err)
		}
	}
}

// connect gives our end of the cable its address. It goes with the other end.
func connect(name, address string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("find the end of the virtual cable: %w", err)
	}
	a, err := netlink.ParseAddr(address + "/30")
	if err != nil {
		return err
	}
	if err := netlink.AddrAdd(link, a); err != nil {
		return fmt.Errorf("give the virtual cable an address: %w", err)
	}
	return netlink.LinkSetUp(link)
}
