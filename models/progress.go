package models

import (
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 10 * time.Second
	barWidth  = 30 // columns, where there is room
	barLeast  = 5
)

// Meter shows progress: a bar on a terminal, and plain lines elsewhere.
type Meter struct {
	w       io.Writer
	columns int // of the terminal; 0: it is none
	now     func() time.Time
	last    Progress
	since   time.Time // of the step
	from    int64     // bytes that were there when it began
	shown   time.Time
	tenth   int64 // that the last line was for
	open    bool  // the bar's line has not ended
}

// NewMeter returns a meter that writes to w, a terminal so many columns wide;
// with 0 it is no terminal.
func NewMeter(w io.Writer, columns int, now func() time.Time) *Meter {
	return &Meter{w: w, columns: columns, now: now}
}

// Show takes the newest progress, and shows it if it is time to.
func (m *Meter) Show(p Progress) {
	now := m.now()
	if p.Step != m.last.Step || p.File != m.last.File {
		m.End()
		m.since, m.from, m.shown, m.tenth = now, p.Done, time.Time{}, 0
	}
	m.last = p
	if m.columns > 0 {
		if now.Sub(m.shown) >= barEvery || p.Done == p.Total {
			fmt.Fprintf(m.w, "\r%s\x1b[K", m.bar(p, now))
			m.shown, m.open = now, true
		}
		return
	}
	tenth := int64(0)
	if p.Total > 0 {
		tenth = p.Done * 10 / p.Total
	}
	if m.shown.IsZero() || tenth > m.tenth || now.Sub(m.shown) >= lineEvery {
		fmt.Fprintf(m.w, "%s %s: %s\n", p.Step, p.File, m.amount(p, now))
		m.shown, m.tenth = now, tenth
	}
}

// Say writes a line between the bars.
func (m *Meter) Say(line string) {
	m.End()
	fmt.Fprintln(m.w, line)
}

// End ends the line of the bar.
func (m *Meter) End() {
	if m.open {
		fmt.Fprintln(m.w)
		m.open = false
	}
}

// bar is a line that leaves the last column free: a line that wrapped could not
// be written over.
func (m *Meter) bar(p Progress, now time.Time) string {
	left, right := p.Step+" "+p.File, m.amount(p, now)
	line := left + " " + right
	if width := min(barWidth, m.columns-1-len(line)-3); p.Total > 0 && width >= barLeast {
		full := int(min(p.Done, p.Total) * int64(width) / p.Total)
		line = fmt.Sprintf("%s [%s%s] %s", left, strings.Repeat("#", full), strings.Repeat(".", width-full), right)
	}
	return line[:min(len(line), m.columns-1)]
}

// amount is "12.0 MB of 57.1 MB, 3.1 MB/s".
func (m *Meter) amount(p Progress, now time.Time) string {
	text := Bytes(p.Done)
	if p.Total >= 0 {
		text += " of " + Bytes(p.Total)
	}
	if took := now.Sub(m.since).Seconds(); took >= 1 && p.Done > m.from {
		text += fmt.Sprintf(", %s/s", Bytes(int64(float64(p.Done-m.from)/took)))
	}
	return text
}
