package appliance

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cricket-home/cricket/models"
	"github.com/cricket-home/cricket/voice/wake"
)

// Wake says which words wake the box.
type Wake struct {
	RecordNearMisses bool       `toml:"record_near_misses"`
	Words            []WakeWord `toml:"word"`
}

// WakeWord is a word that wakes the box, and how.
type WakeWord struct {
	Name        string    `toml:"name"`
	Model       string    `toml:"model"`       // a file, or a model of the catalogue; "": bundled, or enrolled
	Sensitivity *float64  `toml:"sensitivity"` // 0..1; never nil in a Config
	Refractory  *Duration `toml:"refractory"`  // never nil in a Config
	Room        string    `toml:"room"`
	Language    string    `toml:"language"`
	Pipeline    string    `toml:"pipeline"`
	Verify      bool      `toml:"verify"`
}

// Duration is a time in the configuration: "2s", "700ms".
type Duration time.Duration

// UnmarshalText reads "2s".
func (d *Duration) UnmarshalText(text []byte) error {
	x, err := time.ParseDuration(string(text))
	*d = Duration(x)
	return err
}

// defaultWakeWords are those of a box whose owner named none.
func defaultWakeWords() []WakeWord { return []WakeWord{WakeWord{Name: "hey cricket"}.complete()} }

// complete is the word with its defaults.
func (w WakeWord) complete() WakeWord {
	sensitivity, refractory := wake.DefaultSensitivity, Duration(wake.DefaultRefractory)
	if w.Sensitivity == nil {
		w.Sensitivity = &sensitivity
	}
	if w.Refractory == nil {
		w.Refractory = &refractory
	}
	return w
}

// word is what the configuration says of a word.
func (w Wake) word(name string) WakeWord {
	for _, word := range w.Words {
		if strings.EqualFold(word.Name, name) {
			return word
		}
	}
	return WakeWord{Name: name}.complete()
}

// longestRefractory keeps a box from being deaf for ever.
const longestRefractory = time.Minute

func (w Wake) validate(fault func(format string, args ...any), language string) {
	seen := map[string]bool{}
	for _, word := range w.Words {
		if word.Name == "" {
			fault("'wake.word.name' must not be empty")
			continue
		}
		if name := strings.ToLower(word.Name); seen[name] {
			fault("'wake.word' %q is there twice", word.Name)
		} else {
			seen[name] = true
		}
		if s := *word.Sensitivity; !(s >= 0 && s <= 1) {
			fault("'wake.word.sensitivity' of %q must be between 0 and 1, not %v", word.Name, s)
		}
		if r := time.Duration(*word.Refractory); r < 0 || r > longestRefractory {
			fault("'wake.word.refractory' of %q must be between 0s and %v", word.Name, longestRefractory)
		}
		if word.Language != "" && word.Language != language {
			fault("'wake.word.language' of %q must be %q or empty: this box understands its own language only", word.Name, language)
		}
	}
}

// listened is a word as the detector listens for it.
func (w WakeWord) listened() wake.Word {
	return wake.Word{Name: w.Name, Sensitivity: *w.Sensitivity, Refractory: time.Duration(*w.Refractory), Verify: w.Verify}
}

// PersonalWords is where the words are that people enrolled.
func PersonalWords(stateDir string) *wake.Store {
	return wake.NewStore(filepath.Join(stateDir, "wake"))
}

// WakeWords are the words that a box listens for: those of its configuration, and
// those that people enrolled. Broken says which enrolled words cannot be read; the
// others are there.
func WakeWords(c Config, stateDir string) (words []wake.Word, broken, err error) {
	personal, broken := PersonalWords(stateDir).Words()
	bundled := wake.Bundled()
	opened := map[string]*wake.Model{"bundled": bundled} // words of one file share a stream
	for _, configured := range c.Wake.Words {
		w := configured.listened()
		switch {
		case configured.Model != "":
			if w.Model = opened[configured.Model]; w.Model == nil {
				if w.Model, err = WakeModel(configured.Model, stateDir); err != nil {
					return nil, broken, err
				}
				opened[configured.Model] = w.Model
			}
			if !w.Model.Has(w.Name) && len(w.Model.Words) > 1 {
				return nil, broken, fmt.Errorf("listen for %q: the model %s has other words (cricket wake try --model %s FILE.wav shows them)", w.Name, configured.Model, configured.Model)
			}
			if len(w.Model.Words) == 1 { // the owner's own name for a model's only word
				w.ScoredAs = w.Model.Words[0].Name
			}
		case bundled.Has(w.Name):
			w.Model = bundled
		case slices.ContainsFunc(personal, func(p *wake.Personal) bool { return strings.EqualFold(p.Word, w.Name) }):
			continue
		default:
			return nil, broken, fmt.Errorf("listen for %q: it is neither in the bundled model nor enrolled (cricket wake enrol), and 'wake.word.model' names no other", w.Name)
		}
		words = append(words, w)
	}
	for _, p := range personal {
		w := c.Wake.word(p.Word).listened()
		w.Name, w.Model, w.Personal = p.Word, bundled, p
		words = append(words, w)
	}
	return words, broken, nil
}

// WakeModel opens a wake word model: a file, or an installed model of the
// catalogue by its id, with or without the leading "wake-".
func WakeModel(name, stateDir string) (*wake.Model, error) {
	if name == "bundled" {
		return wake.Bundled(), nil
	}
	if strings.ContainsAny(name, "./\\") {
		return wake.Open(name)
	}
	entries, err := wakeEntries(stateDir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Model.ID != name && e.Model.ID != "wake-"+name {
			continue
		}
		if !e.Usable() {
			return nil, &NotInstalledError{e.Model.ID}
		}
		return wake.Open(e.Path)
	}
	return nil, fmt.Errorf("open wake word model %q: it is no file, and the catalogue has no such wake word", name)
}

// NotInstalledError is the error of a model of the catalogue that was not pulled.
type NotInstalledError struct{ ID string }

func (e *NotInstalledError) Error() string {
	return fmt.Sprintf("open wake word model %s: it is not installed; cricket models pull %s fetches it", e.ID, e.ID)
}

// wakeEntries are the wake words of the catalogue, as they are in the store.
func wakeEntries(stateDir string) ([]models.Entry, error) {
	catalogue, err := models.Builtin()
	if err != nil {
		return nil, err
	}
	entries, err := Models(stateDir).Entries(catalogue)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(entries, func(e models.Entry) bool { return e.Model.Purpose != models.Wake }), nil
}

// CommunityWords are the ids of the wake words of the catalogue that are installed.
func CommunityWords(stateDir string) ([]string, error) {
	entries, err := wakeEntries(stateDir)
	var ids []string
	for _, e := range entries {
		if e.Usable() {
			ids = append(ids, e.Model.ID)
		}
	}
	return ids, err
}
