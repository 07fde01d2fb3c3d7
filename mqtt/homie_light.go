package mqtt

import (
	"fmt"
	"math"
	"strings"
)

// Lights of the Homie convention. A property that a lamp has not got is left
// out: one that only dims is off at the lower end of its range.

// light makes a node a light. color is its color property, or nil.
func (r *homieReader) light(n *homieNode, color *homieProperty) bool {
	power := n.switchable()
	white := n.find(nil, func(p *homieProperty) bool {
		return p.number() && p.settable && (p.unit == "K" || strings.HasPrefix(p.unit, "mire") || p.is(whiteWords) && p.low != nil && *p.low > 100)
	})
	brightness := n.find(brightnessWords, func(p *homieProperty) bool {
		return p != white && p.number() && p.settable && (p.percent() || p.high != nil && p.is(brightnessWords))
	})
	if power == nil && brightness == nil {
		return false
	}
	config := map[string]any{"schema": "homie"}
	if power != nil {
		config["command_topic"], config["state_topic"] = power.set(), power.topic
	}
	if brightness != nil {
		config["brightness_command_topic"], config["brightness_state_topic"] = brightness.set(), brightness.topic
		low, high := brightness.ends()
		config["brightness_low"], config["brightness_high"] = low, high
		config["brightness_whole"] = brightness.datatype == "integer"
	}
	if color != nil {
		config["color_command_topic"], config["color_state_topic"] = color.set(), color.topic
		config["color_form"], config["color_named"] = color.colors[0], color.five
	}
	if white != nil {
		config["color_temp_command_topic"], config["color_temp_state_topic"] = white.set(), white.topic
		kelvin := !strings.HasPrefix(white.unit, "mire") && (white.high == nil || *white.high > 1000)
		config["color_temp_kelvin"] = kelvin
		switch {
		case white.low == nil || white.high == nil:
		case kelvin:
			config["min_kelvin"], config["max_kelvin"] = *white.low, *white.high
		default:
			config["min_mireds"], config["max_mireds"] = *white.low, *white.high
		}
	}
	effect := n.find(nil, func(p *homieProperty) bool {
		return p.datatype == "enum" && p.settable && p.retained && p.is(effectWords)
	})
	if effect != nil {
		config["effect_command_topic"], config["effect_state_topic"], config["effect_list"] = effect.set(), effect.topic, effect.choices()
	}
	r.compound("light", n, config, power, brightness, color, white, effect)
	return true
}

func buildHomieLight(b *builder) {
	e := b.e
	b.texts("color_form")
	b.numbers("brightness_low", "brightness_high")
	b.flags("brightness_whole", "color_named", "color_temp_kelvin")
	power := b.command("state", "command_topic", "")
	b.follow("state", "state_topic")
	b.follow("brightness", "brightness_state_topic")
	if b.command("brightness", "brightness_command_topic", "") {
		b.feature("brightness")
	}
	if low, high := e.span(); low >= high || math.Abs(low) > 65535 || math.Abs(high) > 65535 {
		b.fail("its brightness goes from %s to %s", numeral(low), numeral(high))
	}
	b.follow("color", "color_state_topic")
	if b.command("color", "color_command_topic", "") {
		b.feature("color")
	}
	b.ability("color_temp", func() {
		b.follow("color_temp", "color_temp_state_topic")
		if b.command("color_temp", "color_temp_command_topic", "") {
			b.feature("color_temp")
			b.kelvinRange()
		}
	})
	b.follow("effect", "effect_state_topic")
	if b.command("effect", "effect_command_topic", "") {
		b.feature("effect")
		e.Options = b.list("effect_list")
	}
	if !power && !e.takes("brightness") {
		b.fail("it has neither a command_topic nor a brightness_command_topic")
	}
}

// span is the device's own brightness when it is off, and at its brightest.
func (e *Entity) span() (low, high float64) {
	return e.number("brightness_low", 0), e.number("brightness_high", 100)
}

// level turns a brightness of 0..255 into the device's own; what is on stays on.
func (e *Entity) level(brightness float64) float64 {
	low, high := e.span()
	n := low + brightness*(high-low)/255
	if !e.flag("brightness_whole") {
		return thousandths(n)
	}
	if n = math.Round(n); brightness > 0 {
		n = max(n, low+1)
	}
	return n
}

