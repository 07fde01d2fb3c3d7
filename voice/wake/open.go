package wake

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cricket-home/cricket/voice/wake/net"
)

// networkDelay and communityDelay are how many frames after the end of a word a
// model has heard it, in the middle: measured on nine synthetic voices.
const (
	networkDelay   = 5
	communityDelay = 6
)

// largestFile is more than any wake word model has.
const largestFile = 16 << 20

// Bundled is the model in the program: "hey cricket", and "stop".
func Bundled() *Model { return network("bundled", net.Bundled()) }

// Open reads a model file: one of our own (.net), or a microWakeWord model, by its
// manifest (.json) or by the network beside it (.tflite).
func Open(file string) (*Model, error) {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".net":
		data, err := readFile(file)
		if err != nil {
			return nil, err
		}
		m, err := net.Parse(data)
		if err != nil {
			return nil, fmt.Errorf("open wake word model %s: %w", file, err)
		}
		return network(file, m), nil
	case ".tflite":
		manifest := strings.TrimSuffix(file, filepath.Ext(file)) + ".json"
		if _, err := os.Stat(manifest); err != nil {
			if _, err := os.Stat(file); err != nil {
				return nil, fmt.Errorf("open wake word model: %w", err)
			}
			return nil, fmt.Errorf("open wake word model %s: its manifest %s must be beside it: %w", file, filepath.Base(manifest), errors.Unwrap(err))
		}
		return community(manifest)
	case ".json":
		return community(file)
	}
	return nil, fmt.Errorf("open wake word model %s: it is neither a .net of Cricket's, nor a .json or .tflite of microWakeWord", file)
}

// readFile reads a file that may not be a model at all.
func readFile(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("open wake word model: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > largestFile {
		return nil, fmt.Errorf("open wake word model %s: it is no model file: %w", file, fs.ErrInvalid)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("open wake word model: %w", err)
	}
	return data, nil
}

// network is a model of our own kind.
func network(name string, m *net.Model) *Model {
	w := &Model{Name: name, delay: networkDelay, checksum: m.Checksum(), open: func() stream { return newNetworkStream(m) }}
	if m.StepSamples() == networkStep {
		w.embedding = m.EmbeddingSize()
	}
	for _, word := range m.Words() {
		w.Words = append(w.Words, ScoredWord{word.Name, word.Threshold})
	}
	return w
}

type networkStream struct {
	stream *net.Stream
	last   net.Scores
}

func newNetworkStream(m *net.Model) *networkStream {
	return &networkStream{m.NewStream(), net.Scores{Words: make([]float32, len(m.Words()))}}
}

func (s *networkStream) push(pcm []int16) bool {
	s.last = s.stream.Push(pcm)
	return s.last.Fresh
}

func (s *networkStream) scores() []float32 { return s.last.Words }

func (s *networkStream) speech() float32 { return s.last.Speech }

func (s *networkStream) embedding() []float32 { return s.last.Embedding }
