package mqtt

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// Lights of the json schema: one topic for commands and one for states, each
// with an object of all abilities.

func buildJSONLight(b *builder) {
	e := b.e
	b.need(b.command("state", "command_topic", ""), "command_topic")
	b.follow("state", "state_topic")
	b.flags("brightness", "effect", "color_temp_kelvin", "color_temp", "rgb", "hs", "xy")
	modes := b.colorModes()
	b.ability("brightness", func() {
		b.brightnessScale()
		dims := e.flag("brightness")
		for _, m := range modes {
			dims = dims || m != "onoff"
		}
		if dims {
			b.feature("brightness")
		}
	})
	if colorMode(modes) != "" {
		b.feature("color")
	}
	b.ability("color_temp", func() {
		if slices.Contains(modes, "color_temp") {
			b.feature("color_temp")
			b.kelvinRange()
		}
	})
	b.ability("effect", func() {
		if e.flag("effect") || e.Config["effect_list"] != nil {
			e.Options = b.list("effect_list")
			b.feature("effect")
		}
	})
}

// colorModes are the supported_color_modes, or the flags that came before them.
func (b *builder) colorModes() []string {
	if b.e.Config["supported_color_modes"] != nil {
		return b.list("supported_color_modes")
	}
	var modes []string
	for _, m := range []string{"color_temp", "rgb", "hs", "xy"} {
		if b.e.flag(m) {
			modes = append(modes, m)
		}
	}
	return modes
}

// colorMode is the most direct of the modes in which a color can be sent.
func colorMode(modes []string) string {
	for _, m := range []string{"rgb", "rgbw", "rgbww", "hs", "xy"} {
		if slices.Contains(modes, m) {
			return m
		}
	}
	return ""
}

func applyJSONLight(e *Entity, s *State, _, text string) error {
	p := payload{text: text}
	v, err := p.json()
	if err != nil {
		return err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("the payload is not a JSON object")
	}
	if state, said := m["state"]; said {
		if err := choose(s, show(state), "ON", "on", "OFF", "off"); err != nil {
			return err
		}
	}
	if n, ok := number(m["brightness"]); ok && e.Has("brightness") {
		s.Attributes["brightness"] = e.fromScale(n)
	}
	mode, _ := m["color_mode"].(string)
	if parts, ok := m["color"].(map[string]any); ok && e.Has("color") && mode != "color_temp" {
		for _, form := range [][]string{{"r", "g", "b"}, {"h", "s"}, {"x", "y"}} {
			var n []float64
			for _, key := range form {
				if v, ok := number(parts[key]); ok {
					n = append(n, v)
				}
			}
			kind := map[string]string{"r": "rgb", "h": "hs", "x": "xy"}[form[0]]
			if color, ok := colorOf(kind, n); ok {
				s.Attributes["rgb_color"] = color
				break
			}
		}
	}
	if n, ok := number(m["color_temp"]); ok && e.Has("color_temp") && (mode == "" || mode == "color_temp") {
		k, err := e.temperatureIn(n)
		if err != nil {
			return err
		}
		s.Attributes["color_temp_kelvin"] = k
	}
	switch mode { // only one of them shines
	case "":
	case "color_temp":
		delete(s.Attributes, "rgb_color")
	default:
		delete(s.Attributes, "color_temp_kelvin")
	}
	if effect, ok := m["effect"].(string); ok && e.Has("effect") {
		setWord(s, "effect", effect)
	}
	return nil
}

func carryJSONLight(o *order) {
	e := o.e
	body := map[string]any{}
	switch o.call.Service {
	case "turn_off":
		o.only()
		body["state"] = "OFF"
		o.expect("off")
	case "turn_on":
		l := o.look()
		if l.brightness == 0 {
			body["state"] = "OFF"
			o.expect("off")
			break
		}
		body["state"] = "ON"
		o.expect("on")
		if l.brightness > 0 {
			n := e.toScale(float64(l.brightness))
			body["brightness"] = n
			o.expectAttribute("state", "brightness", e.fromScale(float64(n)))
		}
		if l.rgb != nil {
			body["color"] = e.jsonColor(l.rgb)
		}
		if l.kelvin > 0 {
			n := e.temperatureOut(l.kelvin)
			body["color_temp"] = n
			if back, err := e.temperatureIn(float64(n)); err == nil {
				o.expectAttribute("state", "color_temp_kelvin", back)
			}
		}
		if l.effect != "" {
			body["effect"] = l.effect
			o.expectAttribute("state", "effect", l.effect)
		}
	default:
		o.unknownService()
		return
	}
	text, err := json.Marshal(body)
	if err != nil {
		o.cannot("its command cannot be written: %v", err)
		return
	}
	o.send("state", string(text))
}

func (e *Entity) jsonColor(rgb []int) map[string]any {
	b := &builder{e: e}
	switch colorMode(b.colorModes()) {
	case "hs":
		h, s := toHS(rgb)
		return map[string]any{"h": h, "s": s}
	case "xy":
		x, y := toXY(rgb)
		return map[string]any{"x": x, "y": y}
	case "rgbw":
		return map[string]any{"r": rgb[0], "g": rgb[1], "b": rgb[2], "w": 0}
	case "rgbww":
		return map[string]any{"r": rgb[0], "g": rgb[1], "b": rgb[2], "c": 0, "w": 0}
	}
	return map[string]any{"r": rgb[0], "g": rgb[1], "b": rgb[2]}
}

// triple reads a color of three numbers from 0 to 255.
func triple(v any) ([]int, bool) {
	var list []any
	switch v := v.(type) {
	case []any:
		list = v
	case []int:
		for _, n := range v {
			list = append(list, n)
		}
	case []float64:
		for _, n := range v {
			list = append(list, n)
		}
	case []int64:
		for _, n := range v {
			list = append(list, n)
		}
	case [3]int:
		for _, n := range v {
			list = append(list, n)
		}
	}
	if len(list) != 3 {
		return nil, false
	}
	var rgb []int
	for _, item := range list {
		n, ok := number(item)
		if !ok || n < 0 || n > 255 {
			return nil, false
		}
		rgb = append(rgb, int(math.Round(n)))
	}
	return rgb, true
}
