package appliance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cricket-home/cricket/internal/durable"
)

// ringLight is how the owner has set the lights, as Home Assistant's JSON schema for
// lights has it.
type ringLight struct {
	State      string `json:"state"`                // "ON" or "OFF"
	Brightness *int   `json:"brightness,omitempty"` // 0 to 255
	ColorMode  string `json:"color_mode,omitempty"` // "brightness"
}

// firstRing is the setting of lights that nobody has set: half as bright as they can be,
// for a ring of twelve at its brightest dazzles.
func firstRing() ringLight {
	half := 128
	return ringLight{State: "ON", Brightness: &half, ColorMode: "brightness"}
}

// with is the setting after a command, which may leave out the brightness.
func (r ringLight) with(command []byte) (ringLight, error) {
	var to ringLight
	if err := json.Unmarshal(command, &to); err != nil {
		return r, fmt.Errorf("read setting of the lights: %w", err)
	}
	switch {
	case to.State != "ON" && to.State != "OFF":
		return r, fmt.Errorf("the state of the lights must be ON or OFF, not %q", to.State)
	case to.Brightness == nil:
		to.Brightness = r.Brightness
	case *to.Brightness < 0 || *to.Brightness > 255:
		return r, fmt.Errorf("the brightness of the lights must be between 0 and 255, not %d", *to.Brightness)
	}
	return ringLight{State: to.State, Brightness: to.Brightness, ColorMode: "brightness"}, nil
}

func (b *Box) ringFile() string { return filepath.Join(b.options.StateDir, "lights.json") }

func (b *Box) hasRing() bool { return b.face() != nil && b.face().board.Lights != nil }

// openRing sets the lights as they were set last, and dims them when nobody is to be disturbed.
func (b *Box) openRing() {
	if !b.hasRing() {
		return
	}
	b.face().board.Lights.Dim(func() bool {
		_, quiet := b.config.Quiet.holds(b.clock.now())
		return quiet
	})
	set := firstRing()
	data, err := os.ReadFile(b.ringFile())
	if err == nil {
		set, err = set.with(data)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.log.Error("the lights are as nobody has set them", "err", err)
	}
	b.applyRing(set)
}

func (b *Box) applyRing(set ringLight) {
	b.ringSet.Store(&set)
	b.face().board.Lights.Set(set.State == "ON", float64(*set.Brightness)/255)
}

// setRing obeys a command for the lights, and keeps it.
func (b *Box) setRing(command string) error {
	set, err := b.ringSet.Load().with([]byte(command))
	if err != nil {
		return err
	}
	if err := durable.Replace(b.ringFile(), append(encode(set), '\n')); err != nil {
		return fmt.Errorf("keep setting of the lights: %w", err)
	}
	b.applyRing(set)
	return nil
}
