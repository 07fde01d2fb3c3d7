package mqtt

import "fmt"

// Lights of the template schema: one topic each way, and a template for each
// thing that it tells or is told.

func buildTemplateLight(b *builder) {
	e := b.e
	names := []string{"state", "brightness", "color_temp", "red", "green", "blue", "hue", "sat", "effect", "flash", "transition"}
	for role, key := range map[string]string{"on": "command_on_template", "off": "command_off_template"} {
		b.need(b.command(role, "command_topic", key, names...), "command_topic")
		b.need(e.Config[key] != nil, key)
	}
	if e.Config["state_template"] != nil {
		b.follow("state", "state_topic", "state_template")
	}
	// A light can do what it has a template for; without a state topic it never tells.
	part := func(feature string, keys ...string) {
		b.ability(feature, func() {
			for _, key := range keys {
				if e.Config[key] == nil {
					return
				}
			}
			for _, key := range keys {
				b.follow(key[:len(key)-len("_template")], "state_topic", key)
			}
			b.feature(feature)
			if feature == "color_temp" {
				b.kelvinRange()
			}
			if feature == "effect" {
				e.Options = b.list("effect_list")
			}
		})
	}
	part("brightness", "brightness_template")
	part("color", "red_template", "green_template", "blue_template")
	part("color_temp", "color_temp_template")
	part("effect", "effect_template")
}

func applyTemplateLight(e *Entity, s *State, role, text string) error {
	switch role {
	case "state":
		return choose(s, text, "on", "on", "off", "off", "ON", "on", "OFF", "off")
	case "brightness", "color_temp", "effect":
		return applyLight(e, s, role, text)
	case "red", "green", "blue":
		n, ok := number(text)
		if !ok || n < 0 || n > 255 {
			if unknown(text) {
				return nil
			}
			return fmt.Errorf("%q is not a color", shorten(text))
		}
		now, _ := s.Attributes["rgb_color"].([]int)
		rgb := make([]int, 3)
		copy(rgb, now)
		rgb[map[string]int{"red": 0, "green": 1, "blue": 2}[role]] = int(n)
		s.Attributes["rgb_color"] = rgb
		return nil
	}
	return fmt.Errorf("no such topic")
}

func carryTemplateLight(o *order) {
	off := func() {
		o.sendWith("off", map[string]any{"state": "off"})
		o.expect("off")
	}
	l, on := o.lit(off)
	if !on {
		return
	}
	vars := map[string]any{"state": "on"}
	if l.brightness > 0 {
		vars["brightness"] = l.brightness
		o.expectAttribute("brightness", "brightness", l.brightness)
	}
	if l.rgb != nil {
		hue, sat := toHS(l.rgb)
		vars["red"], vars["green"], vars["blue"], vars["hue"], vars["sat"] = l.rgb[0], l.rgb[1], l.rgb[2], hue, sat
	}
	if l.kelvin > 0 {
		out := o.e.temperatureOut(l.kelvin)
		vars["color_temp"] = out
		if back, err := o.e.temperatureIn(float64(out)); err == nil {
			o.expectAttribute("color_temp", "color_temp_kelvin", back)
		}
	}
	if l.effect != "" {
		vars["effect"] = l.effect
		o.expectAttribute("effect", "effect", l.effect)
	}
	o.sendWith("on", vars)
	o.expect("on")
}
