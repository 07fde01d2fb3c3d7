package llm

import (
	"testing"

	"github.com/cricket-home/cricket/intent"
)

func TestAnswerFromElsewhereIsChecked(t *testing.T) {
	q := NewVocabulary(cottage()).Question(intent.Query{Text: "it is dark", Room: "kitchen"})
	if len(q.Messages) != 2 || q.Grammar == "" {
		t.Fatalf("%+v", q)
	}
	for name, text := range map[string]string{
		"a lock":        `{"do":[{"unlock":"front door"}]}`,
		"an invention":  `{"do":[{"turn_on":"reactor"}]}`,
		"two answers":   `{"no":true,"say":"hello"}`,
		"half":          `{"do":[{"turn_on":`,
		"something new": `{"run":"rm"}`,
	} {
		if a, err := q.Read(text, 1); err == nil {
			t.Errorf("%s is taken: %+v", name, a)
		}
	}
	if a, err := q.Read(`{"say":"It is evening."}`, 7); err != nil || a.Say != "It is evening." || a.Confidence != 1 {
		t.Errorf("%+v, %v", a, err)
	}
}