// unlevel turns the device's own brightness into 0..255; what is on stays on.
func (e *Entity) unlevel(n float64) int {
	low, high := e.span()
	brightness := min(max(math.Round((n-low)*255/(high-low)), 0), 255)
	if n > low {
		brightness = max(brightness, 1)
	}
	return int(brightness)
}

func applyHomieLight(e *Entity, s *State, role, text string) error {
	switch role {
	case "state":
		return choose(s, text, "true", "on", "false", "off")
	case "brightness":
		err := setNumber(s, "brightness", text, func(n float64) any { return e.unlevel(n) })
		if b, known := s.Attributes["brightness"].(int); known && err == nil && !e.follows("state") {
			s.Value = "on"
			if b == 0 {
				s.Value = "off"
			}
		}
		return err
	case "color":
		if unknown(text) {
			delete(s.Attributes, "rgb_color")
			return nil
		}
		rgb, ok := homieColor(text, e.text("color_form", "rgb"))
		if !ok {
			return fmt.Errorf("%q is not a color", shorten(text))
		}
		s.Attributes["rgb_color"] = rgb
		return nil
	case "color_temp", "effect":
		return applyLight(e, s, role, text)
	}
	return fmt.Errorf("no such topic")
}

// homieColor reads "255,0,0" or, as version 5 writes it, "rgb,255,0,0".
func homieColor(text, form string) ([]int, bool) {
	parts := strings.Split(text, ",")
	if first := strings.TrimSpace(parts[0]); first == "rgb" || first == "hsv" || first == "xyz" {
		form, parts = first, parts[1:]
	}
	var n []float64
	for _, part := range parts {
		v, ok := number(strings.TrimSpace(part))
		if !ok {
			return nil, false
		}
		n = append(n, v)
	}
	switch {
	case form == "rgb":
		return colorOf("rgb", n)
	case form == "hsv" && len(n) == 3:
		return colorOf("hs", n[:2]) // its value is a brightness, and the lamp has one of its own
	case form == "xyz" && len(n) >= 2:
		return colorOf("xy", n[:2])
	}
	return nil, false
}

func (e *Entity) homieColorOut(rgb []int) string {
	form, text := e.text("color_form", "rgb"), ""
	switch form {
	case "hsv":
		h, s := toHS(rgb)
		text = fmt.Sprintf("%.0f,%.0f,100", h, s)
	case "xyz":
		x, y := toXY(rgb)
		text = numeral(x) + "," + numeral(y)
	default:
		text = fmt.Sprintf("%d,%d,%d", rgb[0], rgb[1], rgb[2])
	}
	if e.flag("color_named") {
		return form + "," + text
	}
	return text
}

func carryHomieLight(o *order) {
	e := o.e
	off := func() {
		o.expect("off")
		if e.takes("state") {
			o.send("state", "false")
			return
		}
		low, _ := e.span()
		o.send("brightness", numeral(low))
		o.expectAttribute("brightness", "brightness", 0)
	}
	l, on := o.lit(off)
	if !on {
		return
	}
	if l.brightness < 0 && !e.takes("state") {
		l.brightness = 255 // a brightness is the only way to turn it on
	}
	if l.rgb != nil {
		o.send("color", e.homieColorOut(l.rgb))
	}
	if l.kelvin > 0 {
		out := e.temperatureOut(l.kelvin)
		o.send("color_temp", out)
		if back, err := e.temperatureIn(float64(out)); err == nil {
			o.expectAttribute("color_temp", "color_temp_kelvin", back)
		}
	}
	if l.effect != "" {
		o.send("effect", l.effect)
		o.expectAttribute("effect", "effect", l.effect)
	}
	if l.brightness > 0 {
		level := e.level(float64(l.brightness))
		o.send("brightness", numeral(level))
		o.expectAttribute("brightness", "brightness", e.unlevel(level))
	}
	if e.takes("state") {
		o.send("state", "true")
	}
	o.expect("on")
}
