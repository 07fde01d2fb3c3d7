package microwakeword

import (
	"errors"
	"fmt"
)

// program is a model made ready to run: the steps of the first subgraph in
// order, over slots. A slot is the bytes of one tensor or variable; UINT8 is
// kept as the same bits.
type program struct {
	steps    []step
	sizes    []int          // of each slot that a stream has of its own; 0 for the others
	constant map[int][]int8 // slots shared by all streams and never written
	initial  map[int][]int8 // what a variable holds before the first step

	input, output       int // slots
	frames              int // feature frames a step takes
	inputScale          float64
	inputZero           int32
	outputUnsigned      bool
	multiplyAdds, moved int64 // per step
}

// step is one operator at work. It reads and writes slots.
type step interface {
	run(slots [][]int8)
}

// slots are the memory of one stream.
func (p *program) slots() [][]int8 {
	slots := make([][]int8, len(p.sizes))
	for i, size := range p.sizes {
		slots[i] = p.constant[i]
		if size > 0 {
			slots[i] = make([]int8, size)
		}
	}
	return slots
}

// reset brings the variables back to what they held before the first step.
func (p *program) reset(slots [][]int8) {
	for slot, data := range p.initial {
		copy(slots[slot], data)
	}
}

// compiler turns the operations of a subgraph into steps.
type compiler struct {
	graph     subgraph
	p         *program
	written   []bool         // tensors that hold something when the current operator runs
	handles   map[int]string // RESOURCE tensor -> variable
	variables map[string]int // variable -> slot
}

// compile checks the graphs and makes the program.
func compile(graphs []subgraph) (*program, error) {
	main := graphs[0]
	c := &compiler{
		graph:     main,
		p:         &program{sizes: make([]int, len(main.tensors)), constant: map[int][]int8{}, initial: map[int][]int8{}},
		written:   make([]bool, len(main.tensors)),
		handles:   map[int]string{},
		variables: map[string]int{},
	}
	if err := c.input(); err != nil {
		return nil, err
	}
	for i, t := range main.tensors {
		if t.data != nil {
			c.written[i] = true
			if t.kind == kindInt8 {
				data, err := t.bytes8()
				if err != nil {
					return nil, err
				}
				c.p.constant[i] = data
			}
		}
	}
	var initial map[string]tensor
	for _, op := range main.operations {
		var err error
		switch {
		case op.code != opCallOnce:
			err = c.operation(op)
		case initial != nil:
			err = errors.New("it is there twice")
		default:
			initial, err = readInitial(graphs, op.options.int32(0, 0))
		}
		if op.options.r.err != nil {
			err = op.options.r.err // the options are damaged; they were read as zeros
		}
		if errors.Is(err, errUnsupported) {
			return nil, fmt.Errorf("%v %w", op, err)
		} else if err != nil {
			return nil, fmt.Errorf("%v: %w", op, err)
		}
		if work := c.p.multiplyAdds + c.p.moved; work > maxWork {
			return nil, fmt.Errorf("a step takes more than %d operations", maxWork)
		}
	}
	for name, slot := range c.variables {
		data, err := initial[name].bytes8()
		if err != nil {
			return nil, fmt.Errorf("variable %q has nothing to start with: %w", name, err)
		}
		if len(data) != c.p.sizes[slot] {
			return nil, fmt.Errorf("variable %q starts with %d values instead of %d", name, len(data), c.p.sizes[slot])
		}
		c.p.initial[slot] = data
	}
	if err := c.output(); err != nil {
		return nil, err
	}
	memory := 0
	for _, size := range c.p.sizes {
		memory += size
	}
	if memory > maxMemory {
		return nil, fmt.Errorf("the model needs more than %d bytes of memory", maxMemory)
	}
	return c.p, nil
}

// input checks the one input: INT8, 1 x frames x channels.
func (c *compiler) input() error {
	if len(c.graph.inputs) != 1 {
		return fmt.Errorf("the model has %d inputs, not one", len(c.graph.inputs))
	}
	c.p.input = c.graph.inputs[0]
	t, err := c.tensor(c.p.input)
	if err != nil {
		return err
	}
	if t.kind != kindInt8 || len(t.shape) != 3 || t.shape[0] != 1 || t.shape[1] > maxFrames || t.shape[2] != channels || t.data != nil {
		return fmt.Errorf("the model's input is %v %v, not INT8 [1 frames %d]", t.kind, t.shape, channels)
	}
	scale, zero, err := t.quantized()
	if err != nil {
		return err
	}
	c.p.frames, c.p.inputScale, c.p.inputZero = t.shape[1], scale, zero
	c.p.sizes[c.p.input] = t.elements
	c.written[c.p.input] = true
	return nil
}

