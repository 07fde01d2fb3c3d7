package demo

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/cricket-home/cricket/home"
)

// thing is what a device is like inside: a payload on its set topic changes it,
// and report is what it says on its state topic.
type thing struct {
	domain  string     // of the entity that it announces
	on      bool       // light, fan, switch, media_player, script; a lock is locked; a binary sensor sees something
	level   float64    // brightness 0..255, fan 0..100 %, cover 0..100 % open, number, degrees
	rgb     [3]float64 // of a light, 0..255
	kelvin  float64    // of a light; 0 while it shows a colour
	mode    string     // climate's mode, select's option, sensor's value
	now     float64    // degrees that a climate measures
	can     []string   // features
	options []string
	low     float64 // range of a number or a climate
	high    float64
}

// newThing is a device as HOME.toml describes it.
func newThing(d *home.Device) *thing {
	attribute := func(name string, otherwise float64) float64 {
		if v, ok := d.Attributes[name].(float64); ok {
			return v
		}
		return otherwise
	}
	t := &thing{domain: platformOf(d), on: d.State == "on", can: d.Features, mode: d.State}
	switch t.domain {
	case "light":
		t.level = attribute("brightness", 255)
		t.rgb = [3]float64{255, 255, 255}
		if c, ok := d.Attributes["rgb_color"].([]any); ok && len(c) == 3 {
			for i := range c {
				t.rgb[i], _ = c[i].(float64)
			}
		} else if has(d, "color_temp") {
			t.kelvin = attribute("color_temp_kelvin", 2700)
		}
	case "fan":
		t.level = attribute("percentage", 100)
	case "lock":
		t.on = d.State != "unlocked"
	case "cover":
		t.level = attribute("current_position", 0)
		if d.State == "open" && t.level == 0 {
			t.level = 100
		}
	case "climate":
		t.level, t.now = attribute("temperature", 20), attribute("current_temperature", 20)
		t.low, t.high = attribute("min_temp", 7), attribute("max_temp", 35)
		if t.mode == "" {
			t.mode = "off"
		}
	case "number":
		t.low, t.high = attribute("min", 1), attribute("max", 100)
		if v, err := strconv.ParseFloat(d.State, 64); err == nil {
			t.level = v
		} else {
			t.level = t.low
		}
	case "select":
		t.options = texts(d.Attributes["options"])
		if t.mode == "" {
			t.mode = t.options[0]
		}
	}
	return t
}

// obey changes the thing. The error says why a command changes nothing.
func (t *thing) obey(payload []byte) error {
	text := strings.TrimSpace(string(payload))
	value, err := strconv.ParseFloat(text, 64)
	numeric := err == nil && !math.IsNaN(value) && !math.IsInf(value, 0)
	switch t.domain {
	case "light":
		return t.light(payload)
	case "switch", "media_player", "script", "vacuum":
		return t.toggle(text, "ON", "OFF")
	case "scene":
		if text == "ON" {
			return nil
		}
	case "button":
		if text == "PRESS" {
			return nil
		}
	case "lock":
		return t.toggle(text, "LOCK", "UNLOCK")
	case "fan":
		if !numeric {
			return t.fan(text)
		}
		if slices.Contains(t.can, "percentage") && value >= 0 && value <= 100 {
			t.on, t.level = value > 0, value
			return nil
		}
	case "cover":
		return t.cover(text, value, numeric)
	case "climate":
		switch {
		case text == "off" || text == "heat":
			t.mode = text
			return nil
		case numeric && value >= t.low && value <= t.high:
			t.level = value
			return nil
		}
	case "number":
		if numeric && value >= t.low && value <= t.high {
			t.level = value
			return nil
		}
	case "select":
		if slices.Contains(t.options, text) {
			t.mode = text
			return nil
		}
	}
	return fmt.Errorf("a %s does not know the command %q", t.domain, text)
}

func (t *thing) toggle(text, on, off string) error {
	if text != on && text != off {
		return fmt.Errorf("a %s does not know the command %q", t.domain, text)
	}
	t.on = text == on
	return nil
}

