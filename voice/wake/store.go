package wake

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/cricket-home/cricket/internal/durable"
)

// Store keeps personal words in a folder, one small JSON file each, which may be
// copied to another box or to a backup as they are.
type Store struct{ dir string }

// NewStore is the store in a folder, which need not exist yet.
func NewStore(dir string) *Store { return &Store{dir} }

// Path is the file of a word of a person.
func (s *Store) Path(word, person string) string {
	return filepath.Join(s.dir, slug(word)+"."+slug(person)+".json")
}

// slug is a name as part of a file name: letters, digits and underscores.
func slug(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return '_'
	}, name)
}

// Words reads all words, sorted by file. Those that can be read are returned
// even when others cannot, of which the error tells.
func (s *Store) Words() ([]*Personal, error) {
	files, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read personal words: %w", err)
	}
	var words []*Personal
	var faults []error
	for _, f := range files {
		if filepath.Ext(f.Name()) != ".json" {
			continue
		}
		path := filepath.Join(s.dir, f.Name())
		data, err := os.ReadFile(path)
		if err != nil {
			faults = append(faults, fmt.Errorf("read personal word: %w", err))
			continue
		}
		p, err := ParsePersonal(data)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", path, err))
			continue
		}
		p.file = path
		words = append(words, p)
	}
	return words, errors.Join(faults...)
}

// Put stores a word, in place of an older one of the same word and person.
func (s *Store) Put(p *Personal) error {
	data, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("store %q of %s: %w", p.Word, p.Person, err)
	}
	if err := durable.Replace(s.Path(p.Word, p.Person), append(data, '\n')); err != nil {
		return fmt.Errorf("store %q of %s: %w", p.Word, p.Person, err)
	}
	return nil
}

// Remove removes the words that match: of a person, all of one word, or with an
// empty person all who enrolled it; with an empty word all of the person's.
func (s *Store) Remove(word, person string) ([]*Personal, error) {
	words, readErr := s.Words()
	words = slices.DeleteFunc(words, func(p *Personal) bool {
		return word != "" && slug(p.Word) != slug(word) || person != "" && slug(p.Person) != slug(person)
	})
	var faults []error
	for _, p := range words {
		if err := os.Remove(p.file); err != nil {
			faults = append(faults, fmt.Errorf("remove %q of %s: %w", p.Word, p.Person, err))
		}
	}
	if len(words) == 0 {
		faults = append(faults, readErr)
	}
	return words, errors.Join(faults...)
}
