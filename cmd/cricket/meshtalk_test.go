package main

import (
	"errors"
	"strings"
	"testing"
)

// Nobody is told to speak before the box knows that somebody hears.
func TestTalkSaysWhenToSpeak(t *testing.T) {
	const now = "Speak now, for 7 s.\n"
	for _, tt := range []struct {
		name, lines, out, err string
		code                  int
	}{
		{"it is heard", `{"speak":true}{"heard":true}`, now + "It is heard there.\n", "", exitDone},
		{"it is refused at the end", `{"speak":true}{"error":"it refuses: people sleep there","refused":true}`, now, "it refuses: people sleep there", exitRefused},
		{"the microphone goes off", `{"speak":true}{"error":"the microphone was switched off"}`, now, "the microphone was switched off", exitMissing},
		{"the box ends", `{"speak":true}`, now, "read answer of the box: EOF", exitMissing},
		{"the box ends before", ``, "", "read answer of the box: EOF", exitMissing},
	} {
		var out strings.Builder
		err := talked(&out, strings.NewReader(tt.lines), 7)
		code, said := exitDone, ""
		if f, ok := errors.AsType[*fault](err); ok {
			code, said = f.code, f.Error()
		}
		if out.String() != tt.out || said != tt.err || code != tt.code {
			t.Errorf("%s: %q, error %q, exit code %d", tt.name, out.String(), said, code)
		}
	}
}
