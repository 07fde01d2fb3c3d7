package appliance

import "testing"

// What was done lately counts most.
func TestPace(t *testing.T) {
	var p pace
	if is := p.perSecond(); is != 0 {
		t.Errorf("before anything was done it is %v", is)
	}
	p.add(4, 2)
	if is := p.perSecond(); is != 2 {
		t.Errorf("4 in 2 s are %v a second", is)
	}
	for range 30 {
		p.add(10, 1)
	}
	if is := p.perSecond(); is < 9.9 || is > 10 {
		t.Errorf("after ten a second for a while it is %v", is)
	}
}