// fan turns on at its last speed, or at full speed if that was none.
func (t *thing) fan(text string) error {
	if err := t.toggle(text, "ON", "OFF"); err != nil {
		return err
	}
	if t.on && t.level == 0 {
		t.level = 100
	}
	return nil
}

func (t *thing) cover(text string, value float64, numeric bool) error {
	switch {
	case text == "OPEN":
		t.level = 100
	case text == "CLOSE":
		t.level = 0
	case text == "STOP": // it is where it should be already
	case numeric && slices.Contains(t.can, "position") && value >= 0 && value <= 100:
		t.level = value
	default:
		return fmt.Errorf("a cover does not know the command %q", text)
	}
	return nil
}

// light obeys an object of Home Assistant's json schema.
func (t *thing) light(payload []byte) error {
	var command struct {
		State      string   `json:"state"`
		Brightness *float64 `json:"brightness"`
		ColorTemp  *float64 `json:"color_temp"`
		Color      *struct {
			R, G, B float64
		} `json:"color"`
	}
	if err := json.Unmarshal(payload, &command); err != nil {
		return fmt.Errorf("read a light's command: %w", err)
	}
	if command.State != "ON" && command.State != "OFF" {
		return fmt.Errorf("a light does not know the state %q", command.State)
	}
	t.on = command.State == "ON"
	if b := command.Brightness; b != nil {
		t.level = min(max(*b, 0), 255)
	}
	if k := command.ColorTemp; k != nil {
		t.kelvin = min(max(*k, warmest), coldest)
	}
	if c := command.Color; c != nil {
		t.rgb, t.kelvin = [3]float64{c.R, c.G, c.B}, 0
	}
	return nil
}

// report is the state as it is published, or nil for things that have none.
func (t *thing) report() []byte {
	onOff := func(on, off string) string {
		if t.on {
			return on
		}
		return off
	}
	object := func(m map[string]any) []byte {
		text, err := json.Marshal(m)
		if err != nil {
			panic("demo: " + err.Error()) // numbers and texts only
		}
		return text
	}
	switch t.domain {
	case "light":
		return object(t.shine(onOff("ON", "OFF")))
	case "switch", "media_player", "script", "vacuum":
		return []byte(onOff("ON", "OFF"))
	case "binary_sensor":
		if t.mode != "" { // else nobody knows
			return []byte(onOff("ON", "OFF"))
		}
	case "lock":
		return []byte(onOff("LOCKED", "UNLOCKED"))
	case "fan":
		percentage := t.level
		if !t.on {
			percentage = 0
		}
		return object(map[string]any{"state": onOff("ON", "OFF"), "percentage": percentage})
	case "cover":
		state := "open"
		if t.level == 0 {
			state = "closed"
		}
		return object(map[string]any{"state": state, "position": t.level})
	case "climate":
		return object(map[string]any{"mode": t.mode, "temperature": t.level, "current_temperature": t.now})
	case "number":
		return []byte(strconv.FormatFloat(t.level, 'f', -1, 64))
	case "select", "sensor":
		if t.mode != "" {
			return []byte(t.mode)
		}
	}
	return nil
}

// shine is the state of a light in the json schema.
func (t *thing) shine(state string) map[string]any {
	m := map[string]any{"state": state, "color_mode": "onoff"}
	color, temperature := slices.Contains(t.can, "color"), slices.Contains(t.can, "color_temp")
	if color || temperature || slices.Contains(t.can, "brightness") {
		m["brightness"], m["color_mode"] = t.level, "brightness"
	}
	switch {
	case temperature && (t.kelvin > 0 || !color):
		m["color_mode"], m["color_temp"] = "color_temp", t.kelvin
	case color:
		m["color_mode"] = "rgb"
		m["color"] = map[string]any{"r": t.rgb[0], "g": t.rgb[1], "b": t.rgb[2]}
	}
	return m
}
