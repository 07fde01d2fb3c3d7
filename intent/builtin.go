package intent

import (
	"embed"
	"fmt"
	"path"
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
		files = append(files, File{path.Join(dir, e.Name()), data})
	}
	return files, nil
}
