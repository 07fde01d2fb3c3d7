package microwakeword

import (
	"fmt"
	"math"
)

// lookup is an operator that takes each value alone: LOGISTIC and QUANTIZE. An
// INT8 has 256 values, so the whole function is a table.
type lookup struct {
	from, to int
	table    [256]int8 // by value + 128
}

func (v *lookup) run(slots [][]int8) {
	to := slots[v.to]
	for i, x := range slots[v.from] {
		to[i] = v.table[int(x)+128]
	}
}

// logistic is 1 / (1 + e^-x), rounded to the output's scale.
func (c *compiler) logistic(op operation) error {
	v, from, to, err := c.lookup(op, kindInt8)
	if err != nil {
		return err
	}
	fromScale, fromZero, err := from.quantized()
	if err != nil {
		return err
	}
	toScale, toZero, err := to.quantized()
	if err != nil {
		return err
	}
	for i := range v.table {
		x := fromScale * float64(int32(i)-128-fromZero)
		y := math.Round(1/(1+math.Exp(-x))/toScale) + float64(toZero)
		v.table[i] = int8(min(max(y, math.MinInt8), math.MaxInt8))
	}
	return nil
}

// quantize gives the same real values another scale, and perhaps UINT8.
func (c *compiler) quantize(op operation) error {
	v, from, to, err := c.lookup(op, kindInt8, kindUint8)
	if err != nil {
		return err
	}
	fromScale, fromZero, err := from.quantized()
	if err != nil {
		return err
	}
	toScale, toZero, err := to.quantized()
	if err != nil {
		return err
	}
	low, high := int32(math.MinInt8), int32(math.MaxInt8)
	if to.kind == kindUint8 {
		low, high = 0, math.MaxUint8
	}
	q, err := newRequantizer([]float64{fromScale / toScale}, toZero, low, high)
	if err != nil {
		return err
	}
	for i := range v.table {
		v.table[i] = q.apply(int32(i)-128-fromZero, 0)
	}
	return nil
}

func (c *compiler) lookup(op operation, kinds ...kind) (*lookup, tensor, tensor, error) {
	from, fromIndex, err := c.readInt8(op, 0)
	if err != nil {
		return nil, from, from, err
	}
	to, toIndex, err := c.write(op, 0, kinds...)
	if err != nil {
		return nil, from, to, err
	}
	if from.elements != to.elements {
		return nil, from, to, fmt.Errorf("%v becomes %v", from.shape, to.shape)
	}
	v := &lookup{from: fromIndex, to: toIndex}
	c.p.moved += int64(from.elements)
	c.p.steps = append(c.p.steps, v)
	return v, from, to, nil
}
