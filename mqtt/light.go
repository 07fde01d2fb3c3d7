package mqtt

import (
	"fmt"
	"math"
	"strings"
)

// Lights of the default schema: a topic of its own for each ability.

func buildLight(b *builder) {
	e := b.e
	switch e.schema() {
	case "", "default", "basic":
	default:
		b.fail("the light's schema %q is not known", shorten(e.schema()))
		return
	}
	b.texts("payload_on", "payload_off", "on_command_type")
	b.need(b.command("state", "command_topic", ""), "command_topic")
	b.follow("state", "state_topic", "state_value_template")
	switch e.text("on_command_type", "last") {
	case "first", "last", "brightness":
	default:
		b.fail("on_command_type must be first, last or brightness")
	}
	b.ability("brightness", func() {
		b.brightnessScale()
		b.follow("brightness", "brightness_state_topic", "brightness_value_template")
		if b.command("brightness", "brightness_command_topic", "brightness_command_template") {
			b.feature("brightness")
		}
	})
	b.ability("color", func() {
		b.follow("rgb", "rgb_state_topic", "rgb_value_template")
		if b.command("rgb", "rgb_command_topic", "rgb_command_template", "red", "green", "blue") {
			b.feature("color")
		}
	})
	b.ability("hs color", func() {
		b.follow("hs", "hs_state_topic", "hs_value_template")
		if b.command("hs", "hs_command_topic", "hs_command_template", "hue", "sat") {
			b.feature("color")
		}
	})
	b.ability("xy color", func() {
		b.follow("xy", "xy_state_topic", "xy_value_template")
		if b.command("xy", "xy_command_topic", "xy_command_template", "x", "y") {
			b.feature("color")
		}
	})
	b.ability("color_temp", func() {
		b.follow("color_temp", "color_temp_state_topic", "color_temp_value_template")
		if b.command("color_temp", "color_temp_command_topic", "color_temp_command_template") {
			b.feature("color_temp")
			b.kelvinRange()
		}
	})
	b.ability("effect", func() {
		b.follow("effect", "effect_state_topic", "effect_value_template")
		if b.command("effect", "effect_command_topic", "effect_command_template") {
			b.feature("effect")
			e.Options = b.list("effect_list")
		}
	})
	if e.text("on_command_type", "") == "brightness" && !e.takes("brightness") {
		b.fail("on_command_type is brightness, but brightness_command_topic is missing or cannot be used")
	}
}

func (b *builder) brightnessScale() {
	b.numbers("brightness_scale")
	if scale := b.e.number("brightness_scale", 255); scale < 1 || scale > 65535 {
		b.fail("brightness_scale must be from 1 to 65535")
	}
}

// kelvinRange sets Min and Max from the limits in kelvin or mireds.
func (b *builder) kelvinRange() {
	e := b.e
	b.numbers("min_kelvin", "max_kelvin", "min_mireds", "max_mireds")
	low, high := e.number("max_mireds", 500), e.number("min_mireds", 153)
	if low <= 0 || high <= 0 {
		b.fail("min_mireds and max_mireds must be above 0")
		return
	}
	e.Min = math.Round(e.number("min_kelvin", 1e6/low))
	e.Max = math.Round(e.number("max_kelvin", 1e6/high))
	if e.Min < 1 || e.Min > e.Max {
		b.fail("its color temperature goes from %s to %s K", numeral(e.Min), numeral(e.Max))
	}
}

// toScale turns a brightness of 0..255 into the device's own; what is on stays on.
func (e *Entity) toScale(brightness float64) int {
	scale := e.number("brightness_scale", 255)
	n := min(math.Round(brightness*scale/255), math.Trunc(scale))
	if brightness > 0 {
		n = max(n, 1)
	}
	return int(n)
}

// fromScale turns the device's own brightness into 0..255.
func (e *Entity) fromScale(n float64) int {
	return int(min(max(math.Round(n*255/e.number("brightness_scale", 255)), 0), 255))
}

// temperatureOut writes a color temperature the device's way.
func (e *Entity) temperatureOut(kelvin float64) int {
	if e.flag("color_temp_kelvin") {
		return int(math.Round(kelvin))
	}
	return int(math.Round(1e6 / kelvin))
}

// temperatureIn reads a color temperature of the device as kelvin.
func (e *Entity) temperatureIn(n float64) (int, error) {
	if n <= 0 {
		return 0, fmt.Errorf("a color temperature of %s", numeral(n))
	}
	if e.flag("color_temp_kelvin") {
		return int(math.Round(min(n, 1e6))), nil
	}
	return int(math.Round(1e6 / max(n, 1))), nil
}

