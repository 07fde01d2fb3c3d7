package appliance

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cricket-home/cricket/intent"
)

// ErrSentences is wrapped by the error of sentences that cannot be compiled.
var ErrSentences = errors.New("compile sentences")

// Sentences compiles the built-in sentences of the language and the owner's
// custom_sentences. Errors wrap ErrSentences.
func Sentences(c Config) (*intent.Sentences, error) {
	builtin, own, unread, err := sentenceFiles(c)
	if err := errors.Join(append(unread, err)...); err != nil {
		return nil, err
	}
	return compiled(c, append(builtin, own...))
}

// soundSentences is Sentences without those files of the owner's that have a
// fault: a slip in one sentence must not silence the box. The faults name file
// and line. The error is cause where the fault is in none of these files.
func soundSentences(c Config, cause error) (*intent.Sentences, []error, error) {
	files, own, faults, err := sentenceFiles(c)
	if err != nil {
		return nil, nil, err
	}
	sentences, err := compiled(c, files)
	for _, file := range own {
		with, fault := compiled(c, append(files[:len(files):len(files)], file))
		if fault != nil {
			faults = append(faults, fault)
			continue
		}
		files, sentences = append(files, file), with
	}
	if err != nil || len(faults) == 0 {
		return nil, nil, cause
	}
	return sentences, faults, nil
}

func compiled(c Config, files []intent.File) (*intent.Sentences, error) {
	sentences, err := intent.Compile(c.Language, files...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSentences, err)
	}
	return sentences, nil
}

// sentenceFiles are the built-in sentences and the owner's; unread is why some of the owner's cannot be read.
func sentenceFiles(c Config) (builtin, own []intent.File, unread []error, err error) {
	if builtin, err = intent.Builtin(c.Language); err != nil {
		return nil, nil, nil, fmt.Errorf("%w: %w", ErrSentences, err)
	}
	var names []string
	if c.Dir != "" {
		if names, err = filepath.Glob(filepath.Join(c.Dir, "custom_sentences", c.Language, "*.y*ml")); err != nil {
			return nil, nil, nil, fmt.Errorf("%w: %w", ErrSentences, err)
		}
	}
	if c.Taught != "" { // after the owner's files: what was made of what was said is to count
		taught := filepath.Join(c.Taught, c.Language, "page.yaml")
		if _, err := os.Stat(taught); err == nil {
			names = append(names, taught)
		}
	}
	for _, name := range names {
		data, err := readSentences(name)
		if err != nil {
			unread = append(unread, fmt.Errorf("%w: %w", ErrSentences, err))
			continue
		}
		own = append(own, intent.File{Name: name, Data: data, Own: true})
	}
	return builtin, own, unread, nil
}

// maxSentences is the size of a sentence file, in bytes, at most.
const maxSentences = 8 << 20

// readSentences reads a file of the owner's. A pipe would keep the start waiting, and a
// device has no end.
func readSentences(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("read %s: it is not a plain file", name)
	case info.Size() > maxSentences:
		return nil, fmt.Errorf("read %s: it has %d bytes, more than %d", name, info.Size(), maxSentences)
	}
	return os.ReadFile(name)
}
