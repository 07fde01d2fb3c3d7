package firmware

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpiotest"
)

// button is a pin with edges.
func button() *gpiotest.Pin { return &gpiotest.Pin{N: "button", EdgesChan: make(chan gpio.Level)} }

// What a finger does, and what the box is told.
func TestButton(t *testing.T) {
	type edge struct {
		after time.Duration
		level gpio.Level
	}
	const ms = time.Millisecond
	for _, tt := range []struct {
		name  string
		edges []edge
		want  []Press
	}{
		{"nobody", nil, nil},
		{"a press", []edge{{0, gpio.Low}, {200 * ms, gpio.High}}, []Press{Short}},
		{"contacts that chatter", []edge{{0, gpio.Low}, {2 * ms, gpio.High}, {2 * ms, gpio.Low}, {150 * ms, gpio.High}, {3 * ms, gpio.Low}, {3 * ms, gpio.High}}, []Press{Short}},
		{"a spark", []edge{{0, gpio.Low}, {5 * ms, gpio.High}}, nil},
		{"two", []edge{{0, gpio.Low}, {100 * ms, gpio.High}, {100 * ms, gpio.Low}, {100 * ms, gpio.High}}, []Press{Short, Short}},
		{"nearly long", []edge{{0, gpio.Low}, {990 * ms, gpio.High}}, []Press{Short}},
		{"long", []edge{{0, gpio.Low}, {1000 * ms, gpio.High}}, []Press{Long}},
		{"nearly held", []edge{{0, gpio.Low}, {4990 * ms, gpio.High}}, []Press{Long}},
		{"held, and let go much later", []edge{{0, gpio.Low}, {20 * time.Second, gpio.High}}, []Press{Held}},
		{"held, never let go", []edge{{0, gpio.Low}}, []Press{Held}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pin := button()
				b, err := openButton(pin)
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				var got []Press
				ended := make(chan error, 1)
				go func() { ended <- b.Run(ctx, func(p Press) { got = append(got, p) }) }()
				time.Sleep(3 * time.Second)
				for _, e := range tt.edges {
					time.Sleep(e.after)
					pin.EdgesChan <- e.level
				}
				time.Sleep(10 * time.Second)
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("pressed %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// blunt is a pin of which the kernel tells no edges.
type blunt struct {
	*gpiotest.Pin
	looks int
}

func (b *blunt) WaitForEdge(time.Duration) bool {
	b.looks++
	return false
}

// A pin without edges is looked at now and then, and presses are noticed all the same.
func TestButtonWithoutEdges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pin := &blunt{Pin: button()}
		b, err := openButton(pin)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var got []Press
		ended := make(chan error, 1)
		go func() { ended <- b.Run(ctx, func(p Press) { got = append(got, p) }) }()
		time.Sleep(time.Second)
		pin.Out(gpio.Low)
		time.Sleep(2 * time.Second)
		pin.Out(gpio.High)
		time.Sleep(time.Second)
		cancel()
		<-ended
		if !slices.Equal(got, []Press{Long}) || pin.looks > 400 {
			t.Errorf("pressed %v, looked %d times in four seconds", got, pin.looks)
		}
	})
}
