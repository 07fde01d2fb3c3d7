package mqtt

import "fmt"

// Water heaters and humidifiers: on and off, a mode, and one thing to hold.

func buildWaterHeater(b *builder) {
	e := b.e
	b.texts("payload_on", "payload_off", "temperature_unit")
	b.numbers("min_temp", "max_temp", "precision")
	e.Unit = e.text("temperature_unit", "")
	low, high := 43.0, 60.0 // °C: Home Assistant's 110 and 140 °F
	if e.Unit == "F" {
		low, high = 110, 140
	}
	e.Min, e.Max, e.Step = e.number("min_temp", low), e.number("max_temp", high), 1
	if e.Min >= e.Max {
		b.fail("min_temp %s must be below max_temp %s", numeral(e.Min), numeral(e.Max))
	}
	e.Options = []string{"off", "eco", "electric", "gas", "heat_pump", "high_demand", "performance"}
	if e.Config["modes"] != nil {
		e.Options = b.list("modes")
	}
	b.heats()
	b.ability("power", func() { b.command("power", "power_command_topic", "power_command_template") })
	if len(b.errs) == 0 && len(e.commands) == 0 && len(e.Topics()) == 0 {
		b.fail("it has no topic for its temperature or its mode")
	}
}

func carryWaterHeater(o *order) {
	if o.call.Service != "set_operation_mode" {
		carryClimate(o) // which has the other services
		return
	}
	o.only("operation_mode")
	o.climateMode(o.word("operation_mode", o.e.Options))
}

func buildHumidifier(b *builder) {
	e := b.e
	buildSiren(b) // turns on and off alike
	b.numbers("min_humidity", "max_humidity")
	e.Unit, e.Step = "%", 1
	b.ability("humidity", func() {
		b.follow("humidity", "target_humidity_state_topic", "target_humidity_state_template")
		if b.command("humidity", "target_humidity_command_topic", "target_humidity_command_template") {
			b.feature("humidity")
		}
		e.Min, e.Max = e.number("min_humidity", 0), e.number("max_humidity", 100)
		if e.Min >= e.Max {
			b.fail("min_humidity %s must be below max_humidity %s", numeral(e.Min), numeral(e.Max))
		}
	})
	b.ability("current humidity", func() {
		b.follow("current_humidity", "current_humidity_topic", "current_humidity_template")
	})
	b.ability("mode", func() {
		b.follow("mode", "mode_state_topic", "mode_state_template")
		if b.command("mode", "mode_command_topic", "mode_command_template") {
			b.feature("mode")
			e.Options = b.list("modes")
		}
	})
}

func applyHumidifier(e *Entity, s *State, role, text string) error {
	switch role {
	case "state":
		return applySiren(e, s, role, text)
	case "humidity", "current_humidity":
		if role == "humidity" && text == e.text("payload_reset_humidity", "None") {
			text = ""
		}
		return setNumber(s, role, text, same)
	case "mode":
		if text == e.text("payload_reset_mode", "None") {
			text = ""
		}
		setWord(s, "mode", text)
		return nil
	}
	return fmt.Errorf("no such topic")
}

func carryHumidifier(o *order) {
	switch o.call.Service {
	case "set_humidity":
		o.only("humidity")
		h := o.between("humidity", o.e.Min, o.e.Max)
		o.send("humidity", numeral(h))
		o.expectAttribute("humidity", "humidity", h)
	case "set_mode":
		o.only("mode")
		mode := o.word("mode", o.e.Options)
		o.send("mode", mode)
		o.expectAttribute("mode", "mode", mode)
	default:
		carrySiren(o)
	}
}
