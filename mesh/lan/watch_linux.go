package lan

import (
	"fmt"
	"time"

	"github.com/vishvananda/netlink"
)

// watch tells, with an element in events, that interfaces or addresses are others than before,
// as the kernel says by rtnetlink(7).
func watch() (events <-chan struct{}, stop func(), err error) {
	told := make(chan struct{}, 1)
	tell := func() {
		select {
		case told <- struct{}{}:
		default:
		}
	}
	s, err := subscribe()
	if err != nil {
		return nil, nil, err
	}
	stopped, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			lost := s.follow(stopped, tell)
			s.end()
			if !lost {
				return
			}
			// More came than the socket holds, and the library gives up then. That there was
			// news is all that we need of it.
			tell()
			for s, err = subscribe(); err != nil; s, err = subscribe() {
				select {
				case <-stopped:
					return
				case <-time.After(lookEvery):
				}
			}
		}
	}()
	return told, func() { close(stopped); <-ended }, nil
}

type subscription struct {
	links chan netlink.LinkUpdate
	addrs chan netlink.AddrUpdate
	done  chan struct{}
}

func subscribe() (*subscription, error) {
	s := &subscription{make(chan netlink.LinkUpdate), make(chan netlink.AddrUpdate), make(chan struct{})}
	if err := netlink.LinkSubscribe(s.links, s.done); err != nil {
		return nil, fmt.Errorf("watch networks: %w", err)
	}
	if err := netlink.AddrSubscribe(s.addrs, s.done); err != nil {
		close(s.addrs) // which nobody else will
		s.end()
		return nil, fmt.Errorf("watch networks: %w", err)
	}
	return s, nil
}

// follow tells of what comes until it is stopped, or nothing comes any more.
func (s *subscription) follow(stopped <-chan struct{}, tell func()) (lost bool) {
	for ok := true; ok; {
		select {
		case <-stopped:
			return false
		case _, ok = <-s.links:
		case _, ok = <-s.addrs:
		}
		tell()
	}
	return true
}

// end closes the sockets, and reads what the library still wants to say: it waits for that.
func (s *subscription) end() {
	close(s.done)
	for range s.links {
	}
	for range s.addrs {
	}
}
