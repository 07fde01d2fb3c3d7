package mqtt

// Message is one MQTT application message. [MQTT-3.3]
type Message struct {
	Topic   string
	Payload []byte
	QoS     byte // 0, 1 or 2
	Retain  bool
}

// State is what an entity's topics have said about it so far.
type State struct {
	Value      string          // as in Home Assistant: "on", "off", "open", "locked", "21.5"; "" = not yet known
	Attributes map[string]any  // brightness (0..255), color_temp_kelvin, rgb_color, current_position, percentage, temperature, ...
	Offline    bool            // its availability topics say that it is not there
	Online     map[string]bool // what each availability topic said last; Offline sums them up
}

// IsZero reports whether nothing has been said. As a Want it means that
// nothing confirms the call.
func (s State) IsZero() bool {
	return s.Value == "" && len(s.Attributes) == 0 && !s.Offline && len(s.Online) == 0
}

// Call is a service call in Home Assistant's words, for one entity.
type Call struct {
	Service string         // "turn_on", "open_cover", "set_temperature", "select_option", ...
	Data    map[string]any // "brightness_pct", "rgb_color", "position", "percentage", "temperature", ...
}