// output checks the one output: a single INT8 or UINT8 of 1/256, which is the probability.
func (c *compiler) output() error {
	if len(c.graph.outputs) != 1 {
		return fmt.Errorf("the model has %d outputs, not one", len(c.graph.outputs))
	}
	c.p.output = c.graph.outputs[0]
	t, err := c.tensor(c.p.output)
	if err != nil {
		return err
	}
	scale, zero, err := t.quantized()
	if err != nil {
		return err
	}
	c.p.outputUnsigned = t.kind == kindUint8
	want := int32(-128)
	if c.p.outputUnsigned {
		want = 0
	}
	switch {
	case t.elements != 1:
		return fmt.Errorf("the model's output has shape %v, not one value", t.shape)
	case scale != 1.0/256 || zero != want:
		return fmt.Errorf("the model's output has scale %g and zero point %d; a probability has 1/256 and %d", scale, zero, want)
	case !c.written[c.p.output] || c.p.sizes[c.p.output] == 0:
		return errors.New("no operator makes the model's output")
	}
	return nil
}

func (c *compiler) tensor(index int) (tensor, error) {
	if index < 0 || index >= len(c.graph.tensors) {
		return tensor{}, fmt.Errorf("tensor %d of %d", index, len(c.graph.tensors))
	}
	return c.graph.tensors[index], nil
}

// read is operand i of an operator, which must be there by now.
func (c *compiler) read(op operation, i int) (tensor, int, error) {
	if i >= len(op.inputs) {
		return tensor{}, 0, fmt.Errorf("it has %d inputs", len(op.inputs))
	}
	index := op.inputs[i]
	t, err := c.tensor(index)
	if err != nil {
		return t, 0, err
	}
	if !c.written[index] {
		return t, 0, fmt.Errorf("its input %q is used before it is made", t.name)
	}
	return t, index, nil
}

// readInt8 is operand i, which must be INT8.
func (c *compiler) readInt8(op operation, i int) (tensor, int, error) {
	t, index, err := c.read(op, i)
	if err == nil && t.kind != kindInt8 {
		err = fmt.Errorf("its input %q is %v, not INT8", t.name, t.kind)
	}
	return t, index, err
}

// write is result i of an operator: a tensor of a kind that nothing else makes.
func (c *compiler) write(op operation, i int, kinds ...kind) (tensor, int, error) {
	if i >= len(op.outputs) {
		return tensor{}, 0, fmt.Errorf("it has %d outputs", len(op.outputs))
	}
	index := op.outputs[i]
	t, err := c.tensor(index)
	if err != nil {
		return t, 0, err
	}
	known := false
	for _, k := range kinds {
		known = known || t.kind == k
	}
	switch {
	case !known:
		return t, 0, fmt.Errorf("its output %q is %v, not %v", t.name, t.kind, kinds[0])
	case c.written[index]:
		return t, 0, fmt.Errorf("its output %q is made twice", t.name)
	}
	c.written[index] = true
	if t.kind != kindResource {
		c.p.sizes[index] = t.elements
	}
	return t, index, nil
}

func (c *compiler) operation(op operation) error {
	switch op.code {
	case opVarHandle:
		return c.varHandle(op)
	case opReadVariable:
		return c.readVariable(op)
	case opAssignVariable:
		return c.assignVariable(op)
	case opReshape:
		return c.reshape(op)
	case opConcatenation:
		return c.concatenation(op)
	case opStridedSlice:
		return c.stridedSlice(op)
	case opSplit:
		return c.split(op, 1, 0)
	case opSplitV:
		return c.split(op, 0, 2)
	case opConv2D:
		return c.conv2D(op)
	case opDepthwiseConv2D:
		return c.depthwiseConv2D(op)
	case opFullyConnected:
		return c.fullyConnected(op)
	case opLogistic:
		return c.logistic(op)
	case opQuantize:
		return c.quantize(op)
	}
	return errUnsupported
}

var errUnsupported = errors.New("is not supported")
