package child

import (
	"bytes"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestResidentMemoryOfThisProcess(t *testing.T) {
	n, err := Resident(os.Getpid())
	if err != nil || n < 1<<20 || n > 4<<30 {
		t.Errorf("%d bytes, %v", n, err)
	}
	if _, err := Resident(1 << 30); err == nil {
		t.Error("a process that is not there has memory")
	}
}

func TestLinesOfStderr(t *testing.T) {
	var log bytes.Buffer
	l := &lines{log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	l.Write([]byte("one\n\n tw"))
	l.Write([]byte("o \n" + strings.Repeat("x", 10000)))
	if string(l.part) != strings.Repeat("x", lineLimit) {
		t.Errorf("the last line is kept with %d bytes", len(l.part))
	}
	l.Write([]byte("y\nthree\n"))
	var got []string
	for line := range strings.Lines(log.String()) {
		_, line, _ = strings.Cut(strings.TrimSpace(line), "line=")
		got = append(got, line)
	}
	if want := []string{"one", "two", strings.Repeat("x", lineLimit), "three"}; !slices.Equal(got, want) {
		t.Errorf("logged %q", got)
	}
	log.Reset()
	for range 3 {
		l.Write([]byte(strings.Repeat("again\n", 1000)))
		l.tick()
	}
	if n := strings.Count(log.String(), "again"); n != 3*lineQuota-4 { // four were logged before the first tick
		t.Errorf("%d of 3000 lines were logged", n)
	}
	if !strings.Contains(log.String(), "dropped=950") {
		t.Error("nothing says how many were dropped")
	}
}

// What an engine heard is not in the error of its death, which people find in the journal.
func TestLastWordsHaveNoSpeech(t *testing.T) {
	for line, kept := range map[string]bool{
		"GGML_ASSERT(ctx->mem_buffer != NULL) failed":                           true,
		"cricket-native: error: load model: open /x: no such file or directory": true,
		"fatal error: runtime: out of memory":                                   true,
		"turn off the canary lamp":                                              false,
		"prompt: GGML_ASSERT(the canary sings)":                                 false,
		"whisper_full: heard 'the canary sings'":                                false,
	} {
		for _, end := range []string{"", "\n"} {
			l := &lines{log: slog.New(slog.DiscardHandler)}
			l.Write([]byte("something before\n" + line + end))
			if got := l.lastWords(); (got == line) != kept || !kept && got != "" {
				t.Errorf("of %q are kept %q", line, got)
			}
		}
	}
}

func TestPCM(t *testing.T) {
	want := []int16{0, 1, -1, 32767, -32768, 258}
	data := PCM(want)
	if got, err := Samples(data); err != nil || !slices.Equal(got, want) || data[10] != 2 || data[11] != 1 {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := Samples(data[:3]); err == nil {
		t.Error("half a sample was read")
	}
}
