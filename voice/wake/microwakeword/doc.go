// Package microwakeword runs the community's wake words: microWakeWord models
// of version 2, a streaming int8 .tflite file with a JSON manifest, as ESPHome
// and Home Assistant's Voice PE use them.
//
// In: the two files, and any number of 16 kHz mono samples. Out: a probability
// every 30 ms (every stride of the model's input times the manifest's step),
// averaged over the manifest's sliding window; the word was said where it goes
// above Threshold. The voice activity model (vad.json) works the same way. In the
// first second of a stream the noise estimate settles, and speech that was going
// on already wakes a little more often than later.
//
// It is all in Go: a reader of the FlatBuffers file, the operators that these
// models use in the integer arithmetic of the TensorFlow Lite 8-bit
// quantization specification (tensorflow.org/lite/performance/quantization_spec),
// and the audio front end of TensorFlow Lite Micro (30 ms windows, 40 mel
// channels, noise reduction, PCAN gain control, logarithm), in 16-bit fixed
// point, because the models were trained on its roundings.
//
// A file is not trusted. Every offset is checked; sizes, memory and work per
// step have limits; an operator, type or shape that is not known is an error
// with its name. A model that Parse accepts can run for ever without a panic.
//
// A Model is immutable and may be shared. A Stream belongs to one goroutine,
// and Push allocates nothing.
package microwakeword
