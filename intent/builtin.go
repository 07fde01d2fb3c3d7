package intent

import (
	"embed"
	"fmt"
	"path"
)

//go:embed sentences
var builtin embed.FS

// Builtin returns Cricket's own sentences for a language.
func Builtin(language string) ([]File, error) {
	dir := path.Join("sentences", language)
	entries, err := builtin.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read built-in sentences: no language %q", language)
	}
	var files []File
	for _, e := range entries {
		data, err := builtin.ReadFile(path.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read built-in sentences: %w", err)
		}
		files = append(files, File{path.Join(dir, e.Name()), data})
	}
	return files, nil
}
