package appliance

import (
	"encoding/json"
	"testing"

	"github.com/cricket-home/cricket/intent"
)

// What is to be done later stands in the JSON of what was understood.
func TestResolvedHasItsCommand(t *testing.T) {
	in := intent.Intent{
		Name: "HassStartTimer", Tier: intent.Template, Confidence: 1, Slots: map[string]any{"minutes": 10.0},
		Command: &intent.Intent{Name: "HassTurnOff", Tier: intent.Template, Confidence: 1, Targets: []string{"light.desk"}},
	}
	data, err := json.Marshal(NewResolved(nil, in))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"intent":"HassStartTimer","slots":{"minutes":10},"command":{"intent":"HassTurnOff","targets":["light.desk"],"tier":"template","confidence":1},"tier":"template","confidence":1}`
	if string(data) != want {
		t.Errorf("got  %s\nwant %s", data, want)
	}
}
