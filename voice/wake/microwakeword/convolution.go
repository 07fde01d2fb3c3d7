package microwakeword

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// convolution is CONV_2D and FULLY_CONNECTED: at each output position, the
// weights of each output channel times runs of the input.
type convolution struct {
	from, to  int
	positions []int  // where the window of each output position begins in the input
	taps      []int  // where each run begins, from the window's beginning
	length    int    // of each run
	weights   []int8 // by output channel, then tap, then along the run
	bias      []int32
	requantizer
}

func (v *convolution) run(slots [][]int8) {
	from, to := slots[v.from], slots[v.to]
	n := v.length * len(v.taps)
	at := 0
	for _, position := range v.positions {
		for channel, sum := range v.bias {
			weights := v.weights[channel*n : (channel+1)*n]
			for _, tap := range v.taps {
				sum += dot(from[position+tap:position+tap+v.length], weights[:v.length])
				weights = weights[v.length:]
			}
			to[at] = v.apply(sum, channel)
			at++
		}
	}
}

// dot is the sum of a[i] * b[i]; b is as long as a.
func dot(a, b []int8) int32 {
	b = b[:len(a)]
	var even, odd int32
	i := 0
	for ; i+1 < len(a); i += 2 {
		even += int32(a[i]) * int32(b[i])
		odd += int32(a[i+1]) * int32(b[i+1])
	}
	if i < len(a) {
		even += int32(a[i]) * int32(b[i])
	}
	return even + odd
}

// depthwise is DEPTHWISE_CONV_2D: output channel c comes from input channel
// c / each alone.
type depthwise struct {
	from, to  int
	positions []int
	taps      []int
	each      int    // output channels per input channel
	weights   []int8 // by tap, then output channel
	bias      []int32
	requantizer
}

func (v *depthwise) run(slots [][]int8) {
	from, to := slots[v.from], slots[v.to]
	at := 0
	for _, position := range v.positions {
		for channel, sum := range v.bias {
			input, weight := position+channel/v.each, channel
			for _, tap := range v.taps {
				sum += int32(from[input+tap]) * int32(v.weights[weight])
				weight += len(v.bias)
			}
			to[at] = v.apply(sum, channel)
			at++
		}
	}
}

// layer is what the three operators with weights have in common.
type layer struct {
	from, filter, to   tensor
	fromIndex, toIndex int
	weights            []int8
	bias               []int32 // with the input's zero point taken in
	requantizer        requantizer
}

// layer reads the operands of an operator with weights. The output channels are
// along an axis of the filter.
func (c *compiler) layer(op operation, axis, activation int) (layer, error) {
	var l layer
	var err error
	if l.from, l.fromIndex, err = c.readInt8(op, 0); err != nil {
		return l, err
	}
	if l.filter, _, err = c.readInt8(op, 1); err != nil {
		return l, err
	}
	if l.to, l.toIndex, err = c.write(op, 0, kindInt8); err != nil {
		return l, err
	}
	if l.weights, err = l.filter.bytes8(); err != nil {
		return l, err
	}
	if axis >= len(l.filter.shape) {
		return l, fmt.Errorf("its filter has shape %v", l.filter.shape)
	}
	channels := l.filter.shape[axis]
	l.bias = make([]int32, channels)
	if len(op.inputs) > 2 && op.inputs[2] >= 0 { // -1: no bias
		t, _, err := c.read(op, 2)
		if err != nil {
			return l, err
		}
		if t.kind != kindInt32 || t.data == nil || t.elements != channels {
			return l, fmt.Errorf("its bias %q is %v %v, not %d constants of INT32", t.name, t.kind, t.shape, channels)
		}
		for i := range l.bias {
			l.bias[i] = int32(binary.LittleEndian.Uint32(t.data[4*i:]))
		}
	}
	fromScale, fromZero, err := l.from.quantized()
	if err != nil {
		return l, err
	}
	toScale, toZero, err := l.to.quantized()
	if err != nil {
		return l, err
	}
	scales := l.filter.scales
	if len(scales) != 1 && (len(scales) != channels || l.filter.axis != axis) {
		return l, fmt.Errorf("its filter has %d scales along axis %d for %d channels along axis %d", len(scales), l.filter.axis, channels, axis)
	}
	for _, zero := range l.filter.zeros {
		if zero != 0 {
			return l, fmt.Errorf("its filter has zero point %d, not 0", zero)
		}
	}
	factors := make([]float64, channels)
	for i := range factors {
		scale := scales[0]
		if len(scales) > 1 {
			scale = scales[i]
		}
		if !usable(scale) {
			return l, fmt.Errorf("its filter has scale %g", scale)
		}
		factors[i] = fromScale * float64(scale) / toScale
	}
	low, high, err := activationRange(activation, toScale, toZero)
	if err != nil {
		return l, err
	}
	if l.requantizer, err = newRequantizer(factors, toZero, low, high); err != nil {
		return l, err
	}
	// (input - zero) * weight summed is input * weight summed, less zero * the sum of the weights.
	_, inner := around(l.filter.shape, axis)
	for i, w := range l.weights {
		l.bias[i/inner%channels] -= fromZero * int32(w)
	}
	return l, nil
}

