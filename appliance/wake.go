package appliance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/wake"
)

// keptNearMisses is how many recordings of near-misses are kept, the newest ones:
// about ten megabytes.
const keptNearMisses = 100

// wakeCounts adds up what the detectors of a box have counted.
type wakeCounts struct {
	mu    sync.Mutex
	words map[string]wake.Counts
}

// add adds what a detector has counted since before, and returns what it has now.
func (c *wakeCounts) add(d *wake.Detector, before map[string]wake.Counts) map[string]wake.Counts {
	if d == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.words == nil {
		c.words = map[string]wake.Counts{}
	}
	now := d.Counts()
	for word, n := range now {
		sum, old := c.words[word], before[word]
		c.words[word] = wake.Counts{Woke: sum.Woke + n.Woke - old.Woke, Missed: sum.Missed + n.Missed - old.Missed,
			Rejected: sum.Rejected + n.Rejected - old.Rejected}
	}
	return now
}

// all is what was counted so far, by word.
func (c *wakeCounts) all() map[string]wake.Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	words := map[string]wake.Counts{}
	for word, n := range c.words {
		words[word] = n
	}
	return words
}

// detector is a new detector of this box's words, for one stream. "stop" is not
// among them: it is for what the box itself says.
func (b *Box) detector(ctx context.Context) (*wake.Detector, error) {
	words, err := b.wakeWords()
	if err != nil {
		return nil, err
	}
	if len(words) == 0 {
		return nil, errors.New("listen for the wake word: config.toml names none, and nobody has enrolled one")
	}
	return b.detectorOf(ctx, words)
}

// liveDetector is a new detector for the microphone: also of "stop", on demand.
func (b *Box) liveDetector(ctx context.Context) (*wake.Detector, error) {
	words, err := b.wakeWords()
	if err != nil {
		return nil, err
	}
	words = slices.DeleteFunc(words, func(w wake.Word) bool { return w.Name == wake.Stop })
	return b.detectorOf(ctx, append(words, wake.Word{Name: wake.Stop, Model: wake.Bundled(), Sensitivity: wake.DefaultSensitivity,
		Refractory: wake.DefaultRefractory, OnDemand: true}))
}

func (b *Box) wakeWords() ([]wake.Word, error) {
	words, broken, err := WakeWords(b.config, b.options.StateDir)
	if broken != nil {
		b.log.Error("some enrolled wake words are not listened for", "err", broken)
	}
	return b.tuned.Load().of(words), err
}

func (b *Box) detectorOf(ctx context.Context, words []wake.Word) (*wake.Detector, error) {
	o := wake.Options{Words: words, Verify: func(w voice.Wake, u voice.Utterance) bool { return b.verified(ctx, w, u) }}
	if b.config.Wake.RecordNearMisses {
		o.Missed = b.recordNearMiss
	}
	return wake.New(o)
}

// checkWake says which words the box listens for.
func (b *Box) checkWake() Finding {
	words, broken, err := WakeWords(b.config, b.options.StateDir)
	f := Finding{Part: "wake word", OK: err == nil && broken == nil && len(words) > 0}
	var names []string
	verify := false
	var nowhere error
	for _, w := range b.config.Wake.Words {
		if _, ok := b.house.Now().Home.Area(w.Room); w.Room != "" && !ok {
			nowhere = fmt.Errorf("'wake.word.room' of %q is %q, and the home has no such room", w.Name, w.Room)
		}
	}
	for _, w := range words {
		name := fmt.Sprintf("%q", w.Name)
		if w.Personal != nil {
			name += " of " + w.Personal.Person
			if !w.Personal.KnownTo(w.Model) {
				name += " (enrolled with another version: better enrolled again)"
			}
		}
		names, verify = append(names, name), verify || w.Verify
	}
	f.Text = strings.Join(names, ", ")
	switch {
	case err != nil:
		f.Text, f.Hint = err.Error(), "correct [wake] in config.toml"
	case broken != nil:
		f.Text, f.Hint = f.Text+"; "+broken.Error(), "move that file away, or enrol the word again"
	case nowhere != nil:
		f.OK, f.Text, f.Hint = false, f.Text+"; "+nowhere.Error(), "cricket home show"
	case len(words) == 0:
		f.Text, f.Hint = "none: nothing that is said wakes the box", "name one under [wake] in config.toml"
	case verify && b.ears != nil && b.ears.closed():
		f.OK, f.Hint = false, "cricket models list stt"
		f.Text += "; to be verified, which only a whisper model can"
	}
	return f
}