func applyLight(e *Entity, s *State, role, text string) error {
	switch role {
	case "state":
		return choose(s, text, e.text("payload_on", "ON"), "on", e.text("payload_off", "OFF"), "off")
	case "brightness":
		return setNumber(s, "brightness", text, func(n float64) any { return e.fromScale(n) })
	case "rgb", "hs", "xy":
		if unknown(text) {
			delete(s.Attributes, "rgb_color")
			return nil
		}
		var parts []float64
		for _, part := range strings.Split(text, ",") {
			n, ok := number(part)
			if !ok {
				return fmt.Errorf("%q is not a color", shorten(text))
			}
			parts = append(parts, n)
		}
		color, ok := colorOf(role, parts)
		if !ok {
			return fmt.Errorf("%q is not a color", shorten(text))
		}
		s.Attributes["rgb_color"] = color
		return nil
	case "color_temp":
		if n, ok := number(text); ok {
			k, err := e.temperatureIn(n)
			if err == nil {
				s.Attributes["color_temp_kelvin"] = k
			}
			return err
		}
		return setNumber(s, "color_temp_kelvin", text, same)
	case "effect":
		setWord(s, "effect", text)
		return nil
	}
	return fmt.Errorf("no such topic")
}

// look is what a turn_on asks of a light beside being on.
type look struct {
	brightness int // 0..255; -1: as it is
	rgb        []int
	kelvin     float64 // 0: as it is
	effect     string
}

// look reads and checks the data of a turn_on. Without an ability the data
// cannot be carried out, and nothing else is done instead.
func (o *order) look() look {
	o.only("brightness", "brightness_pct", "rgb_color", "color_temp_kelvin", "effect")
	l := look{brightness: -1}
	switch {
	case o.has("brightness_pct"):
		l.brightness = int(math.Round(o.between("brightness_pct", 0, 100) * 255 / 100))
	case o.has("brightness"):
		l.brightness = int(math.Round(o.between("brightness", 0, 255)))
	}
	if l.brightness > 0 && !o.e.Has("brightness") {
		o.cannot("it cannot be dimmed")
	}
	if o.has("rgb_color") {
		rgb, ok := triple(o.call.Data["rgb_color"])
		if !ok {
			o.cannot("\"rgb_color\" must be three numbers from 0 to 255")
		}
		if !o.e.Has("color") {
			o.cannot("it has no colors")
		}
		l.rgb = rgb
	}
	if o.has("color_temp_kelvin") {
		if !o.e.Has("color_temp") {
			o.cannot("its color temperature cannot be set")
		}
		l.kelvin = min(max(o.between("color_temp_kelvin", 1000, 10000), o.e.Min), o.e.Max)
	}
	if o.has("effect") {
		if !o.e.Has("effect") {
			o.cannot("it has no effects")
		}
		l.effect = o.word("effect", o.e.Options)
	}
	return l
}

// lit is how a light is to shine that is to be on. Where it is to be off, that is
// seen to here.
func (o *order) lit(off func()) (l look, on bool) {
	switch o.call.Service {
	case "turn_off":
		o.only()
		off()
		return l, false
	case "turn_on":
	default:
		o.unknownService()
		return l, false
	}
	if l = o.look(); l.brightness == 0 {
		off()
		return l, false
	}
	return l, true
}

func carryLight(o *order) {
	e := o.e
	off := func() {
		o.send("state", e.text("payload_off", "OFF"))
		o.expect("off")
	}
	l, on := o.lit(off)
	if !on {
		return
	}
	kind := e.text("on_command_type", "last")
	if kind == "brightness" && l.brightness < 0 {
		l.brightness = 255 // a brightness is the only way to turn it on
	}
	if kind == "first" {
		o.send("state", e.text("payload_on", "ON"))
	}
	if l.rgb != nil {
		o.color(l)
	}
	if l.kelvin > 0 {
		out := e.temperatureOut(l.kelvin)
		o.send("color_temp", out)
		back, err := e.temperatureIn(float64(out))
		if err == nil {
			o.expectAttribute("color_temp", "color_temp_kelvin", back)
		}
	}
	if l.effect != "" {
		o.send("effect", l.effect)
		o.expectAttribute("effect", "effect", l.effect)
	}
	if l.brightness > 0 {
		o.send("brightness", e.toScale(float64(l.brightness)))
		o.expectAttribute("brightness", "brightness", e.fromScale(float64(e.toScale(float64(l.brightness)))))
	}
	if kind == "last" {
		o.send("state", e.text("payload_on", "ON"))
	}
	o.expect("on")
}

// color sends a color by the most direct way the light has. No color is
// expected back: a bulb answers with the nearest that it can show.
func (o *order) color(l look) {
	r, g, b := l.rgb[0], l.rgb[1], l.rgb[2]
	switch {
	case o.e.takes("rgb"):
		o.sendWith("rgb", map[string]any{"value": fmt.Sprintf("%d,%d,%d", r, g, b), "red": r, "green": g, "blue": b})
	case o.e.takes("hs"):
		h, s := toHS(l.rgb)
		o.sendWith("hs", map[string]any{"value": numeral(h) + "," + numeral(s), "hue": numeral(h), "sat": numeral(s)})
	default:
		x, y := toXY(l.rgb)
		o.sendWith("xy", map[string]any{"value": numeral(x) + "," + numeral(y), "x": numeral(x), "y": numeral(y)})
	}
}
