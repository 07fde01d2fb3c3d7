package mqtt

import "testing"

// A cover without a device class opens the house where its name says so, and one
// with a class is what it says.
func TestACoverThatOpensTheHouseByItsName(t *testing.T) {
	for config, want := range map[string]string{
		`"name":"Roller garage door"`:                         "garage",
		`"name":"Garagentor"`:                                 "garage",
		`"name":"Front gate"`:                                 "gate",
		`"name":"Einfahrtstor"`:                               "gate",
		`"name":"Patio door"`:                                 "door",
		`"name":"Garaj kapısı"`:                               "garage",
		`"name":null,"dev":{"ids":["g"],"name":"Garage"}`:     "garage",
		`"name":"Door","dev":{"ids":["g"],"name":"Big barn"}`: "door",
		`"name":"Garage","dev_cla":"shutter"`:                 "shutter",
		`"name":"Garage","dev_cla":null`:                      "garage",
		`"name":"Outdoor awning"`:                             "",
		`"name":"Outdoor screen"`:                             "",
		`"name":"Patio door blind"`:                           "",
		`"name":"Garage blind"`:                               "",
		`"name":"Rollladen Tür"`:                              "",
		`"name":"Living room"`:                                "",
	} {
		if got := small(t, "cover", `"cmd_t":"c",`+config).DeviceClass; got != want {
			t.Errorf("%s: %q, want %q", config, got, want)
		}
	}
}
