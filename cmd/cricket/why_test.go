package main

import (
	"bytes"
	"testing"

	"github.com/cricket-home/cricket/appliance"
)

func TestWhyNamesWhatWasPlanned(t *testing.T) {
	for _, c := range []struct{ due, planned, want string }{
		{"timer", "", "   planned  timer\n"},
		{"reminder", "water the plants", "   planned  reminder: water the plants\n"},
	} {
		var out bytes.Buffer
		explain(&terminal{out: &out}, appliance.Result{Due: c.due, Planned: c.planned})
		if got, _, _ := bytes.Cut(out.Bytes(), []byte("   reply")); string(got) != c.want {
			t.Errorf("%q %q: %q, want %q", c.due, c.planned, out.String(), c.want)
		}
	}
}
