package appliance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cricket-home/cricket/internal/durable"
)

// answersKept is how often what was learned of the devices' times is written, where it
// is new, beside at the end: a power cut loses an hour of it, and the card lasts.
const answersKept = time.Hour

// keptAnswer is one device of the file, in milliseconds.
type keptAnswer struct {
	Mean   int64 `json:"mean_ms"`
	Spread int64 `json:"spread_ms"`
}

func (b *Box) answersFile() string { return filepath.Join(b.options.HomeDir, "answers.json") }

// openAnswers reads how long the devices took before. What cannot be read is learned anew.
func (b *Box) openAnswers() {
	if !b.options.Keep {
		return
	}
	data, err := os.ReadFile(b.answersFile())
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var kept map[string]keptAnswer
	if err == nil {
		err = json.Unmarshal(data, &kept)
	}
	if err != nil {
		b.log.Warn("how long devices take to answer is learned anew", "err", fmt.Errorf("read %s: %w", b.answersFile(), err))
		return
	}
	b.answers.devices = map[string]usual{}
	for id, k := range kept {
		u := usual{time.Duration(k.Mean) * time.Millisecond, time.Duration(k.Spread) * time.Millisecond}
		if k.Mean >= 0 && k.Spread >= 0 && u.mean <= lateAnswer && u.spread <= lateAnswer {
			b.answers.devices[id] = u
		}
	}
}

// keepAnswers writes what was learned until ctx ends, and then once more.
func (b *Box) keepAnswers(ctx context.Context) error {
	tick := time.NewTicker(answersKept)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			b.writeAnswers()
			return nil
		}
		b.writeAnswers()
	}
}

func (b *Box) writeAnswers() {
	a := &b.answers
	a.mu.Lock()
	kept := map[string]keptAnswer{}
	for id, u := range a.devices {
		kept[id] = keptAnswer{u.mean.Milliseconds(), u.spread.Milliseconds()}
	}
	news := a.news
	a.news = false
	a.mu.Unlock()
	if !news {
		return
	}
	data, err := json.Marshal(kept)
	if err == nil {
		err = durable.Replace(b.answersFile(), data)
	}
	if err != nil {
		b.log.Warn("how long devices take to answer is not kept", "err", err)
	}
}
