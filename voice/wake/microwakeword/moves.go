package microwakeword

import (
	"errors"
	"fmt"
)

// move is a run of n values copied from one slot to another.
type move struct {
	to, toAt, from, fromAt, n int
}

// moves is the step of every operator that only moves values: RESHAPE,
// CONCATENATION, STRIDED_SLICE, SPLIT, READ_VARIABLE and ASSIGN_VARIABLE.
type moves []move

func (m moves) run(slots [][]int8) {
	for _, c := range m {
		copy(slots[c.to][c.toAt:c.toAt+c.n], slots[c.from][c.fromAt:c.fromAt+c.n])
	}
}

// runCost is what beginning a run costs, in values moved.
const runCost = 8

// move adds a step that moves values.
func (c *compiler) move(m moves) {
	for _, run := range m {
		c.p.moved += int64(run.n) + runCost
	}
	c.p.steps = append(c.p.steps, m)
}

// sameScale refuses to move values between tensors that mean something else by them.
func sameScale(from, to tensor) error {
	fromScale, fromZero, err := from.quantized()
	if err != nil {
		return err
	}
	toScale, toZero, err := to.quantized()
	if err != nil {
		return err
	}
	if fromScale != toScale || fromZero != toZero {
		return fmt.Errorf("%q has scale %g and zero point %d, %q has %g and %d", from.name, fromScale, fromZero, to.name, toScale, toZero)
	}
	return nil
}

func (c *compiler) reshape(op operation) error {
	from, fromIndex, err := c.readInt8(op, 0)
	if err != nil {
		return err
	}
	to, toIndex, err := c.write(op, 0, kindInt8)
	if err != nil {
		return err
	}
	if from.elements != to.elements {
		return fmt.Errorf("%v becomes %v", from.shape, to.shape)
	}
	if err := sameScale(from, to); err != nil {
		return err
	}
	c.move(moves{{to: toIndex, from: fromIndex, n: from.elements}})
	return nil
}

// around is how many values of a shape lie outside an axis (before it) and inside it (after it).
func around(shape []int, axis int) (outer, inner int) {
	outer, inner = 1, 1
	for i, n := range shape {
		if i < axis {
			outer *= n
		} else if i > axis {
			inner *= n
		}
	}
	return outer, inner
}

// sameBut says whether two shapes differ at most along an axis.
func sameBut(a, b []int, axis int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if i != axis && a[i] != b[i] {
			return false
		}
	}
	return true
}

// axisOf is an axis counted from the front; -1 is the last one.
func axisOf(axis, dims int) (int, error) {
	if axis < 0 {
		axis += dims
	}
	if axis < 0 || axis >= dims {
		return 0, fmt.Errorf("axis %d of %d dimensions", axis, dims)
	}
	return axis, nil
}

func (c *compiler) concatenation(op operation) error {
	if activation := op.options.byte(1); activation != activationNone {
		return fmt.Errorf("its activation %d is not supported", activation)
	}
	var froms []tensor
	var indices []int
	for i := range op.inputs {
		from, index, err := c.readInt8(op, i)
		if err != nil {
			return err
		}
		froms, indices = append(froms, from), append(indices, index)
	}
	to, toIndex, err := c.write(op, 0, kindInt8)
	if err != nil {
		return err
	}
	axis, err := axisOf(op.options.int32(0, 0), len(to.shape))
	if err != nil {
		return err
	}
	outer, inner := around(to.shape, axis)
	var m moves
	start := 0
	for i, from := range froms {
		if !sameBut(from.shape, to.shape, axis) || start+from.shape[axis] > to.shape[axis] {
			return fmt.Errorf("%v does not fit into %v", from.shape, to.shape)
		}
		if err := sameScale(from, to); err != nil {
			return err
		}
		n := from.shape[axis] * inner
		for o := range outer {
			m = append(m, move{to: toIndex, toAt: (o*to.shape[axis] + start) * inner, from: indices[i], fromAt: o * n, n: n})
		}
		start += from.shape[axis]
	}
	if start != to.shape[axis] {
		return fmt.Errorf("its inputs have %d rows together, not %d", start, to.shape[axis])
	}
	c.move(m)
	return nil
}

