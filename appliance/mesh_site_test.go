package appliance

import (
	"testing"

	"github.com/cricket-home/cricket/mesh/state"
)

func TestRecordsStayInTheirHouse(t *testing.T) {
	for _, c := range []struct {
		name   string
		own    Mesh
		site   string
		known  bool
		shares bool
	}{
		{"one house without a name", Mesh{}, "", true, true},
		{"one house, nothing heard yet", Mesh{}, "", false, true},
		{"the same house", Mesh{Site: "town"}, "town", true, true},
		{"another house", Mesh{Site: "town"}, "cabin", true, false},
		{"another house that the owner named", Mesh{Site: "town", ShareWith: []string{"cabin"}}, "cabin", true, true},
		{"a house not known yet", Mesh{Site: "town", ShareWith: []string{"cabin"}}, "", false, false},
		{"a house that has no name", Mesh{Site: "town"}, "", true, false},
		{"another house, from one without a name", Mesh{}, "cabin", true, false},
	} {
		if got := c.own.shares(state.Record{Site: c.site}, c.known); got != c.shares {
			t.Errorf("%s: %v, want %v", c.name, got, c.shares)
		}
	}
}
