package microwakeword

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// The multiplication that brings sums to an output's scale, worked out with
// whole numbers of any size: the product with the multiplier over 2^31 rounded
// to the nearest, then that over 2^-shift, half away from zero.
func TestScaledIsRoundedTwice(t *testing.T) {
	half := big.NewRat(1, 2)
	floor := func(r *big.Rat) *big.Int {
		return new(big.Int).Div(r.Num(), r.Denom()) // Euclid's division: the rest is never negative
	}
	random := rand.New(rand.NewPCG(11, 12))
	for range 20000 {
		x := int32(random.Uint32()) >> random.IntN(31)
		multiplier := int32(1<<30 + random.IntN(1<<30))
		shift := random.IntN(24) - 20
		if shift > 0 {
			x >>= shift + 1
		}
		product := new(big.Rat).SetFrac(big.NewInt(int64(x)*int64(multiplier)), big.NewInt(1<<31))
		if shift > 0 {
			product.Mul(product, new(big.Rat).SetInt64(1<<shift))
		}
		once := floor(product.Add(product, half))
		want := new(big.Int).Set(once)
		if shift < 0 {
			r := new(big.Rat).SetFrac(once, big.NewInt(1<<-shift))
			if r.Sign() < 0 {
				want.Neg(floor(r.Neg(r).Add(r, half)))
			} else {
				want = floor(r.Add(r, half))
			}
		}
		if got := scaled(x, multiplier, shift); int64(got) != want.Int64() {
			t.Fatalf("%d times %d/2^31 times 2^%d is %d, want %d", x, multiplier, shift, got, want)
		}
	}
}

func TestScaledByHand(t *testing.T) {
	tests := []struct {
		name          string
		x, multiplier int32
		shift         int
		want          int32
	}{
		{"a half of 7 is rounded up", 7, 1 << 30, 0, 4},
		{"a half of -7 is rounded up too, at the first rounding", -7, 1 << 30, 0, -3},
		{"an eighth of 12 is rounded up", 12, 1 << 30, -2, 2},
		{"an eighth of -12 is rounded down, at the second rounding", -12, 1 << 30, -2, -2},
		{"three times 5", 5, 3 << 29, 2, 15},
		{"nothing", 12345, 0, 0, 0},
	}
	for _, test := range tests {
		if got := scaled(test.x, test.multiplier, test.shift); got != test.want {
			t.Errorf("%s: %d", test.name, got)
		}
	}
}

func TestRequantizerOfAFactor(t *testing.T) {
	tests := []struct {
		factor     float64
		multiplier int32
		shift      int8
	}{
		{0.5, 1 << 30, 0}, {1, 1 << 30, 1}, {3, 3 << 29, 2}, {0.1, 1717986918, -3}, {1e-12, 0, 0}, {math.Nextafter(1, 0), 1 << 30, 1},
	}
	for _, test := range tests {
		q, err := newRequantizer([]float64{test.factor}, 0, -128, 127)
		if err != nil || q.multipliers[0] != test.multiplier || q.shifts[0] != test.shift {
			t.Errorf("%v is %d and %d: %v", test.factor, q.multipliers, q.shifts, err)
		}
	}
	if _, err := newRequantizer([]float64{1e30}, 0, -128, 127); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("1e30: %v", err)
	}
}

// run runs the single operator of a draft over an operand.
func run(t *testing.T, d draft, from int, input []int8) ([][]int8, error) {
	t.Helper()
	graphs, err := readGraphs(file(d))
	if err != nil {
		t.Fatal(err)
	}
	g := graphs[0]
	c := &compiler{graph: g, p: &program{sizes: make([]int, len(g.tensors)), constant: map[int][]int8{}}, written: make([]bool, len(g.tensors))}
	for i, tensor := range g.tensors {
		c.written[i] = tensor.data != nil
		if data, err := tensor.bytes8(); err == nil {
			c.p.constant[i] = data
		}
	}
	c.written[from], c.p.sizes[from] = true, g.tensors[from].elements
	if err := c.operation(g.operations[0]); err != nil {
		return nil, err
	}
	slots := c.p.slots()
	copy(slots[from], input)
	c.p.steps[0].run(slots)
	return slots, nil
}

// one runs the single operator of a draft over its first operand, to its only result.
func one(t *testing.T, d draft, input []int8) ([]int8, error) {
	t.Helper()
	o := d.operations[0]
	slots, err := run(t, d, o.inputs[0], input)
	if err != nil {
		return nil, err
	}
	return slots[o.outputs[0]], nil
}

