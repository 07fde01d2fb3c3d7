package intent

import (
	"embed"
	"fmt"
	"path"
	"slices"
)

//go:embed sentences
var builtin embed.FS

// Builtin returns Cricket's own sentences for a language, one of Languages or a
// variety of it: "de-AT" has those of "de".
func Builtin(language string) ([]File, error) {
	code, err := known(language)
	if err != nil {
		return nil, fmt.Errorf("read built-in sentences: %w", err)
	}
	dir := path.Join("sentences", code)
	entries, err := builtin.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read built-in sentences: %w", err)
	}
	var files []File
	for _, e := range entries {
		if e.Name() == languageName {
			continue
		}
		data, err := builtin.ReadFile(path.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read built-in sentences: %w", err)
		}
		files = append(files, File{Name: path.Join(dir, e.Name()), Data: data})
	}
	return files, nil
}

// ActAt and AskAt are the confidence from which on what repair understood is carried
// out, and from which on it is asked about.
const (
	ActAt = actAt
	AskAt = askAt
)

// Intents are those that the sentences lead to, in order.
func (s *Sentences) Intents() []string {
	var out []string
	for i := range s.blocks {
		out = append(out, s.blocks[i].intent)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
