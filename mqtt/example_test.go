package mqtt_test

import (
	"fmt"

	"github.com/cricket-home/cricket/mqtt"
)

// A lamp announces itself, is told to turn on, and answers.
func Example() {
	d, err := mqtt.ParseDiscovery("homeassistant", mqtt.Message{
		Topic: "homeassistant/light/porch/config",
		Payload: []byte(`{"~":"porch/lamp", "name":"Lamp", "dev":{"ids":"p1","name":"Porch"}, "uniq_id":"p1l",
			"cmd_t":"~/set", "stat_t":"~/state", "bri_cmd_t":"~/level/set", "bri_stat_t":"~/level", "bri_scl":100}`),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	lamp := d.Entities[0]
	fmt.Println(lamp.ID, lamp.Features, lamp.Topics())

	call := mqtt.Call{Service: "turn_on", Data: map[string]any{"brightness_pct": 40}}
	messages, err := lamp.Messages(call)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range messages {
		fmt.Printf("%s %s\n", m.Topic, m.Payload)
	}

	var state mqtt.State
	for topic, payload := range map[string]string{"porch/lamp/state": "ON", "porch/lamp/level": "40"} {
		if state, err = lamp.Apply(state, mqtt.Message{Topic: topic, Payload: []byte(payload)}); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(state.Value, state.Attributes, mqtt.Confirms(lamp.Want(call), state))

	_, err = lamp.Messages(mqtt.Call{Service: "turn_on", Data: map[string]any{"effect": "candle"}})
	fmt.Println(err)
	// Output:
	// light.porch_lamp [brightness] [porch/lamp/state porch/lamp/level]
	// porch/lamp/level/set 40
	// porch/lamp/set ON
	// on map[brightness:102] true
	// call turn_on on light.porch_lamp: it has no effects
}