func TestConvolutionByHand(t *testing.T) {
	// Two rows of two columns with two channels; a filter of two rows and one column.
	convolution := func(activation int, zero int64, biased bool) draft {
		var d draft
		from := d.value("from", 0.5, 1, 1, 3, 2, 2)
		filter := d.weights("filter", []float32{1, 2}, 0, []int8{
			1, 2, // channel 0, first row
			3, 4,
			-1, 0, // channel 1
			0, 1,
		}, 2, 2, 1, 2)
		operands := []int{from, filter, -1}
		if biased {
			operands[2] = d.numbers("bias", 10, -4)
		}
		to := d.value("to", 1, zero, 1, 2, 2, 2)
		d.op(opConv2D, operands, []int{to}, number(0, 1), number(1, 1), number(2, 1), number(3, activation))
		return d
	}
	input := []int8{
		2, 3 /**/, 1, 1, // row 0: less the zero point 1, 2 /**/ 0, 0
		4, 1 /**/, 0, 2, // 3, 0 /**/ -1, 1
		1, 6 /**/, 11, -4, // 0, 5 /**/ 10, -5
	}
	// Row 0 of channel 0: 1*1+2*2+3*3+4*0 = 14 and 0+0-3+4 = 1; row 1: 3+0+0+20 = 23 and -1+2+30-20 = 11.
	// Of channel 1: -1+0 = -1 and 0+1 = 1; -3+5 = 2 and 1-5 = -4.
	// The factors are 0.5 and 1; halves round up.
	tests := []struct {
		name       string
		activation int
		zero       int64
		biased     bool
		want       []int8
	}{
		{"plain", activationNone, 0, false, []int8{7, -1, 1, 1, 12, 2, 6, -4}},
		{"with a bias of 10 and -4", activationNone, 0, true, []int8{12, -5, 6, -3, 17, -2, 11, -8}},
		{"with another zero point", activationNone, -100, false, []int8{-93, -101, -99, -99, -88, -98, -94, -104}},
		{"RELU stops at the zero point", activationRelu, -2, false, []int8{5, -2, -1, -1, 10, 0, 4, -2}},
		{"RELU6 stops at 6 too", activationRelu6, 0, false, []int8{6, 0, 1, 1, 6, 2, 6, 0}},
		{"saturated above", activationNone, 120, false, []int8{127, 119, 121, 121, 127, 122, 126, 116}},
	}
	for _, test := range tests {
		got, err := one(t, convolution(test.activation, test.zero, test.biased), input)
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v: %v", test.name, got, test.want, err)
		}
	}
}

func TestStridedConvolutionOverWholeRows(t *testing.T) {
	var d draft
	from := d.value("from", 1, 0, 1, 5, 1, 3)
	filter := d.weights("filter", []float32{1}, 0, []int8{1, 1, 1, 0, 0, 0, 10, 0, 0}, 1, 3, 1, 3)
	to := d.value("to", 1, 0, 1, 2, 1, 1)
	d.op(opConv2D, []int{from, filter}, []int{to}, number(0, 1), number(1, 1), number(2, 2))
	got, err := one(t, d, []int8{1, 2, 3, 4, 5, 6, 7, 8, 9, -1, -2, -3, -4, -5, -6})
	if want := []int8{6 + 70, 24 - 40}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, want %v: %v", got, want, err)
	}
}

func TestDepthwiseByHand(t *testing.T) {
	var d draft
	from := d.value("from", 1, 0, 1, 2, 1, 2)
	// Each of two channels makes two.
	filter := d.weights("filter", []float32{1, 1, 1, 0.5}, 3, []int8{1, 2, 3, 4, 10, 20, 30, 40}, 1, 2, 1, 4)
	to := d.value("to", 1, 0, 1, 1, 1, 4)
	d.op(opDepthwiseConv2D, []int{from, filter, d.numbers("bias", 0, 0, 0, 100)}, []int{to}, number(0, 1), number(1, 1), number(2, 1), number(3, 2))
	got, err := one(t, d, []int8{1, 2, 3, -1})
	// Channel 0: 1*1+3*10, 1*2+3*20; channel 1: 2*3-30, (2*4-40+100)/2.
	if want := []int8{31, 62, -24, 34}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, want %v: %v", got, want, err)
	}
}

func TestFullyConnectedByHand(t *testing.T) {
	var d draft
	from := d.value("from", 1, -1, 1, 1, 1, 3)
	filter := d.weights("filter", []float32{0.25}, 0, []int8{1, 2, 3, -1, -2, -3}, 2, 3)
	to := d.value("to", 1, 5, 1, 2)
	d.op(opFullyConnected, []int{from, filter, d.numbers("bias", 2, 0)}, []int{to}, number(0, 0))
	got, err := one(t, d, []int8{0, 1, 2}) // 1, 2, 3: sums 14 and -14
	if want := []int8{5 + 4, 5 - 4}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, want %v: %v", got, want, err)
	}
}

