#include "shim.h"

#include <ggml-backend.h>
#include <ggml.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <whisper.h>

static atomic_bool aborted;

size_t cricket_load_backends(const char *dir) {
	ggml_backend_load_all_from_path(dir);
	return ggml_backend_dev_count();
}

const char *cricket_backend_name(size_t i) {
	return ggml_backend_dev_description(ggml_backend_dev_get(i));
}

void *cricket_open(const char *path, bool exact) {
	struct whisper_context_params params = whisper_context_default_params();
	params.flash_attn = !exact;
	return whisper_init_from_file_with_params(path, params);
}

size_t cricket_params_size(void) { return sizeof(struct whisper_full_params); }

static bool is_aborted(void *unused) {
	(void)unused;
	return atomic_load(&aborted);
}

void cricket_params(void *p, bool may_be_empty) {
	struct whisper_full_params *params = p;
	params->no_timestamps = true;
	params->suppress_blank = !may_be_empty;
	params->suppress_nst = true;
	params->temperature = 0;
	params->temperature_inc = 0;
	params->greedy.best_of = 1;
	params->abort_callback = is_aborted;
	params->abort_callback_user_data = NULL;
	atomic_store(&aborted, false);
}

void cricket_prompt(void *p, const char *text) {
	struct whisper_full_params *params = p;
	params->initial_prompt = text;
}

void cricket_abort(void) { atomic_store(&aborted, true); }

float cricket_no_speech(void *context, int segment) {
	return whisper_full_get_segment_no_speech_prob(context, segment);
}

int cricket_next(void *context, const int32_t *tokens, int n, int known, int threads, int32_t *ids, float *logs, int most) {
	if (whisper_decode(context, tokens, n, known, threads) != 0) {
		return -1;
	}
	int words = whisper_n_vocab(context), found = 0;
	const float *logits = whisper_get_logits(context) + (size_t)(n - 1) * words;
	for (int i = 0; i < words; i++) {
		if (found == most && logits[i] <= logs[found - 1]) {
			continue;
		}
		int at = found < most ? found++ : found - 1;
		for (; at > 0 && logs[at - 1] < logits[i]; at--) {
			logs[at] = logs[at - 1];
			ids[at] = ids[at - 1];
		}
		logs[at] = logits[i];
		ids[at] = i;
	}
	double sum = 0;
	for (int i = 0; i < words; i++) {
		sum += expf(logits[i] - logs[0]);
	}
	float all = logs[0] + (float)log(sum);
	for (int i = 0; i < found; i++) {
		logs[i] -= all;
	}
	return found;
}

static void log_faults(enum ggml_log_level level, const char *text, void *unused) {
	(void)unused;
	if (level == GGML_LOG_LEVEL_WARN || level == GGML_LOG_LEVEL_ERROR) {
		fputs(text, stderr);
	}
}

void cricket_quiet(void) {
	whisper_log_set(log_faults, NULL);
	ggml_log_set(log_faults, NULL);
}
