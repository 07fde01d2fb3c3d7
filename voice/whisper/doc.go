// Package whisper recognises free speech with whisper.cpp, which runs in the
// child process `cricket-native stt`.
//
// In: an utterance and a model file in whisper.cpp's ggml format. Out: a
// transcript with a confidence and the probabilities of its tokens. A token's
// times are those of the window it was heard in, since the models are asked
// for no timestamps. An utterance longer than the model's window is heard in
// several windows, cut where it is quietest.
//
// Where it is told what can be said (Options.Says), the engine looks for the
// likeliest such sentence with the decoder, step by step: the child says what may
// follow, the daemon what is allowed. A step is one exchange with the child and
// costs what a token costs, so this is for small models.
//
// Engine.Run supervises the child; Transcribe may be called from any goroutine
// and is served one call after another. When the context of a call ends, the
// child is killed if it must be: whisper's encoder cannot be interrupted.
package whisper
