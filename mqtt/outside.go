package mqtt

import (
	"encoding/json"
	"slices"
	"strings"
)

// Outside is e as an entity that no broker serves: whoever announced it also carries
// out its calls, and tells its state. Its one message stands for the call, for people
// and for traces, and is not to be published.
func (e Entity) Outside() Entity {
	e.outside = true
	return e
}

// IsOutside says that no broker serves the entity.
func (e *Entity) IsOutside() bool { return e.outside }

// outsideServices are the calls that are passed on, by domain. Whether a device can
// do what a call asks is for those who serve it to say, beyond its features.
var outsideServices = map[string]string{
	"light": "turn_on turn_off", "switch": "turn_on turn_off", "input_boolean": "turn_on turn_off", "siren": "turn_on turn_off",
	"script": "turn_on turn_off", "scene": "turn_on", "button": "press", "input_button": "press", "remote": "turn_on turn_off",
	"fan":                 "turn_on turn_off set_percentage oscillate set_preset_mode set_direction",
	"cover":               "open_cover close_cover stop_cover set_cover_position set_cover_tilt_position",
	"valve":               "open_valve close_valve stop_valve set_valve_position",
	"lock":                "lock unlock",
	"climate":             "turn_on turn_off set_temperature set_hvac_mode set_preset_mode set_fan_mode set_swing_mode set_swing_horizontal_mode",
	"water_heater":        "turn_on turn_off set_temperature set_operation_mode",
	"humidifier":          "turn_on turn_off set_humidity set_mode",
	"vacuum":              "start stop pause return_to_base set_fan_speed",
	"lawn_mower":          "start_mowing pause dock",
	"media_player":        "turn_on turn_off media_play media_pause media_next_track media_previous_track volume_set volume_up volume_down volume_mute volume_unmute",
	"number":              "set_value",
	"select":              "select_option",
	"alarm_control_panel": "alarm_arm_home alarm_arm_away alarm_arm_night alarm_arm_vacation alarm_disarm",
}

// outsideWants are the states that confirm a call, where it is one of few.
var outsideWants = map[string]string{
	"turn_on": "on", "turn_off": "off", "open_cover": "open", "close_cover": "closed", "open_valve": "open", "close_valve": "closed",
	"lock": "locked", "unlock": "unlocked", "return_to_base": "docked", "dock": "docked", "start": "cleaning", "start_mowing": "mowing",
	"media_play": "playing", "media_pause": "paused",
	"alarm_arm_home": "armed_home", "alarm_arm_away": "armed_away", "alarm_arm_night": "armed_night", "alarm_arm_vacation": "armed_vacation", "alarm_disarm": "disarmed",
}

// outsideNeeds are the features that data of a call needs.
var outsideNeeds = map[string]string{
	"brightness": "brightness", "brightness_pct": "brightness", "brightness_step_pct": "brightness", "rgb_color": "color", "hs_color": "color",
	"color_temp_kelvin": "color_temp", "position": "position", "tilt_position": "tilt", "percentage": "percentage", "oscillating": "oscillate",
	"volume_level": "volume", "humidity": "humidity", "effect": "effect", "direction": "direction",
}

// carryOutside is every platform's carry for an entity that no broker serves.
func carryOutside(o *order) {
	if !slices.Contains(strings.Fields(outsideServices[o.e.Platform]), o.call.Service) {
		o.unknownService()
		return
	}
	for key := range o.call.Data {
		if feature := outsideNeeds[key]; feature != "" && !o.e.Has(feature) {
			o.cannot("it has no %s", strings.ReplaceAll(feature, "_", " "))
			return
		}
	}
	data := o.call.Data
	if data == nil {
		data = map[string]any{}
	}
	payload, err := json.Marshal(data)
	if err != nil {
		o.cannot("its command cannot be written: %v", err)
		return
	}
	o.messages = []Message{{Topic: "$outside/" + o.e.ID + "/" + o.call.Service, Payload: payload}}
	switch o.e.Platform {
	case "scene", "button", "input_button", "script":
		return // their state tells when, not whether
	}
	o.want.Value = outsideWants[o.call.Service]
	wants := func(key, attribute string, scale float64) {
		if n, ok := number(o.call.Data[key]); ok {
			if o.want.Attributes == nil {
				o.want.Attributes = map[string]any{}
			}
			o.want.Attributes[attribute] = n * scale
		}
	}
	switch o.call.Service {
	case "turn_on":
		wants("brightness_pct", "brightness", 2.55)
		wants("brightness", "brightness", 1)
		wants("color_temp_kelvin", "color_temp_kelvin", 1)
		if o.e.Platform == "climate" || o.e.Platform == "water_heater" || o.e.Platform == "media_player" {
			o.want.Value = "" // "heat", "idle": on has many names
		}
	case "set_cover_position", "set_valve_position":
		wants("position", "current_position", 1)
	case "set_cover_tilt_position":
		wants("tilt_position", "current_tilt_position", 1)
	case "set_percentage":
		wants("percentage", "percentage", 1)
	case "set_temperature":
		wants("temperature", "temperature", 1)
	case "set_humidity":
		wants("humidity", "humidity", 1)
	case "volume_set":
		wants("volume_level", "volume_level", 1)
	case "volume_mute", "volume_unmute":
		o.want.Attributes = map[string]any{"is_volume_muted": o.call.Service == "volume_mute"}
	case "set_hvac_mode":
		o.want.Value, _ = o.call.Data["hvac_mode"].(string)
	case "set_operation_mode":
		o.want.Value, _ = o.call.Data["operation_mode"].(string)
	case "set_mode", "set_preset_mode", "set_fan_mode", "set_swing_mode", "set_swing_horizontal_mode", "set_direction", "set_fan_speed":
		setting := strings.TrimPrefix(o.call.Service, "set_")
		o.want.Attributes = map[string]any{setting: o.call.Data[setting]}
	case "select_option":
		o.want.Value, _ = o.call.Data["option"].(string)
	case "set_value":
		if n, ok := number(o.call.Data["value"]); ok {
			o.want.Value = numeral(n)
		}
	}
}
