package weights

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p/core/network"
)

// Two siblings have read the same prompt, and one has not. What is offered can be taken.
func TestPromptsAreFound(t *testing.T) {
	boxes := paired(t, 4)
	key := sumOf([]byte("the key"))
	if got := boxes[0].FindPrompt(t.Context(), key); len(got) != 0 {
		t.Errorf("nobody has read it, and %v is offered", got)
	}
	for i, size := range []int{0, 300, 200} {
		if size > 0 {
			data := content(size)
			boxes[i].shelf.put(t, data)
			boxes[i].shelf.prompts = map[string]Prompt{key: {sumOf(data), int64(size)}}
		}
	}
	got := boxes[0].FindPrompt(t.Context(), key)
	if len(got) != 2 || got[0].Size != 200 || got[1].Size != 300 {
		t.Fatalf("%v", got)
	}
	if data, err := boxes[0].take(t.Context(), got[0].SHA256, got[0].Size, 0); err != nil || !bytes.Equal(data, content(200)) {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	if got := boxes[0].FindPrompt(t.Context(), sumOf([]byte("another key"))); len(got) != 0 {
		t.Errorf("for another key: %v", got)
	}
}

// What cannot be is not taken for an offer, and does not keep the good one away.
func TestPromptsThatCannotBe(t *testing.T) {
	sum := strings.Repeat("a", 64)
	for _, said := range []string{
		`{}`, `{"state":"whole"}`, `{"state":"whole","sum":"../../etc/passwd","size":1}`, `{"state":"whole","sum":"` + sum + `","size":-1}`,
		`{"state":"whole","sum":"` + strings.ToUpper(sum) + `","size":1}`, `{"state":"whole","sum":"` + sum + `","size":1e99}`, `[]`, ``,
	} {
		boxes := paired(t, 3)
		key := sumOf([]byte("the key"))
		data := content(10)
		boxes[1].shelf.put(t, data)
		boxes[1].shelf.prompts = map[string]Prompt{key: {sumOf(data), 10}}
		boxes[2].host.SetStreamHandler(Protocol, func(s network.Stream) {
			defer s.Close()
			var q question
			if readFrame(s, &q) == nil {
				fmt.Fprintf(s, "\x00\x00\x00%c%s", len(said), said)
			}
		})
		if got := boxes[0].FindPrompt(t.Context(), key); !slices.Equal(got, []Prompt{{sumOf(data), 10}}) {
			t.Errorf("%s: %v", said, got)
		}
	}
}
