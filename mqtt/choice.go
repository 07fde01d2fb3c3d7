package mqtt

import "fmt"

// Numbers and selects: a value out of a range, a value out of a list.

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
