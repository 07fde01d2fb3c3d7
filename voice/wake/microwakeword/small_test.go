package microwakeword

import "math/rand/v2"

const smallManifest = `{
  "type": "micro", "wake_word": "loud", "author": "Cricket", "website": "", "model": "loud.tflite",
  "trained_languages": ["en", "de"], "version": 2,
  "micro": {"probability_cutoff": 0.5, "sliding_window_size": 3, "feature_step_size": 10,
            "tensor_arena_size": 22348, "minimum_esphome_version": "2024.7.0"}
}`

// small draws up a streaming model with every operator that is supported, in
// the order that the published ones have: two frames a step, a first
// convolution over three, a depthwise one whose channels are split, and a dense
// layer. Its probability rises with the loudness of the last 80 ms.
func small() []draft {
	random := rand.New(rand.NewPCG(1, 2))
	weights := func(n, low, high int) []int8 {
		list := make([]int8, n)
		for i := range list {
			list[i] = int8(low + random.IntN(high-low+1))
		}
		return list
	}
	var d, once draft
	rows := func(name string, first *int, n, width int, scale float32, zero int64) int {
		handle := d.tensor(tensor{name: name, kind: kindResource})
		*first = handle
		d.op(opVarHandle, nil, []int{handle}, refer(1, stringOf(name)))
		inOnce := once.tensor(tensor{name: name, kind: kindResource})
		once.op(opVarHandle, nil, []int{inOnce}, refer(1, stringOf(name)))
		start := make([]int8, n*width)
		for i := range start {
			start[i] = int8(zero)
		}
		constant := once.weights(name+" at first", []float32{scale}, 0, start, 1, n, 1, width)
		once.tensors[constant].zeros = []int64{zero}
		once.op(opAssignVariable, []int{inOnce, constant}, nil)
		read := d.value(name+" read", scale, zero, 1, n, 1, width)
		d.op(opReadVariable, []int{handle}, []int{read})
		return read
	}
	// push puts new rows behind the n old ones of a variable, and keeps the last n.
	push := func(name string, fresh, n, added, width int, scale float32, zero int64) int {
		var handle int
		old := rows(name, &handle, n, width, scale, zero)
		all := d.value(name+" all", scale, zero, 1, n+added, 1, width)
		d.op(opConcatenation, []int{old, fresh}, []int{all}, number(0, 1))
		keep := d.value(name+" kept", scale, zero, 1, n, 1, width)
		d.op(opStridedSlice, []int{all, d.numbers("begin", 0, -n, 0, 0), d.numbers("end", 0, 0, 0, width), d.numbers("strides", 1, 1, 1, 1)},
			[]int{keep}, number(0, 13), number(1, 15))
		d.op(opAssignVariable, []int{handle, keep}, nil)
		return all
	}

	d.op(opCallOnce, nil, nil, number(0, 1))
	input := d.value("audio", 26.0/255, -128, 1, 2, channels)
	square := d.value("rows", 26.0/255, -128, 1, 2, 1, channels)
	d.op(opReshape, []int{input, d.numbers("shape", 1, 2, 1, channels)}, []int{square})

	frames := push("frames", square, 1, 2, channels, 26.0/255, -128)
	first := d.value("first", 0.5, -128, 1, 1, 1, 4)
	filter := d.weights("first filter", []float32{0.002, 0.004, 0.003, 0.005}, 0, weights(4*3*channels, -20, 60), 4, 3, 1, channels)
	d.op(opConv2D, []int{frames, filter, d.numbers("first bias", 100, -200, 300, 0)}, []int{first},
		number(0, 1), number(1, 1), number(2, 2), number(3, activationRelu))

	deep := push("deep", first, 3, 1, 4, 0.5, -128)
	mixed := d.value("mixed", 0.4, -30, 1, 1, 1, 4)
	filter = d.weights("deep filter", []float32{0.01, 0.02, 0.015, 0.01}, 3, weights(4*4, -10, 100), 1, 4, 1, 4)
	d.op(opDepthwiseConv2D, []int{deep, filter, d.numbers("deep bias", 10, -20, 30, 40)}, []int{mixed},
		number(0, 1), number(1, 1), number(2, 1), number(3, 1))
	low, high := d.value("low", 0.4, -30, 1, 1, 1, 1), d.value("high", 0.4, -30, 1, 1, 1, 3)
	axis := d.tensor(tensor{name: "axis", kind: kindInt32, data: int32s(-1)})
	d.op(opSplitV, []int{mixed, d.numbers("sizes", 1, 3), axis}, []int{low, high}, number(0, 2))
	turned := d.value("turned", 0.4, -30, 1, 1, 1, 4)
	d.op(opConcatenation, []int{high, low}, []int{turned}, number(0, -1))

	flat := d.value("flat", 0.4, -30, 1, 4)
	d.op(opReshape, []int{turned, d.numbers("flat shape", -1, 4)}, []int{flat})
	dense := d.value("dense", 0.05, 0, 1, 1)
	filter = d.weights("dense filter", []float32{0.001}, 0, []int8{30, 20, 40, 35}, 1, 4)
	d.op(opFullyConnected, []int{flat, filter, d.numbers("dense bias", -10000)}, []int{dense}, number(0, 0))
	squashed := d.value("squashed", 1.0/256, -128, 1, 1)
	d.op(opLogistic, []int{dense}, []int{squashed})
	output := d.tensor(tensor{name: "probability", kind: kindUint8, shape: []int{1, 1}, scales: []float32{1.0 / 256}, zeros: []int64{0}})
	d.op(opQuantize, []int{squashed}, []int{output})
	d.inputs, d.outputs = []int{input}, []int{output}
	return []draft{d, once}
}
