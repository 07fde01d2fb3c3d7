package appliance

import (
	"testing"

	"github.com/cricket-home/cricket/intent"
)

// "Yes" does what the house said it would do; where it asked which of several, yes is no answer.
func TestYesToWhatIsDoubtful(t *testing.T) {
	open := intent.Intent{Name: "HassTurnOn", Tier: intent.Template, Targets: []string{"light.a", "light.b"}}
	before := talk{context: intent.Context{Open: &open}}
	if got := before.answered(intent.Intent{Name: "CricketYes"}); got.Refusal != intent.Ambiguous {
		t.Errorf("yes to which of two: %+v", got)
	}
	open.Doubtful = true
	if got := before.answered(intent.Intent{Name: "CricketYes"}); got.Name != "HassTurnOn" || got.Refusal != "" {
		t.Errorf("yes to what was not sure: %+v", got)
	}
}
