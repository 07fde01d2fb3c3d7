package microwakeword

import "fmt"

// The streaming state: variables that keep the newest rows of a layer's input
// from one step to the next. A CALL_ONCE subgraph fills them.

// handle is the name of the variable that VAR_HANDLE's options give.
func handle(op operation) string { return op.options.string(0) + "/" + op.options.string(1) }

func (c *compiler) varHandle(op operation) error {
	_, index, err := c.write(op, 0, kindResource)
	if err != nil {
		return err
	}
	c.handles[index] = handle(op)
	return nil
}

// variable is the slot of operand 0, made at its first use for a value of a size.
func (c *compiler) variable(op operation, size int) (int, error) {
	_, index, err := c.read(op, 0)
	if err != nil {
		return 0, err
	}
	name, ok := c.handles[index]
	if !ok {
		return 0, fmt.Errorf("its input %q is no variable", c.graph.tensors[index].name)
	}
	slot, ok := c.variables[name]
	if !ok {
		slot = len(c.p.sizes)
		c.variables[name] = slot
		c.p.sizes = append(c.p.sizes, size)
	}
	if c.p.sizes[slot] != size {
		return 0, fmt.Errorf("variable %q has %d values, not %d", name, c.p.sizes[slot], size)
	}
	return slot, nil
}

func (c *compiler) readVariable(op operation) error {
	t, index, err := c.write(op, 0, kindInt8)
	if err != nil {
		return err
	}
	slot, err := c.variable(op, t.elements)
	if err != nil {
		return err
	}
	c.move(moves{{to: index, from: slot, n: t.elements}})
	return nil
}

func (c *compiler) assignVariable(op operation) error {
	t, index, err := c.readInt8(op, 1)
	if err != nil {
		return err
	}
	slot, err := c.variable(op, t.elements)
	if err != nil {
		return err
	}
	c.move(moves{{to: slot, from: index, n: t.elements}})
	return nil
}

// readInitial reads the subgraph of a CALL_ONCE: constants assigned to
// variables, and nothing else. It returns the constant of each variable.
func readInitial(graphs []subgraph, index int) (map[string]tensor, error) {
	if index < 1 || index >= len(graphs) {
		return nil, fmt.Errorf("subgraph %d of %d", index, len(graphs))
	}
	g := graphs[index]
	handles := map[int]string{}
	initial := map[string]tensor{}
	for _, op := range g.operations {
		switch {
		case op.code == opVarHandle && len(op.outputs) == 1:
			handles[op.outputs[0]] = handle(op)
		case op.code == opAssignVariable && len(op.inputs) == 2:
			name, ok := handles[op.inputs[0]]
			if !ok || op.inputs[1] < 0 || op.inputs[1] >= len(g.tensors) {
				return nil, fmt.Errorf("%v assigns tensor %d to %d", op, op.inputs[1], op.inputs[0])
			}
			initial[name] = g.tensors[op.inputs[1]]
		default:
			return nil, fmt.Errorf("%v is not supported in its subgraph", op)
		}
	}
	return initial, nil
}
