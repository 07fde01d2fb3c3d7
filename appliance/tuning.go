package appliance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cricket-home/cricket/internal/durable"
	"github.com/cricket-home/cricket/voice/wake"
)

// tuning is how people have set the wake words from outside, over what the
// configuration says. It holds through restarts.
type tuning struct {
	Word        string   `json:"word,omitempty"`        // the only one that wakes; "": each does
	Sensitivity *float64 `json:"sensitivity,omitempty"` // of every word; nil: its own
}

// readTuning reads what was kept. With an error nothing is tuned.
func readTuning(file string) (tuning, error) {
	var t tuning
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return t, fmt.Errorf("read wake word settings: %w", err)
	}
	if err := json.Unmarshal(data, &t); err != nil {
		return tuning{}, fmt.Errorf("read wake word settings: %s: %w", file, err)
	}
	if s := t.Sensitivity; s != nil && !(*s >= 0 && *s <= 1) {
		return tuning{}, fmt.Errorf("read wake word settings: %s: the sensitivity %v is not between 0 and 1", file, *s)
	}
	return t, nil
}

// of is the words as they are tuned. A word that is not there any more tunes nothing.
func (t tuning) of(words []wake.Word) []wake.Word {
	only := func(w wake.Word) bool { return strings.EqualFold(w.Name, t.Word) }
	var tuned []wake.Word
	for _, w := range words {
		if t.Word != "" && slices.ContainsFunc(words, only) && !only(w) {
			continue
		}
		if t.Sensitivity != nil {
			w.Sensitivity = *t.Sensitivity
		}
		tuned = append(tuned, w)
	}
	return tuned
}

func (b *Box) tuningFile() string { return filepath.Join(b.options.StateDir, "wake-settings.json") }

// retune changes the tuning. The microphone is listened to anew, when nobody is
// speaking to the box.
func (b *Box) retune(ctx context.Context, change func(*tuning)) error {
	t := *b.tuned.Load()
	change(&t)
	if b.options.Keep {
		data, err := json.Marshal(t)
		if err != nil {
			return err
		}
		if err := durable.Replace(b.tuningFile(), data); err != nil {
			return fmt.Errorf("keep wake word settings: %w", err)
		}
	}
	b.tuned.Store(&t)
	b.listenAnew()
	return nil
}

// openTuning reads the tuning that was kept. One that cannot be read tunes nothing.
func (b *Box) openTuning() {
	t, err := tuning{}, error(nil)
	if b.options.Keep {
		t, err = readTuning(b.tuningFile())
	}
	if err != nil {
		b.log.Error("the wake words are as the configuration says", "err", err)
	}
	b.tuned.Store(&t)
}