// windows are where the windows of a filter begin in a 1 x rows x columns x
// depth input, and where its taps lie in a window. Windows that would hang over
// the edge are not supported: a streaming model pads through its variables.
func (c *compiler) windows(op operation, l layer, dilationField int) (positions, taps []int, err error) {
	in, out, kernel := l.from.shape, l.to.shape, l.filter.shape
	if len(in) != 4 || len(out) != 4 || len(kernel) != 4 || in[0] != 1 || out[0] != 1 {
		return nil, nil, fmt.Errorf("its shapes %v, %v and %v are not supported", in, kernel, out)
	}
	if op.options.int32(dilationField, 1) != 1 || op.options.int32(dilationField+1, 1) != 1 {
		return nil, nil, errors.New("its dilation is not supported")
	}
	stride := [2]int{op.options.int32(2, 0), op.options.int32(1, 0)} // rows, columns
	for d := range stride {
		fit := in[1+d] - kernel[1+d]
		if stride[d] < 1 || fit < 0 || out[1+d] != fit/stride[d]+1 {
			return nil, nil, fmt.Errorf("a filter of %v over %v with strides %v to %v needs padding, which is not supported", kernel, in, stride, out)
		}
	}
	depth := in[3]
	for y := range out[1] {
		for x := range out[2] {
			positions = append(positions, (y*stride[0]*in[2]+x*stride[1])*depth)
		}
	}
	for y := range kernel[1] {
		for x := range kernel[2] {
			taps = append(taps, (y*in[2]+x)*depth)
		}
	}
	return positions, taps, nil
}

func (c *compiler) conv2D(op operation) error {
	l, err := c.layer(op, 0, op.options.byte(3))
	if err != nil {
		return err
	}
	positions, taps, err := c.windows(op, l, 4)
	if err != nil {
		return err
	}
	depth, width := l.from.shape[3], l.from.shape[2]
	if l.filter.shape[3] != depth || l.to.shape[3] != l.filter.shape[0] {
		return fmt.Errorf("a filter of %v makes %v of %v", l.filter.shape, l.to.shape, l.from.shape)
	}
	length := depth
	if l.filter.shape[2] == width { // the taps lie one after the other
		length *= len(taps)
		taps = taps[:1]
	}
	c.weigh(l, len(positions), &convolution{
		from: l.fromIndex, to: l.toIndex, positions: positions, taps: taps, length: length,
		weights: l.weights, bias: l.bias, requantizer: l.requantizer,
	})
	return nil
}

func (c *compiler) depthwiseConv2D(op operation) error {
	l, err := c.layer(op, 3, op.options.byte(4))
	if err != nil {
		return err
	}
	positions, taps, err := c.windows(op, l, 5)
	if err != nil {
		return err
	}
	depth, channels := l.from.shape[3], l.filter.shape[3]
	if l.filter.shape[0] != 1 || channels%depth != 0 || l.to.shape[3] != channels {
		return fmt.Errorf("a filter of %v makes %v of %v", l.filter.shape, l.to.shape, l.from.shape)
	}
	c.weigh(l, len(positions), &depthwise{
		from: l.fromIndex, to: l.toIndex, positions: positions, taps: taps, each: channels / depth,
		weights: l.weights, bias: l.bias, requantizer: l.requantizer,
	})
	return nil
}

func (c *compiler) fullyConnected(op operation) error {
	l, err := c.layer(op, 0, op.options.byte(0))
	if err != nil {
		return err
	}
	if op.options.byte(1) != 0 {
		return errors.New("its shuffled weights are not supported")
	}
	if len(l.filter.shape) != 2 {
		return fmt.Errorf("its filter has shape %v", l.filter.shape)
	}
	channels, depth := l.filter.shape[0], l.filter.shape[1]
	rows := l.from.elements / depth
	if rows*depth != l.from.elements || l.to.elements != rows*channels {
		return fmt.Errorf("a filter of %v makes %v of %v", l.filter.shape, l.to.shape, l.from.shape)
	}
	positions := make([]int, rows)
	for i := range positions {
		positions[i] = i * depth
	}
	c.weigh(l, rows, &convolution{
		from: l.fromIndex, to: l.toIndex, positions: positions, taps: []int{0}, length: depth,
		weights: l.weights, bias: l.bias, requantizer: l.requantizer,
	})
	return nil
}

// weigh adds a step with weights, which are all used at each position.
func (c *compiler) weigh(l layer, positions int, s step) {
	c.p.multiplyAdds += int64(positions) * int64(len(l.weights))
	c.p.steps = append(c.p.steps, s)
}
