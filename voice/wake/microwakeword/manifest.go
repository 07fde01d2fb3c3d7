package microwakeword

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
)

// manifest is the JSON file beside a model. What only matters to people (author,
// website) or to a microcontroller (tensor_arena_size, minimum_esphome_version)
// is not read.
type manifest struct {
	Type             string   `json:"type"`
	Word             string   `json:"wake_word"`
	Model            string   `json:"model"`
	TrainedLanguages []string `json:"trained_languages"`
	Version          int      `json:"version"`
	Micro            struct {
		ProbabilityCutoff *float64 `json:"probability_cutoff"`
		SlidingWindowSize *int     `json:"sliding_window_size"`
		FeatureStepSize   *int     `json:"feature_step_size"`
	} `json:"micro"`
}

func parseManifest(data []byte) (manifest, error) {
	var m manifest
	if len(data) > maxManifest {
		return m, fmt.Errorf("it has %d bytes, more than %d", len(data), maxManifest)
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, err
	}
	cutoff, window, step := m.Micro.ProbabilityCutoff, m.Micro.SlidingWindowSize, m.Micro.FeatureStepSize
	switch {
	case m.Type != "micro":
		return m, fmt.Errorf("'type' is %q, not \"micro\"", m.Type)
	case m.Version != 2:
		return m, fmt.Errorf("'version' is %d; only version 2 is supported", m.Version)
	case m.Word == "":
		return m, errors.New("'wake_word' is missing")
	case !filepath.IsLocal(m.Model):
		return m, fmt.Errorf("'model' is %q, which is not a file beside the manifest", m.Model)
	case cutoff == nil || *cutoff < 0 || *cutoff > 1:
		return m, errors.New("'micro.probability_cutoff' must be between 0 and 1")
	case window == nil || *window < 1 || *window > maxWindow:
		return m, fmt.Errorf("'micro.sliding_window_size' must be between 1 and %d", maxWindow)
	case step == nil || *step < 1 || *step > windowMillis:
		return m, fmt.Errorf("'micro.feature_step_size' must be between 1 and %d milliseconds", windowMillis)
	}
	return m, nil
}