func TestLogisticAndQuantize(t *testing.T) {
	var d draft
	from := d.value("from", 0.1, 10, 1, 5)
	to := d.value("to", 1.0/256, -128, 1, 5)
	d.op(opLogistic, []int{from}, []int{to})
	got, err := one(t, d, []int8{10, 20, 0, 127, -128}) // 0, 1, -1, 11.7, -13.8
	if want := []int8{0, 187 - 128, 69 - 128, 127, -128}; err != nil || !slices.Equal(got, want) {
		t.Errorf("logistic: %v, want %v: %v", got, want, err)
	}
	d = draft{}
	from = d.value("from", 1.0/256, -128, 1, 4)
	unsigned := d.tensor(tensor{name: "to", kind: kindUint8, shape: []int{1, 4}, scales: []float32{1.0 / 256}, zeros: []int64{0}})
	d.op(opQuantize, []int{from}, []int{unsigned})
	got, err = one(t, d, []int8{-128, -1, 0, 127})
	if want := []int8{0, 127, -128, -1}; err != nil || !slices.Equal(got, want) { // 0, 127, 128 and 255 in the same bits
		t.Errorf("quantize to UINT8: %v, want %v: %v", got, want, err)
	}
	d = draft{}
	from = d.value("from", 0.5, 3, 1, 4)
	to = d.value("to", 0.25, -20, 1, 4)
	d.op(opQuantize, []int{from}, []int{to})
	got, err = one(t, d, []int8{3, 5, -128, 127})
	if want := []int8{-20, -16, -128, 127}; err != nil || !slices.Equal(got, want) {
		t.Errorf("quantize to another scale: %v, want %v: %v", got, want, err)
	}
}

func TestSlices(t *testing.T) {
	input := make([]int8, 24) // 1 x 4 x 2 x 3
	for i := range input {
		input[i] = int8(i)
	}
	tests := []struct {
		name               string
		begin, end         []int
		beginMask, endMask int
		shape              []int
		want               []int8
	}{
		{"the last row", []int{0, -1, 0, 0}, []int{0, 0, 0, 3}, 13, 15, []int{1, 1, 2, 3}, []int8{18, 19, 20, 21, 22, 23}},
		{"the first two rows", []int{0, 0, 0, 0}, []int{1, 2, 2, 3}, 0, 0, []int{1, 2, 2, 3}, []int8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
		{"a column of the middle rows", []int{0, 1, 1, 0}, []int{1, -1, 2, 3}, 0, 0, []int{1, 2, 1, 3}, []int8{9, 10, 11, 15, 16, 17}},
		{"one channel of all", []int{0, 0, 0, 1}, []int{0, 0, 0, 2}, 7, 7, []int{1, 4, 2, 1}, []int8{1, 4, 7, 10, 13, 16, 19, 22}},
		{"past the end", []int{0, 2, 0, 0}, []int{9, 99, 9, 9}, 0, 0, []int{1, 2, 2, 3}, []int8{12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23}},
		{"all", []int{0, 0, 0, 0}, []int{0, 0, 0, 0}, 15, 15, []int{1, 4, 2, 3}, input},
	}
	for _, test := range tests {
		var d draft
		from := d.value("from", 1, 0, 1, 4, 2, 3)
		to := d.value("to", 1, 0, test.shape...)
		d.op(opStridedSlice, []int{from, d.numbers("begin", test.begin...), d.numbers("end", test.end...), d.numbers("strides", 1, 1, 1, 1)},
			[]int{to}, number(0, test.beginMask), number(1, test.endMask))
		got, err := one(t, d, input)
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v: %v", test.name, got, test.want, err)
		}
	}
}

func TestConcatenation(t *testing.T) {
	tests := []struct {
		axis  int
		shape []int
		want  []int8
	}{
		{1, []int{1, 4, 2}, []int8{1, 2, 3, 4, 50, 60, 70, 80}},
		{2, []int{1, 2, 4}, []int8{1, 2, 50, 60, 3, 4, 70, 80}},
		{-1, []int{1, 2, 4}, []int8{1, 2, 50, 60, 3, 4, 70, 80}},
	}
	for _, test := range tests {
		var d draft
		from := d.value("from", 1, 0, 1, 2, 2)
		other := d.weights("other", []float32{1}, 0, []int8{50, 60, 70, 80}, 1, 2, 2)
		to := d.value("to", 1, 0, test.shape...)
		d.op(opConcatenation, []int{from, other}, []int{to}, number(0, test.axis))
		if got, err := one(t, d, []int8{1, 2, 3, 4}); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("along %d: %v, want %v: %v", test.axis, got, test.want, err)
		}
	}
}

func TestSplit(t *testing.T) {
	for name, operands := range map[string]func(d *draft, from, axis int) (int, []int){
		"SPLIT": func(d *draft, from, axis int) (int, []int) { return opSplit, []int{axis, from} },
		"SPLIT_V": func(d *draft, from, axis int) (int, []int) {
			return opSplitV, []int{from, d.numbers("sizes", 2, 2), axis}
		},
	} {
		var d draft
		from := d.value("from", 1, 0, 1, 2, 4)
		axis := d.tensor(tensor{name: "axis", kind: kindInt32, data: int32s(2)})
		first, second := d.value("first", 1, 0, 1, 2, 2), d.value("second", 1, 0, 1, 2, 2)
		code, inputs := operands(&d, from, axis)
		d.op(code, inputs, []int{first, second}, number(0, 2))
		slots, err := run(t, d, from, []int8{1, 2, 3, 4, 5, 6, 7, 8})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !slices.Equal(slots[first], []int8{1, 2, 5, 6}) || !slices.Equal(slots[second], []int8{3, 4, 7, 8}) {
			t.Errorf("%s: %v and %v", name, slots[first], slots[second])
		}
	}
}
