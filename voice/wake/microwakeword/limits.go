package microwakeword

// What a model may ask for. The largest of the published ones has 60 kB, 94
// tensors, 55 operators, about 30 kB of tensors and 27,000 multiply-adds a step.
const (
	maxManifest  = 64 << 10 // bytes
	maxFile      = 4 << 20  // bytes
	maxMemory    = 8 << 20  // bytes of tensors, constants and lists in all
	maxWork      = 2 << 20  // multiply-adds and elements moved, per step
	maxTensors   = 1024     // in one subgraph
	maxOperators = 1024     // in one subgraph
	maxSubgraphs = 4
	maxBuffers   = 4096
	maxDims      = 5
	maxElements  = 1 << 18 // of one tensor
	maxOperands  = 64      // of one operator
	maxName      = 1024    // bytes
	maxFrames    = 100     // feature frames a step takes
	maxWindow    = 1000    // steps in the sliding mean
)
