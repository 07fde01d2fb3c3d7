package appliance

import "sync"

// pace is how fast something was done lately. The zero value has measured nothing.
type pace struct {
	mu      sync.Mutex
	amount  float64
	seconds float64
}

// paceFades is the weight of what was done before, against what was done last.
const paceFades = 0.8

// add counts that so much was done in so many seconds.
func (p *pace) add(amount, seconds float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.amount, p.seconds = paceFades*p.amount+amount, paceFades*p.seconds+seconds
}

// perSecond is how much is done in a second; 0 where nothing was measured.
func (p *pace) perSecond() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seconds <= 0 {
		return 0
	}
	return p.amount / p.seconds
}
