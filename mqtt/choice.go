package mqtt

import (
	"fmt"
	"regexp"
	"unicode/utf8"
)

// Numbers, selects and texts: a value out of a range, out of a list, or of a length.

func buildNumber(b *builder) {
	e := b.e
	b.texts("payload_reset")
	b.numbers("min", "max", "step")
	b.need(b.command("state", "command_topic", "command_template"), "command_topic")
	b.follow("state", "state_topic", "value_template")
	e.Min, e.Max, e.Step = e.number("min", 1), e.number("max", 100), e.number("step", 1)
	if e.Min >= e.Max {
		b.fail("min %s must be below max %s", numeral(e.Min), numeral(e.Max))
	}
}

func applyNumber(e *Entity, s *State, _, text string) error {
	if text == e.text("payload_reset", "None") || unknown(text) {
		s.Value = ""
		return nil
	}
	if _, ok := number(text); !ok {
		return fmt.Errorf("%q is not a number", shorten(text))
	}
	return setText(s, text)
}

func carryNumber(o *order) {
	if o.call.Service != "set_value" {
		o.unknownService()
	}
	o.only("value")
	n := o.between("value", o.e.Min, o.e.Max)
	o.send("state", numeral(n))
	o.expect(numeral(n))
}

func buildSelect(b *builder) {
	b.need(b.command("state", "command_topic", "command_template"), "command_topic")
	b.follow("state", "state_topic", "value_template")
	b.e.Options = b.list("options")
	b.need(len(b.e.Options) > 0, "options")
}

func carrySelect(o *order) {
	if o.call.Service != "select_option" {
		o.unknownService()
	}
	o.only("option")
	choice := o.word("option", o.e.Options)
	o.send("state", choice)
	o.expect(choice)
}

func buildText(b *builder) {
	e := b.e
	b.texts("pattern", "mode")
	b.numbers("min", "max")
	b.need(b.command("state", "command_topic", "command_template"), "command_topic")
	b.follow("state", "state_topic", "value_template")
	if _, err := regexp.Compile(e.text("pattern", "")); err != nil {
		b.fail("pattern cannot be used: %w", err)
	}
	e.Min, e.Max = e.number("min", 0), e.number("max", maxValue)
	if e.Min < 0 || e.Min > e.Max || e.Max > maxValue {
		b.fail("its length goes from %s to %s, 0 to %d are allowed", numeral(e.Min), numeral(e.Max), maxValue)
	}
}

func carryText(o *order) {
	if o.call.Service != "set_value" {
		o.unknownService()
	}
	o.only("value")
	value := o.word("value", nil)
	if n := float64(utf8.RuneCountInString(value)); n < o.e.Min || n > o.e.Max {
		o.cannot("its text has from %s to %s letters", numeral(o.e.Min), numeral(o.e.Max))
	}
	if form, err := regexp.Compile("^(?:" + o.e.text("pattern", "") + ")$"); err != nil || o.e.text("pattern", "") != "" && !form.MatchString(value) {
		o.cannot("its text has another form")
	}
	o.send("state", value)
	o.expect(value)
}
