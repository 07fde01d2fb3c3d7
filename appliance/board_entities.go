package appliance

import (
	"context"

	"github.com/cricket-home/cricket/firmware"
	"github.com/cricket-home/cricket/mqtt"
)

// boardEntities are those of the board: what it has not got is Gone.
func (b *Box) boardEntities() []entity {
	there := firmware.Read(b.options.Sys)
	now := func() firmware.Readings {
		if r := b.readings.Load(); r != nil {
			return *r
		}
		return there
	}
	problem := func(of func(firmware.Readings) *bool) func() (string, any) {
		return func() (string, any) { return onOff(isTrue(of(now()))), nil }
	}
	return []entity{
		{
			OwnEntity: mqtt.OwnEntity{ID: "ring", Platform: "light", Name: "Lights", Gone: !b.hasRing(), Options: map[string]any{
				"schema": "json", "brightness": true, "supported_color_modes": []string{"brightness"}, "entity_category": "config", "icon": "mdi:circle-outline",
			}},
			told: func() (string, any) { return string(encode(b.ringSet.Load())), nil },
			obey: func(_ context.Context, payload string) error { return b.setRing(payload) },
		},
		{
			OwnEntity: mqtt.OwnEntity{ID: "temperature", Platform: "sensor", Name: "Temperature", Gone: there.Celsius == nil, Options: map[string]any{
				"device_class": "temperature", "unit_of_measurement": "°C", "state_class": "measurement", "entity_category": "diagnostic",
			}},
			told: func() (string, any) { return celsius(now()), nil },
		},
		{
			OwnEntity: mqtt.OwnEntity{ID: "under_voltage", Platform: "binary_sensor", Name: "Weak power supply", Gone: there.UnderVoltage == nil, Options: map[string]any{
				"device_class": "problem", "entity_category": "diagnostic",
			}},
			told: problem(func(r firmware.Readings) *bool { return r.UnderVoltage }),
		},
		{
			OwnEntity: mqtt.OwnEntity{ID: "throttled", Platform: "binary_sensor", Name: "Too hot", Gone: there.Throttled == nil, Options: map[string]any{
				"device_class": "problem", "entity_category": "diagnostic",
			}},
			told: problem(func(r firmware.Readings) *bool { return r.Throttled }),
		},
	}
}
