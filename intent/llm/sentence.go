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
		if s := begins(c.text, c.confidence); s != "" {
			told = true
			begun(s)
		}
	}
}

// begins is the first sentence of what a model has written so far, where that is an answer and
// the model is sure of it, 0..1; else "".
func begins(text string, sure float64) string {
	if say, is := strings.CutPrefix(text, `{"say":"`); is && sure >= SureAt {
		return firstSentence(say)
	}
	return ""
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
