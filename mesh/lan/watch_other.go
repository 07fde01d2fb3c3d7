//go:build !linux

package lan

import "time"

// watch looks every ten seconds, where there is no netlink.
func watch() (events <-chan struct{}, stop func(), err error) {
	tick := time.NewTicker(10 * time.Second)
	told := make(chan struct{}, 1)
	done := make(chan struct{})
	go func() {
		before, _ := networks()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			now, err := networks()
			if err == nil && !same(before, now) {
				before = now
				select {
				case told <- struct{}{}:
				default:
				}
			}
		}
	}()
	return told, func() { tick.Stop(); close(done) }, nil
}
