package main

import (
	"bufio"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os/exec"
	"regexp"
	"strings"
)

//go:embed texts
var texts embed.FS

// sentences draws everyday sentences of a language.
type sentences struct {
	slots     map[string][]string
	templates []string
}

// everyday reads texts/LANGUAGE.txt. Where there is none, known is false and the
// sentences are numbers, which every language of espeak-ng reads aloud.
func everyday(language string) (s *sentences, known bool, err error) {
	s = &sentences{slots: map[string][]string{}}
	file, err := texts.Open("texts/" + language + ".txt")
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	} else if err != nil {
		return nil, false, err
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		name, values, slot := strings.Cut(line, " = ")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case slot:
			s.slots[name] = strings.Split(values, " | ")
		default:
			s.templates = append(s.templates, line)
		}
	}
	return s, true, nil
}

var slot = regexp.MustCompile(`\{[^}]*\}`)

func (s *sentences) draw(r *rand.Rand) string {
	if len(s.templates) == 0 {
		return fmt.Sprint(r.IntN(100), " ", r.IntN(3000), " ", r.IntN(100))
	}
	return slot.ReplaceAllStringFunc(s.templates[r.IntN(len(s.templates))], func(name string) string {
		values := s.slots[name[1:len(name)-1]]
		return values[r.IntN(len(values))]
	})
}

// nearMisses are the families of texts that sound like the words and are not.
// Every phrase has "pieces" (it is said in part) and "sounds" (at least a third
// of its sounds are others); texts/NAME.txt may add families.
func nearMisses(name string, words []string, language string, r *rand.Rand) (map[string][]string, error) {
	families := map[string][]string{}
	for _, word := range words {
		sounds, err := pronounce(language, word)
		if err != nil {
			return nil, err
		}
		if len(sounds) == 0 {
			return nil, fmt.Errorf("espeak-ng pronounces %q in %q as nothing", word, language)
		}
		if fields := strings.Fields(word); len(fields) > 1 {
			for from := range fields {
				for to := from + 1; to <= len(fields); to++ {
					if to-from < len(fields) {
						families["pieces"] = append(families["pieces"], strings.Join(fields[from:to], " "))
					}
				}
			}
		}
		if n := len(sounds); n >= 6 {
			families["pieces"] = append(families["pieces"], "[["+strings.Join(sounds[:n/2], "")+"]]", "[["+strings.Join(sounds[n/2:], "")+"]]")
		}
		for range 150 {
			families["sounds"] = append(families["sounds"], "[["+strings.Join(misspoken(sounds, r), "")+"]]")
		}
	}
	file, err := texts.Open("texts/" + name + ".txt")
	if errors.Is(err, fs.ErrNotExist) {
		return families, nil
	} else if err != nil {
		return nil, err
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		if family, list, ok := strings.Cut(line, ": "); ok && !strings.HasPrefix(line, "#") {
			families[family] = append(families[family], strings.Split(list, " | ")...)
		}
	}
	return families, nil
}

// Sounds that most languages of espeak-ng have, by its mnemonics.
var (
	vowels     = []string{"a", "e", "i", "o", "u", "E", "I", "O", "@"}
	consonants = []string{"p", "t", "k", "b", "d", "g", "m", "n", "f", "s", "S", "l", "v", "z", "h", "j"}
)

// misspoken puts other sounds in place of at least a third of them.
func misspoken(sounds []string, r *rand.Rand) []string {
	out := append([]string(nil), sounds...)
	n := max(2, (len(sounds)+2)/3) + r.IntN(1+len(sounds)/3)
	for _, i := range r.Perm(len(sounds))[:min(n, len(sounds))] {
		stress := ""
		if strings.HasPrefix(out[i], "'") {
			stress = "'"
		}
		pool := consonants
		if isVowel(out[i]) {
			pool = vowels
		}
		other := pool[r.IntN(len(pool))]
		for other == plain(out[i]) {
			other = pool[r.IntN(len(pool))]
		}
		out[i] = stress + other
	}
	return out
}

func isVowel(sound string) bool {
	return strings.ContainsAny(strings.TrimLeft(sound, "',%=")[:min(1, len(strings.TrimLeft(sound, "',%=")))], "aeiouyAEIOUVY3@0&")
}

// pronounce is how espeak-ng pronounces a text: its mnemonics, stress included.
func pronounce(language, text string) ([]string, error) {
	out, err := exec.Command("espeak-ng", "-q", "-x", "--sep=_", "-v", language, text).Output()
	if err != nil {
		return nil, fmt.Errorf("pronounce %q in %q: %w", text, language, err)
	}
	var sounds []string
	for _, s := range strings.FieldsFunc(string(out), func(r rune) bool { return strings.ContainsRune("_ \n", r) }) {
		if strings.Trim(s, "',%=:;|!") != "" {
			sounds = append(sounds, s)
		}
	}
	return sounds, nil
}

// plain is a sound without stress.
func plain(sound string) string { return strings.Trim(sound, "',%=|!;") }
