package microwakeword

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
)

// Model is a wake word that can be listened for.
type Model struct {
	manifest manifest
	program  *program
	frontEnd *frontEnd
	// The model's input for a feature f is quantized[f]; past its end, the last one.
	quantized []int8
}

// Load reads a manifest and the model that it names beside it.
func Load(manifestPath string) (*Model, error) {
	text, err := readLimited(manifestPath, maxManifest)
	if err != nil {
		return nil, fmt.Errorf("read wake word manifest: %w", err)
	}
	m, err := parseManifest(text)
	if err != nil {
		return nil, fmt.Errorf("read wake word manifest %q: %w", manifestPath, err)
	}
	data, err := readLimited(filepath.Join(filepath.Dir(manifestPath), m.Model), maxFile)
	if err != nil {
		return nil, fmt.Errorf("load wake word %q: %w", m.Word, err)
	}
	return Parse(text, data)
}

// readLimited reads a file of at most limit bytes, and one more of a larger one.
func readLimited(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// Parse reads a manifest (JSON, version 2) and its model (.tflite). Neither is
// kept.
func Parse(manifest, model []byte) (*Model, error) {
	m, err := parseManifest(manifest)
	if err != nil {
		return nil, fmt.Errorf("read wake word manifest: %w", err)
	}
	graphs, err := readGraphs(model)
	if err != nil {
		return nil, fmt.Errorf("load wake word %q: %w", m.Word, err)
	}
	p, err := compile(graphs)
	if err != nil {
		return nil, fmt.Errorf("load wake word %q: %w", m.Word, err)
	}
	return &Model{manifest: m, program: p, frontEnd: newFrontEnd(), quantized: quantizedFeatures(p)}, nil
}

// quantizedFeatures tabulates the model's input over the features, up to the
// first feature that saturates it.
func quantizedFeatures(p *program) []int8 {
	var table []int8
	for f := 0; f <= math.MaxUint16; f++ {
		q := math.RoundToEven(float64(f)/featuresPerUnit/p.inputScale) + float64(p.inputZero)
		table = append(table, int8(min(q, math.MaxInt8)))
		if q >= math.MaxInt8 {
			break
		}
	}
	return table
}

// Word is the wake word as its maker wrote it: "Okay Nabu".
func (m *Model) Word() string { return m.manifest.Word }

// Threshold is the probability above which the word was said.
func (m *Model) Threshold() float32 { return float32(*m.manifest.Micro.ProbabilityCutoff) }

// SlidingWindow is how many steps the probability is averaged over.
func (m *Model) SlidingWindow() int { return *m.manifest.Micro.SlidingWindowSize }

// Languages are the languages that the model was trained on, as the manifest says: "en".
func (m *Model) Languages() []string { return slices.Clone(m.manifest.TrainedLanguages) }

// StepSamples is how much sound one step takes, in samples of 16 kHz.
func (m *Model) StepSamples() int { return m.program.frames * m.hop() }

// hop is the distance of two feature windows in samples.
func (m *Model) hop() int { return *m.manifest.Micro.FeatureStepSize * sampleRate / 1000 }
