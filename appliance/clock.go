package appliance

import (
	"fmt"
	"os"
	"strings"
	"time"
	_ "time/tzdata" // a card image may have no time zones of its own

	"golang.org/x/sys/unix"

	"github.com/cricket-home/cricket/home/schedule"
)

// built is a time that no clock can be before: a board that starts at 1970, or
// at the day its image was made, has not been told the time.
var built = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// clock is how a box knows the time.
type clock struct {
	zone    *time.Location
	battery bool // the clock runs while the power is off
	boot    string
}

func newClock(p Place) (clock, error) {
	zone, err := p.zone()
	if err != nil {
		return clock{}, err
	}
	boot, err := bootID()
	return clock{zone: zone, battery: p.BatteryClock, boot: boot}, err
}

// zone is the home's time zone.
func (p Place) zone() (*time.Location, error) {
	if p.TimeZone == "" {
		return time.Local, nil
	}
	zone, err := time.LoadLocation(p.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("find time zone %q: %w", p.TimeZone, err)
	}
	return zone, nil
}

func (c clock) now() schedule.Now {
	wall := time.Now().In(c.zone)
	return schedule.Now{Wall: wall, Known: wall.After(built) && (c.battery || synchronized()), Up: uptime(), Boot: c.boot}
}

// uptime is the time since the machine was switched on, sleep and all.
func uptime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		panic(err) // every kernel since 2.6.39 has it
	}
	return time.Duration(t.Nano())
}

// bootID is another one each time the machine is switched on.
func bootID() (string, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("read boot id: %w", err)
	}
	return strings.TrimSpace(string(id)), nil
}

// synchronized says whether somebody has set the clock since the machine was
// switched on, as adjtimex(2) tells: a time server's daemon has.
func synchronized() bool {
	var t unix.Timex
	if _, err := unix.Adjtimex(&t); err != nil {
		return false
	}
	return t.Status&unix.STA_UNSYNC == 0
}
