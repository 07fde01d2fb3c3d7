package appliance

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/cricket-home/cricket/firmware"
)

// BoardConfig says what board the box is built on, and what hangs on its pins.
type BoardConfig struct {
	Profile    string   `toml:"profile"`
	LEDs       string   `toml:"leds"`
	LEDCount   int      `toml:"led_count"`
	LEDPort    string   `toml:"led_port"`
	LEDPins    []string `toml:"led_pins"`
	Button     string   `toml:"button"`
	MuteButton string   `toml:"mute_button"`
	MuteLED    string   `toml:"mute_led"`
	Amplifier  string   `toml:"amplifier"`
}

// ownWiring is the profile of a board that the owner has wired.
const ownWiring = "gpio"

// profile is the wiring: that of a known board, with what the owner has added.
func (c BoardConfig) profile() (firmware.Profile, error) {
	p, known := firmware.Named(c.Profile)
	switch {
	case c.Profile == "" && (c.LEDs != "" || len(c.LEDPins) > 0 || c.Button+c.MuteButton+c.MuteLED+c.Amplifier != ""):
		return p, fmt.Errorf("'board.profile' must be %q where pins are named", ownWiring)
	case c.Profile != "" && !known && c.Profile != ownWiring:
		return p, fmt.Errorf("'board.profile' must be empty, %q, or one of %s, not %q", ownWiring, strings.Join(firmware.Names(), ", "), c.Profile)
	case known && c.LEDs != "":
		return p, fmt.Errorf("'board.leds' must be empty: the board %q has its own", c.Profile)
	case !known:
		p.LEDs, p.Count, p.Port, p.Pins = firmware.Kind(c.LEDs), c.LEDCount, c.LEDPort, c.LEDPins
	}
	for pin, own := range map[*string]string{&p.Button: c.Button, &p.MuteButton: c.MuteButton, &p.MuteLED: c.MuteLED, &p.Amplifier: c.Amplifier} {
		if own != "" {
			*pin = own
		}
	}
	return p, p.Check()
}

func (c BoardConfig) validate(fault func(format string, args ...any)) {
	if _, err := c.profile(); err != nil {
		fault("[board]: %w", err)
	}
}

// Face is the lights and buttons of a box that has some. It is a Board.
type Face struct {
	board   *firmware.Board
	presses chan Press
	log     *slog.Logger
}

// OpenFace opens the board that the configuration names; nil where it names none. Close
// must be called.
func OpenFace(c BoardConfig, log *slog.Logger) (*Face, error) {
	if c.Profile == "" {
		return nil, nil
	}
	hw, err := firmware.Host()
	if err != nil {
		return nil, err
	}
	return openFace(c, hw, log)
}

func openFace(c BoardConfig, hw firmware.Hardware, log *slog.Logger) (*Face, error) {
	p, err := c.profile()
	if err != nil {
		return nil, err
	}
	board, err := firmware.Open(p, hw, log)
	if err != nil {
		return nil, fmt.Errorf("open board %q: %w", c.Profile, err)
	}
	return &Face{board: board, presses: make(chan Press, 4), log: log}, nil
}

// Show shows on the ring what the box does.
func (f *Face) Show(m Mode) {
	if f.board.Lights != nil {
		f.board.Lights.Show(firmware.State(m))
	}
}

// Presses are what the buttons are for.
func (f *Face) Presses() <-chan Press { return f.presses }

// ShowMuted switches the mute light. When it returns without an error, it is so.
func (f *Face) ShowMuted(on bool) error {
	if f.board.MuteLED == nil {
		return nil
	}
	return f.board.MuteLED.Set(on)
}

// Run drives the lights and reads the buttons until ctx ends.
func (f *Face) Run(ctx context.Context) error {
	parts, ctx := errgroup.WithContext(ctx)
	if f.board.Lights != nil {
		parts.Go(func() error { return f.board.Lights.Run(ctx) })
	}
	for button, meaning := range map[*firmware.Button]func(firmware.Press) Press{f.board.Button: pressed, f.board.MuteButton: func(firmware.Press) Press { return MutePress }} {
		if button != nil {
			parts.Go(func() error {
				return button.Run(ctx, func(p firmware.Press) { f.press(meaning(p)) })
			})
		}
	}
	return parts.Wait()
}

// pressed is what a press of the one button means.
func pressed(p firmware.Press) Press {
	return map[firmware.Press]Press{firmware.Short: ListenPress, firmware.Long: MutePress, firmware.Held: PairPress}[p]
}

// press passes a press on. A box that does not listen takes none.
func (f *Face) press(p Press) {
	select {
	case f.presses <- p:
	default:
		f.log.Warn("a button was pressed, and the box does not listen")
	}
}

// Close leaves the board with its mute light on: nothing listens any more.
func (f *Face) Close() error { return f.board.Close() }

// face is the board of a box whose parts it knows, or nil.
func (b *Box) face() *Face {
	f, _ := b.options.Board.(*Face)
	return f
}

// muteLight is a board that has a light which says whether the microphone is off.
type muteLight interface{ ShowMuted(on bool) error }

// showMuted switches the mute light, where there is one.
func (b *Box) showMuted(on bool) error {
	if light, ok := b.options.Board.(muteLight); ok {
		return light.ShowMuted(on)
	}
	return nil
}

// checkBoard says what is wrong with the lights and buttons.
func (b *Box) checkBoard() []Finding {
	c := b.config.Board
	if c.Profile == "" {
		return b.checkPower()
	}
	machine := firmware.Detect(b.options.Sys)
	f := Finding{Part: "board", OK: true, Text: c.Profile + " on " + machine.Model}
	if machine.Model == "" {
		f.Text = c.Profile + " on a computer without a device tree"
	}
	if machine.HAT != "" {
		f.Text += ", whose header carries: " + machine.HAT
	}
	p, _ := c.profile() // it was valid at the start
	var faults []string
	if why := p.Unfit(machine.Model); why != "" {
		faults = append(faults, why)
	}
	if b.options.BoardFault != nil {
		faults = append(faults, b.options.BoardFault.Error())
	} else if face := b.face(); face != nil && face.board.Lights != nil && face.board.Lights.Fault() != nil {
		faults = append(faults, face.board.Lights.Fault().Error())
	}
	if len(faults) > 0 {
		f.OK, f.Text, f.Hint = false, strings.Join(slices.Insert(faults, 0, f.Text), "; "), "docs/hardware.md says what each board needs"
	}
	return append([]Finding{f}, b.checkPower()...)
}
