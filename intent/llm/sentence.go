package llm

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// telling tells the first sentence of an answer, once, as soon as it is there and the model
// was sure of it.
func telling(begun func(sentence string)) func(completion) {
	if begun == nil {
		return nil
	}
	told := false
	return func(c completion) {
		if told {
			return
		}
		if s := Begun(c.text, c.confidence); s != "" {
			told = true
			begun(s)
		}
	}
}

// Begun is the first sentence of an answer of which the model has written text so far, and
// was so sure of it (0 to 1); "" where it cannot be spoken yet, or is no answer.
func Begun(text string, confidence float64) string {
	say, is := strings.CutPrefix(text, `{"say":"`)
	if !is || confidence < SureAt {
		return ""
	}
	return firstSentence(say)
}

// firstSentence is the first sentence of an answer that is still being written, or "" where
// it is not complete, or does not look like one: it ends before a blank and a capital
// letter, and has more than an abbreviation in it.
func firstSentence(say string) string {
	for i := range say {
		if !strings.ContainsRune(".!?", rune(say[i])) {
			continue
		}
		rest, blank := strings.CutPrefix(say[i+1:], " ")
		next, _ := utf8.DecodeRuneInString(rest)
		if word := say[strings.LastIndexByte(say[:i], ' ')+1 : i]; blank && unicode.IsUpper(next) && len(word) > 3 && strings.Contains(say[:i], " ") {
			return say[:i+1]
		}
	}
	return ""
}