// verifyTime is how long the recogniser may take for that: the microphone is not
// listened to meanwhile, and two seconds of it are kept.
const verifyTime = 1500 * time.Millisecond

// verified asks the recogniser whether a word that woke the box was said. Where it
// cannot tell, the wake counts: the request that follows will say what is wrong.
func (b *Box) verified(ctx context.Context, w voice.Wake, u voice.Utterance) bool {
	if b.ears.closed() {
		b.log.Warn("wake word not verified: this recogniser hears only the phrases of the home", "wake", w.Word)
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, verifyTime)
	defer cancel()
	heard, err := b.ears.Transcribe(ctx, u)
	if err == nil {
		var like bool
		if like, err = b.soundsLike(ctx, heard.Text, w.Word); err == nil {
			b.log.Debug("wake word verified", "wake", w.Word, "transcript", heard.Text, "like", like)
			return like
		}
	}
	b.log.Error("wake word not verified", "wake", w.Word, "err", err)
	return true
}

// mostUnlike is the part of a word's phones that may be heard otherwise.
const mostUnlike = 0.34

// soundsLike says whether a word is somewhere in a text, by the way both are spoken.
func (b *Box) soundsLike(ctx context.Context, text, word string) (bool, error) {
	if b.mouth == nil {
		return false, errors.New("pronounce the wake word: espeak-ng is missing")
	}
	words := strings.Fields(word)
	said := strings.Fields(text)
	phones, err := b.mouth.Phonemes(ctx, slices.Concat(words, said), b.config.Language)
	if err != nil {
		return false, err
	}
	want, got := spell(words, phones), spell(said, phones)
	return float64(leastEdits(want, got)) <= mostUnlike*float64(len(want)), nil
}

// spell is the phones of words in order.
func spell(words []string, phones map[string][]string) (all []string) {
	for _, w := range words {
		all = append(all, phones[w]...)
	}
	return all
}

// leastEdits is how many phones must be changed, added or left out to find want
// somewhere in got (Sellers, 1980).
func leastEdits(want, got []string) int {
	row := make([]int, len(want)+1)
	for i := range row {
		row[i] = i
	}
	least := row[len(want)]
	for _, g := range got {
		diagonal := row[0]
		for i, w := range want {
			substitute := diagonal
			if w != g {
				substitute++
			}
			diagonal = row[i+1]
			row[i+1] = min(substitute, row[i]+1, row[i+1]+1)
		}
		least = min(least, row[len(want)])
	}
	return least
}

// nearMissDir is where the sound of near-misses is kept, if the owner wants it.
func nearMissDir(stateDir string) string { return filepath.Join(stateDir, "wake", "near-misses") }

// recordNearMiss keeps the sound of a near-miss, and forgets the oldest.
func (b *Box) recordNearMiss(m wake.NearMiss) {
	dir := nearMissDir(b.options.StateDir)
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		word := strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return r
			}
			return '_'
		}, m.Word)
		name := fmt.Sprintf("%s_%s_%.2f.wav", time.Now().UTC().Format("20060102T150405.000000000"), word, m.Score)
		err = writeSound(filepath.Join(dir, name), m.PCM)
	}
	if err == nil {
		err = keepNewest(dir, keptNearMisses)
	}
	if err != nil {
		b.log.Error("near-miss not recorded", "wake", m.Word, "err", err)
	}
}

func writeSound(file string, pcm []int16) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(voice.WriteWAV(f, voice.SampleRate, pcm), f.Close())
}

// keepNewest removes all but the last n files of a folder, in the order of their names.
func keepNewest(dir string, n int) error {
	files, err := os.ReadDir(dir) // sorted by name, which begins with the time
	for ; err == nil && len(files) > n; files = files[1:] {
		err = os.Remove(filepath.Join(dir, files[0].Name()))
	}
	return err
}
