package firmware

import (
	"context"
	"fmt"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// Button is a button between a pin and ground.
type Button struct{ pin gpio.PinIn }

func openButton(pin gpio.PinIn) (*Button, error) {
	if err := pin.In(gpio.PullUp, gpio.BothEdges); err != nil {
		return nil, fmt.Errorf("read button on %s: %w", pin.Name(), err)
	}
	return &Button{pin}, nil
}

// Run calls pressed, which must not wait, for each press until ctx ends.
func (b *Button) Run(ctx context.Context, pressed func(Press)) error {
	var p presses
	wait := glance
	for ctx.Err() == nil {
		began := time.Now()
		if edge := b.pin.WaitForEdge(wait); !edge && time.Since(began) < wait/2 { // the kernel has no edges of it: look now and then
			select {
			case <-ctx.Done():
			case <-time.After(min(wait, bounce)):
			}
		}
		press, ok, next := p.step(b.pin.Read() == gpio.Low, time.Now())
		if ok && ctx.Err() == nil {
			pressed(press)
		}
		wait = next
	}
	return nil
}
