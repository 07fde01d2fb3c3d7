// What whisper.cpp's Go binding lacks. One whisper_full at a time.
#ifndef CRICKET_SHIM_H
#define CRICKET_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// cricket_load_backends loads ggml's backends from dir and returns how many
// devices they offer. Without it whisper's init aborts the process.
size_t cricket_load_backends(const char *dir);

// cricket_backend_name is the name of device i.
const char *cricket_backend_name(size_t i);

// cricket_open loads a model, or returns NULL. Flash attention looks at places
// in multiples of 256, and those past the end hold nothing or what the last
// utterance left there: a large model does not mind, a small one does, and is
// opened exact.
void *cricket_open(const char *path, bool exact);

// cricket_params_size is the size of whisper_full_params as the header has it.
size_t cricket_params_size(void);

// cricket_params sets what the binding cannot: no timestamps, no temperature
// fallback, no non-speech tokens, and the abort flag, which is cleared. A model
// that was trained to say nothing may do so; others are held to a first word.
void cricket_params(void *params, bool may_be_empty);

// cricket_prompt sets what the decoder takes for the text before the utterance. The
// text must live until whisper_full has ended.
void cricket_prompt(void *params, const char *text);

// cricket_abort makes the whisper_full that runs end between two steps of its
// decoder; its encoder does not look.
void cricket_abort(void);

// cricket_no_speech is the probability that a segment holds no speech.
float cricket_no_speech(void *context, int segment);

// cricket_next decodes n tokens behind the known ones that the decoder's memory
// holds, over the sound that the last whisper_full encoded, and writes the tokens
// that most likely follow, the likeliest first, with the logarithms of their
// probabilities. It returns how many, or -1 where the decoder fails.
int cricket_next(void *context, const int32_t *tokens, int n, int known, int threads, int32_t *ids, float *logs, int most);

// cricket_quiet sends only warnings and errors of the libraries to stderr.
void cricket_quiet(void);

#endif
