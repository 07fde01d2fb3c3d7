package espeak

import (
	"context"
	"fmt"
	"github.com/cricket-home/cricket/voice"
	"regexp"
	"strings"
	"unicode"
)

// longestWord is in bytes; espeak-ng reads lines of less than a thousand.
const longestWord = 400

// Phonemes pronounces words in the 39 phones of the CMU dictionary, without
// stress: "kitchen" is K IH CH AH N. Abbreviations are spelled and numbers
// spoken as espeak-ng does ("TV", "3D"). All words are pronounced by one run of
// the program. A word that cannot be said (no letters, 400 bytes long) has no
// entry in the result; every entry has phones.
func (e *Engine) Phonemes(ctx context.Context, words []string, language string) (map[string][]string, error) {
	var asked []string
	var lines strings.Builder
	for _, word := range words {
		line := oneClause(word)
		if line == "" || len(line) > longestWord {
			continue
		}
		asked = append(asked, word)
		lines.WriteString(line + "\n")
	}
	if len(asked) == 0 {
		return map[string][]string{}, nil
	}
	// Without --stdin the program reads, and answers, line by line.
	out, err := e.run(ctx, lines.String(), language, "-q", "--ipa", "--sep=_")
	if err != nil {
		return nil, fmt.Errorf("pronounce: %w", err)
	}
	answers := strings.Split(strings.TrimRight(string(out), "\n"), "\n")
	if len(answers) != len(asked) {
		return nil, fmt.Errorf("pronounce: espeak-ng gave %d answers to %d words", len(answers), len(asked))
	}
	table := phoneTable()
	phones := make(map[string][]string, len(asked))
	for i, word := range asked {
		if said := arpabet(table, answers[i]); len(said) > 0 {
			phones[word] = said
		}
	}
	return phones, nil
}

// oneClause keeps letters, digits and what stands inside words, so that the
// program answers with one line; it is empty where there is nothing to say.
func oneClause(word string) string {
	word = strings.Map(func(r rune) rune {
		switch {
		case voice.Sayable(r), unicode.IsMark(r):
			return r
		case r == '\'', r == '’':
			return '\''
		}
		return ' '
	}, strings.ToValidUTF8(word, " "))
	if !strings.ContainsFunc(word, voice.Sayable) {
		return ""
	}
	return strings.Join(strings.Fields(word), " ")
}

// arpabet turns a line of IPA, phonemes apart by "_" and words by " ", into phones.
func arpabet(table map[string][]string, ipa string) []string {
	// "(de)" and "(en)" say that a word is pronounced as in another language.
	ipa = strings.ToValidUTF8(ipa, "")
	ipa = regexp.MustCompile(`\([a-z-]+\)`).ReplaceAllString(ipa, "_")
	var phones []string
	for _, phoneme := range strings.FieldsFunc(ipa, func(r rune) bool { return r == '_' || r == ' ' }) {
		phoneme = strings.NewReplacer("ˈ", "", "ˌ", "").Replace(phoneme)
		for phoneme != "" {
			n, phone := longest(table, phoneme)
			phones = append(phones, phone...)
			phoneme = phoneme[n:]
		}
	}
	return spelledAsInDictionary(phones)
}

// spelledAsInDictionary writes two sounds before a vowel as the CMU dictionary
// does: nursery is N ER S ER IY without an R, radio has IY where espeak-ng has IH.
func spelledAsInDictionary(phones []string) []string {
	vowel := func(i int) bool { return i < len(phones) && strings.Contains("AEIOU", phones[i][:1]) }
	kept := phones[:0]
	for i, p := range phones {
		switch {
		case p == "R" && i > 0 && phones[i-1] == "ER" && vowel(i+1):
			continue
		case p == "IH" && vowel(i+1):
			p = "IY"
		}
		kept = append(kept, p)
	}
	return kept
}

// longest finds the longest beginning of ipa that is in the table. A sign that is
// not there, a mark of length or colour, has no phone.
func longest(table map[string][]string, ipa string) (bytes int, phones []string) {
	runes := []rune(ipa)
	for n := min(4, len(runes)); n > 0; n-- {
		part := string(runes[:n])
		if phones, ok := table[part]; ok {
			return len(part), phones
		}
	}
	return len(string(runes[:1])), nil
}
