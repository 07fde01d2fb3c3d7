package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/firmware"
)

const (
	ringLEDs  = 12
	ringFrame = 40 * time.Millisecond
)

// isTerminal says whether somebody looks on while it is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// happened is an event of GET /events.
type happened struct {
	name string
	mode appliance.Mode // of "mode"
	err  error          // the box tells no more
}

// follow reads events until their end.
func follow(ctx context.Context, body io.Reader, events chan<- happened) {
	tell := func(h happened) bool {
		select {
		case events <- h:
			return true
		case <-ctx.Done():
			return false
		}
	}
	name, lines := "", bufio.NewScanner(body)
	lines.Buffer(nil, 4<<20) // a request with all its stages is one line
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			name = text
		}
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok || name != "mode" && name != "planned" {
			continue
		}
		var e struct {
			Mode appliance.Mode `json:"mode"`
		}
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			tell(happened{err: fmt.Errorf("read event of the box: %w", err)})
			return
		}
		if !tell(happened{name: name, mode: e.Mode}) {
			return
		}
	}
	err := lines.Err()
	if err == nil {
		err = errors.New("it has ended")
	}
	tell(happened{err: fmt.Errorf("follow the box: %w", err)})
}

// watch draws the lights of the box and what is planned, until ctx or the box ends.
func (c *ring) watch(ctx context.Context, out io.Writer, s *session) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	body, err := s.call(ctx, "GET", "/events", nil, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	events := make(chan happened)
	go follow(ctx, body, events)
	var status appliance.Status // asked for after the events: no change is missed
	if err := s.get(ctx, "/status", nil, &status); err != nil {
		return err
	}
	mode, since, drawn := status.Mode, time.Now(), 0
	planned := ""
	for read := true; ; {
		if read {
			var all []appliance.Planned
			if err := s.get(ctx, "/ring", nil, &all); err != nil {
				return ended(ctx, err)
			}
			planned = plannedTable(all)
		}
		look := firmware.Look{State: firmware.State(mode), Since: time.Since(since), Brightness: 1}
		label := string(mode)
		if mode == "" {
			label = "deaf" // it has no microphone
		}
		text := drawRing(look.Frame(ringLEDs), label) + planned
		up := ""
		if drawn > 0 {
			up = fmt.Sprintf("\x1b[%dA", drawn)
		}
		drawn = strings.Count(text, "\n")
		if _, err := io.WriteString(out, up+strings.ReplaceAll(text, "\n", "\x1b[K\n")+"\x1b[J"); err != nil {
			return err
		}
		wait := ringFrame
		if look.State.Still() || mode == "" {
			wait = time.Second // what is planned comes nearer
		}
		read = wait == time.Second
		select {
		case <-ctx.Done():
			return nil
		case h := <-events:
			switch {
			case h.err != nil:
				return ended(ctx, &fault{h.err, "cricket doctor", exitMissing})
			case h.name == "mode":
				mode, since = h.mode, time.Now()
			}
			read = true
		case <-time.After(wait):
		}
	}
}

// ended is an error, unless somebody has ended the command.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// drawRing draws LEDs in a circle, the first one on top, clockwise, with a label inside. The
// brighter a LED, the bigger its sign: colours are not needed to read it.
func drawRing(frame []firmware.Light, label string) string {
	const rows, columns, radius = 9, 25, 10
	var grid [rows][columns]string
	for i, l := range frame {
		angle := 2 * math.Pi * float64(i) / float64(len(frame))
		row := int(math.Round((rows - 1) / 2 * (1 - math.Cos(angle))))
		column := int(math.Round((columns-1)/2 + radius*math.Sin(angle)))
		grid[row][column] = drawLight(l)
	}
	for i, letter := range label {
		if at := (columns-len(label))/2 + i; at >= 0 && at < columns {
			grid[rows/2][at] = string(letter)
		}
	}
	var out strings.Builder
	for _, line := range grid {
		var text strings.Builder
		for _, sign := range line {
			if sign == "" {
				sign = " "
			}
			text.WriteString(sign)
		}
		out.WriteString(strings.TrimRight(text.String(), " ") + "\n")
	}
	return out.String()
}

func drawLight(l firmware.Light) string {
	level := int(max(l.R, l.G, l.B))
	if level == 0 {
		return "."
	}
	return fmt.Sprintf("\x1b[38;2;%d;%d;%dm%c\x1b[0m", l.R, l.G, l.B, "oO@"[level*3/256])
}
