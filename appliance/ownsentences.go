package appliance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/internal/durable"
)

// ownSentences are custom sentences that people make of what they said: on the house page,
// where the daemon may not write to the owner's folder. They are in a file of the same format.
type ownSentences struct{ mu sync.Mutex }

// OwnSentence is one of them.
type OwnSentence struct {
	Text  string `json:"text"`  // as it is said
	Means string `json:"means"` // the sentence that does the same
}

// sentenceData is the part of Home Assistant's format that we write.
type sentenceData struct {
	Language string                  `yaml:"language"`
	Intents  map[string]sentenceList `yaml:"intents"`
}

type sentenceList struct {
	Data []sentenceBlock `yaml:"data"`
}

type sentenceBlock struct {
	Sentences   []string       `yaml:"sentences,flow"`
	Slots       map[string]any `yaml:"slots,omitempty"`
	Description string         `yaml:"description"` // what it means, in words
}

// errSentence says why something is no custom sentence.
type errSentence string

func (e errSentence) Error() string { return string(e) }

const maxOwnSentences = 500

func (b *Box) ownSentencesFile() string {
	return filepath.Join(b.config.Taught, b.config.Language, "page.yaml")
}

func (b *Box) readOwnSentences() (sentenceData, error) {
	d := sentenceData{Language: b.config.Language, Intents: map[string]sentenceList{}}
	data, err := os.ReadFile(b.ownSentencesFile())
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err == nil {
		err = yaml.Unmarshal(data, &d)
	}
	if err != nil {
		return d, fmt.Errorf("read own sentences: %w", err)
	}
	return d, nil
}

// OwnSentences are those that were made on the house page, in alphabetical order.
func (b *Box) OwnSentences() ([]OwnSentence, error) {
	d, err := b.readOwnSentences()
	out := []OwnSentence{}
	for _, l := range d.Intents {
		for _, block := range l.Data {
			for _, text := range block.Sentences {
				out = append(out, OwnSentence{Text: text, Means: block.Description})
			}
		}
	}
	slices.SortFunc(out, func(a, b OwnSentence) int { return strings.Compare(a.Text, b.Text) })
	return out, err
}

// spokenText is a text as it can stand in a template: without signs, which nobody speaks.
func spokenText(text string) (string, error) {
	text = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`?!.,;:"`, r) {
			return ' '
		}
		return unicode.ToLower(r)
	}, text)), " ")
	plain := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || strings.ContainsRune(" '’-%°", r)
	}
	switch {
	case len(text) < 2 || len(text) > 200:
		return "", errSentence("a sentence has 2 to 200 characters")
	case strings.ContainsFunc(text, func(r rune) bool { return !plain(r) }):
		return "", errSentence("a sentence has words only")
	}
	return text, nil
}

// MakeSentence has the box do, whenever it hears text, what it does for the sentence means in
// this room. It holds at once, and after a restart. An errSentence says why it cannot be.
func (b *Box) MakeSentence(ctx context.Context, text, means, room string) error {
	text, err := spokenText(text)
	if err != nil {
		return err
	}
	now := b.house.Now()
	room = b.roomID(Request{Room: room})
	in := now.Resolver.Resolve(intent.Query{Text: means, Room: room})
	switch {
	case in.Refusal != "":
		return errSentence(fmt.Sprintf("%q is not understood either: %s", means, in.Refusal))
	case in.Tier != intent.Template || in.Command != nil || len(in.Also) > 0 || in.Response != "":
		return errSentence(fmt.Sprintf("%q is no plain request that another sentence can stand for", means))
	}
	switch in := now.Resolver.Resolve(intent.Query{Text: text, Room: room, Context: intent.Context{Last: &in, Open: &in}}); in.Name {
	case "CricketYes", "CricketNo", "HassNevermind":
		return errSentence(fmt.Sprintf("%q means yes, no or never mind, and must go on to", text))
	}
	return b.changeSentences(ctx, func(d *sentenceData) error {
		d.drop(text)
		list := d.Intents[in.Name]
		list.Data = append(list.Data, sentenceBlock{Sentences: []string{text}, Slots: in.Slots, Description: means})
		d.Intents[in.Name] = list
		return nil
	}, func(s *intent.Sentences) error {
		got := s.Bind(b.house.Now().Home.Names()).Resolve(intent.Query{Text: text, Room: room})
		if got.Name != in.Name || !slices.Equal(got.Targets, in.Targets) || !reflect.DeepEqual(got.Slots, in.Slots) {
			return errSentence(fmt.Sprintf("%q as a sentence of its own would not do what %q does", text, means))
		}
		return nil
	})
}

