package mqtt

import (
	"fmt"
	"strings"
)

// platform is how one kind of entity is read, followed and commanded.
type platform struct {
	build func(b *builder)                                   // checks the config and declares topics
	apply func(e *Entity, s *State, role, text string) error // s is a copy with its own Attributes
	carry func(o *order)                                     // turns a call into messages and the state to expect
}

// platforms returns the platform of that name, and of that schema for lights.
// The zero platform means that we do not speak it.
func platforms(name, schema string) platform {
	switch name {
	case "light":
		switch schema {
		case "json":
			return platform{buildJSONLight, applyJSONLight, carryJSONLight}
		case "template":
			return platform{buildTemplateLight, applyTemplateLight, carryTemplateLight}
		case "homie":
			return platform{buildHomieLight, applyHomieLight, carryHomieLight}
		}
		return platform{buildLight, applyLight, carryLight}
	case "switch":
		return platform{buildSwitch, applySwitch, carrySwitch}
	case "script":
		return platform{buildSwitch, applySwitch, carrySwitch}
	case "media_player":
		return platform{buildPlayer, applyPlayer, carryPlayer}
	case "siren":
		return platform{buildSiren, applySiren, carrySiren}
	case "humidifier":
		return platform{buildHumidifier, applyHumidifier, carryHumidifier}
	case "water_heater":
		return platform{buildWaterHeater, applyClimate, carryWaterHeater}
	case "alarm_control_panel":
		return platform{buildAlarm, applyAlarm, carryAlarm}
	case "text":
		return platform{buildText, applyText, carryText}
	case "event":
		return platform{buildEvent, applyEvent, carryNothing}
	case "update":
		return platform{buildUpdate, applyUpdate, carryUpdate}
	case "device_tracker":
		return platform{buildTracker, applyTracker, carryNothing}
	case "vacuum":
		return platform{buildVacuum, applyVacuum, carryVacuum}
	case "lawn_mower":
		return platform{buildMower, applyMower, carryMower}
	case "valve":
		return platform{buildValve, applyValve, carryValve}
	case "fan":
		return platform{buildFan, applyFan, carryFan}
	case "cover":
		return platform{buildCover, applyCover, carryCover}
	case "lock":
		return platform{buildLock, applyLock, carryLock}
	case "climate":
		return platform{buildClimate, applyClimate, carryClimate}
	case "sensor":
		return platform{buildSensor, applyText, carryNothing}
	case "binary_sensor":
		return platform{buildBinarySensor, applyBinarySensor, carryNothing}
	case "scene":
		return platform{buildScene, applyNothing, carryScene}
	case "button":
		return platform{buildButton, applyNothing, carryButton}
	case "number":
		return platform{buildNumber, applyNumber, carryNumber}
	case "select":
		return platform{buildSelect, applyText, carrySelect}
	}
	return platform{}
}

// unspoken are Home Assistant's MQTT platforms that nobody can speak to or ask
// about, and why. Nobody writes to the map.
var unspoken = map[string]string{
	"camera":            "a camera's pictures cannot be spoken of",
	"image":             "an image cannot be spoken of",
	"notify":            "a notify entity shows messages; nobody speaks to it",
	"tag":               "a tag scanner has no state to ask about",
	"device_automation": "a device trigger is for automations; it has no state to ask about",
}

// maxValue is how long a state may be, as in Home Assistant.
const maxValue = 255 // bytes

// setText sets the value of a state from a payload.
func setText(s *State, text string) error {
	text = strings.TrimSpace(text)
	if unknown(text) {
		s.Value = ""
		return nil
	}
	if len(text) > maxValue {
		return fmt.Errorf("the value has %d bytes, %d are allowed", len(text), maxValue)
	}
	s.Value = text
	return nil
}

// choose sets the value whose payload came. pairs are payload, value, payload, value, ...
func choose(s *State, text string, pairs ...string) error {
	for i := 0; i < len(pairs); i += 2 {
		if text == pairs[i] {
			s.Value = pairs[i+1]
			return nil
		}
	}
	if unknown(text) {
		s.Value = ""
		return nil
	}
	return fmt.Errorf("%q is none of its states", shorten(text))
}

// setNumber sets an attribute from a payload that is a number; None and the
// like take it away.
func setNumber(s *State, attribute, text string, change func(float64) any) error {
	if unknown(text) {
		delete(s.Attributes, attribute)
		return nil
	}
	n, ok := number(text)
	if !ok {
		return fmt.Errorf("%q is not a number", shorten(text))
	}
	s.Attributes[attribute] = change(n)
	return nil
}

// setWord sets an attribute that is text.
func setWord(s *State, attribute, text string) {
	if unknown(text) {
		delete(s.Attributes, attribute)
		return
	}
	s.Attributes[attribute] = text
}

func same(n float64) any { return n }
