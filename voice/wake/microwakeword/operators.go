package microwakeword

import "fmt"

// The operators that a streaming model of microWakeWord is made of, by their
// BuiltinOperator number.
const (
	opConcatenation   = 2
	opConv2D          = 3
	opDepthwiseConv2D = 4
	opFullyConnected  = 9
	opLogistic        = 14
	opReshape         = 22
	opCustom          = 32
	opStridedSlice    = 45
	opSplit           = 49
	opSplitV          = 102
	opQuantize        = 114
	opCallOnce        = 129
	opVarHandle       = 142
	opReadVariable    = 143
	opAssignVariable  = 144
)

func operatorName(code int, custom string) string {
	names := [...]string{
		"ADD", "AVERAGE_POOL_2D", "CONCATENATION", "CONV_2D", "DEPTHWISE_CONV_2D", "DEPTH_TO_SPACE", "DEQUANTIZE",
		"EMBEDDING_LOOKUP", "FLOOR", "FULLY_CONNECTED", "HASHTABLE_LOOKUP", "L2_NORMALIZATION", "L2_POOL_2D",
		"LOCAL_RESPONSE_NORMALIZATION", "LOGISTIC", "LSH_PROJECTION", "LSTM", "MAX_POOL_2D", "MUL", "RELU",
		"RELU_N1_TO_1", "RELU6", "RESHAPE", "RESIZE_BILINEAR", "RNN", "SOFTMAX", "SPACE_TO_DEPTH", "SVDF", "TANH",
		"CONCAT_EMBEDDINGS", "SKIP_GRAM", "CALL", "CUSTOM", "EMBEDDING_LOOKUP_SPARSE", "PAD",
		"UNIDIRECTIONAL_SEQUENCE_RNN", "GATHER", "BATCH_TO_SPACE_ND", "SPACE_TO_BATCH_ND", "TRANSPOSE", "MEAN", "SUB",
		"DIV", "SQUEEZE", "UNIDIRECTIONAL_SEQUENCE_LSTM", "STRIDED_SLICE", "BIDIRECTIONAL_SEQUENCE_RNN", "EXP",
		"TOPK_V2", "SPLIT", "LOG_SOFTMAX", "DELEGATE", "BIDIRECTIONAL_SEQUENCE_LSTM", "CAST", "PRELU", "MAXIMUM",
		"ARG_MAX", "MINIMUM",
	}
	later := map[int]string{
		opSplitV: "SPLIT_V", opQuantize: "QUANTIZE", opCallOnce: "CALL_ONCE", opVarHandle: "VAR_HANDLE",
		opReadVariable: "READ_VARIABLE", opAssignVariable: "ASSIGN_VARIABLE", 83: "PACK", 88: "UNPACK", 117: "HARD_SWISH",
	}
	switch {
	case code == opCustom:
		return fmt.Sprintf("custom operator %q", custom)
	case code >= 0 && code < len(names):
		return fmt.Sprintf("operator %s (%d)", names[code], code)
	case later[code] != "":
		return fmt.Sprintf("operator %s (%d)", later[code], code)
	}
	return fmt.Sprintf("operator %d", code)
}