// ForgetSentence takes a sentence of OwnSentences away.
func (b *Box) ForgetSentence(ctx context.Context, text string) error {
	return b.changeSentences(ctx, func(d *sentenceData) error {
		if !d.drop(text) {
			return errSentence("there is no such sentence")
		}
		return nil
	}, func(*intent.Sentences) error { return nil })
}

// drop takes a sentence out, and says whether it was there.
func (d *sentenceData) drop(text string) bool {
	was := false
	for name, l := range d.Intents {
		l.Data = slices.DeleteFunc(l.Data, func(b sentenceBlock) bool {
			found := slices.Contains(b.Sentences, text)
			was = was || found
			return found
		})
		if d.Intents[name] = l; len(l.Data) == 0 {
			delete(d.Intents, name)
		}
	}
	return was
}

// changeSentences makes a change of the file that is compiled and checked before it is written.
func (b *Box) changeSentences(ctx context.Context, change func(*sentenceData) error, check func(*intent.Sentences) error) error {
	if !b.options.Keep {
		return errors.New("change own sentences: this box ends with its command")
	}
	b.ownSentences.mu.Lock()
	defer b.ownSentences.mu.Unlock()
	d, err := b.readOwnSentences()
	if err != nil {
		return err
	}
	if err := change(&d); err != nil {
		return err
	}
	total := 0
	for _, l := range d.Intents {
		total += len(l.Data)
	}
	if total > maxOwnSentences {
		return errSentence(fmt.Sprintf("there are %d sentences already: forget some", maxOwnSentences))
	}
	data, err := yaml.Marshal(d)
	if err != nil {
		return fmt.Errorf("write own sentences: %w", err)
	}
	sentences, err := b.compileWith(intent.File{Name: b.ownSentencesFile(), Data: data, Own: true})
	if err != nil {
		return err
	}
	if err := check(sentences); err != nil {
		return err
	}
	if err := durable.Replace(b.ownSentencesFile(), data); err != nil {
		return fmt.Errorf("write own sentences: %w", err)
	}
	return b.house.Reword(ctx, sentences)
}

// compileWith compiles all sentences, with one file as it will be. Files that have a fault are
// left out, as at the start.
func (b *Box) compileWith(file intent.File) (*intent.Sentences, error) {
	files, own, _, err := sentenceFiles(b.config)
	if err != nil {
		return nil, err
	}
	for _, f := range own {
		if f.Name != file.Name {
			if _, fault := compiled(b.config, append(files[:len(files):len(files)], f)); fault == nil {
				files = append(files, f)
			}
		}
	}
	return compiled(b.config, append(files, file))
}

// Reword has the house understand by other sentences, and returns when it does.
func (h *House) Reword(ctx context.Context, sentences *intent.Sentences) error {
	done := make(chan struct{})
	err := h.do(ctx, func() {
		h.sentences, h.reworded = sentences, append(h.reworded, done)
		h.rebuild()
	})
	if err != nil {
		return err
	}
	select {
	case <-done:
		return nil
	case <-h.done:
		return context.Canceled
	case <-ctx.Done():
		return ctx.Err()
	}
}

// serveSentences answers what the house page asks about own sentences.
func (b *Box) serveSentences(mux *http.ServeMux) {
	answer := func(w http.ResponseWriter, err error) {
		_, ours := errors.AsType[errSentence](err)
		switch {
		case ours:
			http.Error(w, err.Error(), http.StatusConflict)
		case err != nil:
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	}
	mux.HandleFunc("GET /sentences", func(w http.ResponseWriter, r *http.Request) {
		all, err := b.OwnSentences()
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		writeJSON(w, all)
	})
	mux.HandleFunc("POST /sentences", func(w http.ResponseWriter, r *http.Request) {
		if b.knowsRoom(w, r.FormValue("room")) {
			answer(w, b.MakeSentence(r.Context(), r.FormValue("text"), r.FormValue("means"), r.FormValue("room")))
		}
	})
	mux.HandleFunc("POST /sentences/erase", func(w http.ResponseWriter, r *http.Request) {
		answer(w, b.ForgetSentence(r.Context(), r.FormValue("text")))
	})
}
