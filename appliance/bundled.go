package appliance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Bundled is the recogniser that comes with Cricket: a file in whisper.cpp's
// format, and beside it what the evaluation measured of it and of pocketsphinx.
type Bundled struct {
	Path     string
	Measured Measured
}

// Measured is what the evaluation in models/training wrote: how each of two
// recognisers did with the same clips.
type Measured struct {
	Seed      uint64  `json:"seed"`
	Bundled   Outcome `json:"bundled"`
	Sphinx    Outcome `json:"pocketsphinx"`
	Sentences int     `json:"sentences"` // heard by each, in all homes and noises
}

// Outcome is in percent of the sentences; with the rest nothing was done.
type Outcome struct {
	Right float64 `json:"right"` // the same was done as for the text
	Wrong float64 `json:"wrong"` // something else was done
}

// better: what is done wrong weighs as much as what is done right.
func (m Measured) better() bool {
	return m.Bundled.Right-m.Bundled.Wrong > m.Sphinx.Right-m.Sphinx.Wrong
}

func (m Measured) String() string {
	return fmt.Sprintf("of %d sentences by synthetic voices in noise the bundled model did %.0f %% right and %.0f %% wrong, pocketsphinx %.0f %% and %.0f %%",
		m.Sentences, m.Bundled.Right, m.Bundled.Wrong, m.Sphinx.Right, m.Sphinx.Wrong)
}

// FindBundled looks for the bundled recogniser in bin and libexec. The error
// wraps fs.ErrNotExist where there is none for the language.
func FindBundled(bin, language string) (Bundled, error) {
	base, _, _ := strings.Cut(language, "-")
	for _, dir := range []string{bin, libexec} {
		b := Bundled{Path: filepath.Join(dir, "stt-"+base+".bin")}
		if _, err := os.Stat(b.Path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		name := filepath.Join(dir, "stt-"+base+".json")
		data, err := os.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(data, &b.Measured)
		}
		if err != nil {
			return Bundled{}, fmt.Errorf("read what was measured of the bundled recogniser: %w", err)
		}
		return b, nil
	}
	return Bundled{}, fmt.Errorf("find a bundled recogniser for %q: %w", language, fs.ErrNotExist)
}
