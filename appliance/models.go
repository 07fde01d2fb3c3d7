package appliance

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/cricket-home/cricket/models"
)

// Models is where the models of a box are.
func Models(stateDir string) *models.Store {
	return models.NewStore(filepath.Join(stateDir, "models"))
}

// ChooseRecognizer decides which of the installed models hears, on this machine.
func ChooseRecognizer(c Config, stateDir string) (models.Decision, error) {
	return chooseModel(models.STT, c.STT.Model, c, stateDir)
}

// chooseModel decides which of the installed models serves a purpose; configured
// is what the configuration says of it.
func chooseModel(purpose models.Purpose, configured string, c Config, stateDir string) (models.Decision, error) {
	catalogue, err := models.Builtin()
	if err != nil {
		return models.Decision{}, err
	}
	store := Models(stateDir)
	entries, err := store.Entries(catalogue)
	if err != nil {
		return models.Decision{}, err
	}
	used, err := store.Used()
	if err != nil {
		return models.Decision{}, err
	}
	return models.Choose(catalogue, entries, models.Wish{Purpose: purpose, Language: c.Language,
		Machine: models.ThisMachine(), Config: configured, Use: used[purpose]}), nil
}

// CheckModels says which model would hear if the daemon ran. A fault of the
// configuration is CheckConfig's to tell.
func CheckModels(bin, stateDir string) Finding {
	f := Finding{Part: "models", OK: true}
	c, err := OwnConfig("", stateDir)
	if err != nil {
		c = DefaultConfig()
	}
	d, err := ChooseRecognizer(c, stateDir)
	switch {
	case err != nil:
		return Finding{Part: "models", Text: err.Error(), Hint: "move that file away, then: cricket models verify"}
	case len(d.Choices) > 0:
		f.Text = fmt.Sprintf("speech would be heard by %s", d.Choices[0])
	default:
		f.Text = "speech would be heard by pocketsphinx"
		switch b, err := FindBundled(bin, c.Language); {
		case err == nil && b.Measured.better():
			f.Text = "speech would be heard by the bundled model: " + b.Measured.String()
		case err == nil:
			f.Text += ": " + b.Measured.String()
		case !errors.Is(err, fs.ErrNotExist):
			return Finding{Part: "models", Text: err.Error(), Hint: "make build"}
		}
	}
	if d.Note != "" {
		f.Text += "; " + d.Note
	}
	return f
}
