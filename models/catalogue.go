package models

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

//go:embed catalogue.toml
var builtin []byte

// Purpose is what a model does.
type Purpose string

// The purposes of models.
const (
	STT   Purpose = "stt"   // hears words
	VAD   Purpose = "vad"   // tells speech from other sound
	Wake  Purpose = "wake"  // hears the wake word
	Voice Purpose = "voice" // speaks
	LLM   Purpose = "llm"   // understands and answers
)

var purposes = []Purpose{STT, VAD, Wake, Voice, LLM}

// Licence is what a model may be used under.
type Licence struct {
	Name   string `toml:"name"`
	SPDX   string `toml:"spdx"` // "" where SPDX has no identifier for it
	URL    string `toml:"url"`
	Accept bool   `toml:"accept"` // must be accepted before the first pull
}

// File is one file of a model.
type File struct {
	Name   string `toml:"name"`
	Size   int64  `toml:"size"`   // bytes; 0: not known before the first pull
	SHA256 string `toml:"sha256"` // lower-case hex; "": not known before the first pull
}

// Model is an entry of the catalogue.
type Model struct {
	ID        string   `toml:"id"`
	Purpose   Purpose  `toml:"purpose"`
	Title     string   `toml:"title"`
	Languages []string `toml:"languages"` // BCP 47, or "*"
	LicenceID string   `toml:"licence"`
	Memory    int64    `toml:"memory"` // MB (10^6 bytes) while it runs
	Boards    []Board  `toml:"boards"`
	Rank      int      `toml:"rank"`   // the highest of a purpose is the best
	Source    string   `toml:"source"` // URL, with {file} for the name of a file
	Files     []File   `toml:"file"`   // the first is the one that engines are given

	Licence Licence `toml:"-"` // that of LicenceID
}

// Catalogue is every model that Cricket knows.
type Catalogue struct {
	Models []Model
}

// Builtin is the catalogue that Cricket comes with.
func Builtin() (Catalogue, error) { return Parse("catalogue.toml", builtin) }

// Parse reads a catalogue. The error names every fault, not the first one only.
func Parse(name string, data []byte) (Catalogue, error) {
	var raw struct {
		Version int                `toml:"version"`
		Licence map[string]Licence `toml:"licence"`
		Model   []Model            `toml:"model"`
	}
	err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&raw)
	if strict, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		line, _ := strict.Errors[0].Position()
		return Catalogue{}, fmt.Errorf("read catalogue %s:%d: unknown key '%s'", name, line, strings.Join(strict.Errors[0].Key(), "."))
	}
	if e, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, _ := e.Position()
		return Catalogue{}, fmt.Errorf("read catalogue %s:%d: %w", name, line, err)
	}
	if err != nil {
		return Catalogue{}, fmt.Errorf("read catalogue %s: %w", name, err)
	}
	var faults []error
	fault := func(where, format string, args ...any) {
		faults = append(faults, fmt.Errorf("catalogue %s: %s: "+format, append([]any{name, where}, args...)...))
	}
	if raw.Version != 1 {
		fault("version", "is %d; this Cricket reads version 1", raw.Version)
	}
	for _, id := range slices.Sorted(maps.Keys(raw.Licence)) {
		l := raw.Licence[id]
		if l.Name == "" || !isHTTPS(l.URL) {
			fault("licence "+id, "needs a name and an https url")
		}
		if l.SPDX != "" && !spdx.MatchString(l.SPDX) {
			fault("licence "+id, "spdx %q is no identifier", l.SPDX)
		}
	}
	ids, names := map[string]bool{}, map[string]bool{}
	for i := range raw.Model {
		m := &raw.Model[i]
		where := fmt.Sprintf("model %d (%q)", i+1, m.ID)
		if ids[m.ID] {
			fault(where, "id is there twice")
		}
		ids[m.ID] = true
		var ok bool
		if m.Licence, ok = raw.Licence[m.LicenceID]; !ok {
			fault(where, "no licence %q", m.LicenceID)
		}
		m.check(func(format string, args ...any) { fault(where, format, args...) })
		for _, f := range m.Files {
			if names[f.Name] {
				fault(where, "file %q is there twice", f.Name)
			}
			names[f.Name] = true
		}
	}
	if len(faults) > 0 {
		return Catalogue{}, errors.Join(faults...)
	}
	return Catalogue{Models: raw.Model}, nil
}

var (
	idForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)
	fileForm = idForm
	spdx     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.+-]*$`)
	language = regexp.MustCompile(`^([a-z]{2,3}(-[A-Z]{2})?|\*)$`)
	hash     = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// check reports each rule that an entry breaks.
func (m *Model) check(fault func(format string, args ...any)) {
	if !idForm.MatchString(m.ID) {
		fault("id must be of letters, digits, '.', '_' and '-'")
	}
	if !slices.Contains(purposes, m.Purpose) {
		fault("purpose must be one of %v, not %q", purposes, m.Purpose)
	}
	if m.Title == "" {
		fault("no title")
	}
	if len(m.Languages) == 0 {
		fault("no languages")
	}
	for _, l := range m.Languages {
		if !language.MatchString(l) {
			fault("language %q is neither like \"en\" or \"en-GB\", nor \"*\"", l)
		}
	}
	if m.Memory < 1 || m.Memory > 1e6 {
		fault("memory must be 1 to 1000000 MB, not %d", m.Memory)
	}
	if len(m.Boards) == 0 {
		fault("no boards")
	}
	for i, b := range m.Boards {
		if !slices.Contains(boards, b) || slices.Contains(m.Boards[:i], b) {
			fault("board %q must be one of %v, once", b, boards)
		}
	}
	if m.Rank < 1 {
		fault("rank must be 1 or more")
	}
	if !isHTTPS(m.Source) || strings.Count(m.Source, "{file}") != 1 {
		fault("source must be an https URL with one {file}, not %q", m.Source)
	}
	if len(m.Files) == 0 {
		fault("no file")
	}
	for _, f := range m.Files {
		if !fileForm.MatchString(f.Name) || reserved(f.Name) {
			fault("file name %q is not allowed", f.Name)
		}
		if f.Size < 0 {
			fault("file %s: size is %d", f.Name, f.Size)
		}
		if f.SHA256 != "" && !hash.MatchString(f.SHA256) {
			fault("file %s: sha256 must be 64 digits of lower-case hex", f.Name)
		}
	}
}

func isHTTPS(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil
}

// Find returns the model with an id.
func (c Catalogue) Find(id string) (Model, bool) {
	for _, m := range c.Models {
		if m.ID == id {
			return m, true
		}
	}
	return Model{}, false
}

// Size is the bytes of all files; known is false where that of one is not.
func (m Model) Size() (size int64, known bool) {
	known = true
	for _, f := range m.Files {
		size += f.Size
		known = known && f.Size > 0
	}
	return size, known
}

// Speaks is whether the model is for a language: "en" has those for "en-GB" too.
func (m Model) Speaks(lang string) bool {
	return slices.ContainsFunc(m.Languages, func(l string) bool {
		return l == "*" || l == lang || strings.HasPrefix(l, lang+"-") || strings.HasPrefix(lang, l+"-")
	})
}

func (m Model) url(f File) string {
	return strings.Replace(m.Source, "{file}", url.PathEscape(f.Name), 1)
}