// split is SPLIT and SPLIT_V, whose operands are in different orders. The sizes
// are those of the outputs.
func (c *compiler) split(op operation, operand, axisOperand int) error {
	from, fromIndex, err := c.readInt8(op, operand)
	if err != nil {
		return err
	}
	axisTensor, _, err := c.read(op, axisOperand)
	if err != nil {
		return err
	}
	values, err := axisTensor.ints()
	if err != nil {
		return err
	}
	if len(values) != 1 {
		return fmt.Errorf("it has %d axes", len(values))
	}
	axis, err := axisOf(values[0], len(from.shape))
	if err != nil {
		return err
	}
	outer, inner := around(from.shape, axis)
	var m moves
	start := 0
	for i := range op.outputs {
		to, toIndex, err := c.write(op, i, kindInt8)
		if err != nil {
			return err
		}
		if !sameBut(from.shape, to.shape, axis) || start+to.shape[axis] > from.shape[axis] {
			return fmt.Errorf("%v is no part of %v", to.shape, from.shape)
		}
		if err := sameScale(from, to); err != nil {
			return err
		}
		n := to.shape[axis] * inner
		for o := range outer {
			m = append(m, move{to: toIndex, toAt: o * n, from: fromIndex, fromAt: (o*from.shape[axis] + start) * inner, n: n})
		}
		start += to.shape[axis]
	}
	if start != from.shape[axis] {
		return fmt.Errorf("its outputs have %d rows together, not %d", start, from.shape[axis])
	}
	c.move(m)
	return nil
}

func (c *compiler) stridedSlice(op operation) error {
	from, fromIndex, err := c.readInt8(op, 0)
	if err != nil {
		return err
	}
	var corners [3][]int // begin, end, strides
	for i := range corners {
		t, _, err := c.read(op, 1+i)
		if err != nil {
			return err
		}
		if corners[i], err = t.ints(); err != nil {
			return err
		}
		if len(corners[i]) != len(from.shape) {
			return fmt.Errorf("it has %d corners for %d dimensions", len(corners[i]), len(from.shape))
		}
	}
	to, toIndex, err := c.write(op, 0, kindInt8)
	if err != nil {
		return err
	}
	if err := sameScale(from, to); err != nil {
		return err
	}
	if op.options.int32(2, 0) != 0 || op.options.int32(3, 0) != 0 || op.options.int32(4, 0) != 0 || op.options.byte(5) != 0 {
		return errors.New("its ellipsis, new axes, dropped axes or offset are not supported")
	}
	beginMask, endMask := op.options.int32(0, 0), op.options.int32(1, 0)
	begins := make([]int, len(from.shape))
	if len(to.shape) != len(from.shape) {
		return fmt.Errorf("%v becomes %v", from.shape, to.shape)
	}
	for i, n := range from.shape {
		begin, end := clampCorner(corners[0][i], n), clampCorner(corners[1][i], n)
		if beginMask>>i&1 == 1 {
			begin = 0
		}
		if endMask>>i&1 == 1 {
			end = n
		}
		if corners[2][i] != 1 {
			return fmt.Errorf("its stride %d is not supported", corners[2][i])
		}
		if end-begin != to.shape[i] {
			return fmt.Errorf("rows %d to %d of dimension %d become %d", begin, end, i, to.shape[i])
		}
		begins[i] = begin
	}
	c.move(window(from.shape, to.shape, begins, fromIndex, toIndex))
	return nil
}

// clampCorner is a corner counted from the front, inside a dimension of n.
func clampCorner(corner, n int) int {
	if corner < 0 {
		corner += n
	}
	return min(max(corner, 0), n)
}

// window copies the box of a shape at begins, one run along the last dimensions
// at a time.
func window(from, box, begins []int, fromIndex, toIndex int) moves {
	if len(from) == 0 {
		return moves{{to: toIndex, from: fromIndex, n: 1}}
	}
	// Whole dimensions at the end are one run together with the one before them.
	axis := len(from) - 1
	for axis > 0 && from[axis] == box[axis] {
		axis--
	}
	_, inner := around(from, axis)
	run := box[axis] * inner
	rows, _ := around(box, axis)
	m := make(moves, rows)
	for row := range rows {
		at, scale, rest := begins[axis]*inner, from[axis]*inner, row
		for d := axis - 1; d >= 0; d-- {
			at += (begins[d] + rest%box[d]) * scale
			rest /= box[d]
			scale *= from[d]
		}
		m[row] = move{to: toIndex, toAt: row * run, from: fromIndex, fromAt: at, n: run}
	}
	return m
}
