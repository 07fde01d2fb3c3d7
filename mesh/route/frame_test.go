package route

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func asked() request {
	return request{Challenge: make([]byte, challenge), Lives: time.Minute, Prompt: prompt()}
}

func TestRequestsThatAreRefused(t *testing.T) {
	for name, change := range map[string]func(*request){
		"no messages":           func(q *request) { q.Messages = nil },
		"a role of its own":     func(q *request) { q.Messages[0].Role = "root" },
		"an endless answer":     func(q *request) { q.Prompt.Tokens = MaxTokens + 1 },
		"no end":                func(q *request) { q.Lives = time.Hour },
		"expired":               func(q *request) { q.Lives = -1 },
		"no challenge":          func(q *request) { q.Challenge = nil },
		"an action half done":   func(q *request) { q.Grammar = "x"; q.Resume.Text = "{" },
		"ids of no tokenizer":   func(q *request) { q.Resume.Tokens = []int{1} },
		"ids out of range":      func(q *request) { q.Resume = Resume{Tokens: []int{-1}, Tokenizer: "x"} },
		"ids without end":       func(q *request) { q.Resume = Resume{Tokens: make([]int, MaxTokens+1), Tokenizer: "x"} },
		"more messages than 32": func(q *request) { q.Messages = make([]Message, maxParts+1) },
	} {
		q := asked()
		change(&q)
		var b bytes.Buffer
		if err := writeRequest(&b, q); err != nil {
			t.Fatal(err)
		}
		if _, err := readRequest(&b); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	q := asked()
	q.Messages[0].Content = strings.Repeat("x", MaxRequest)
	if err := writeRequest(&bytes.Buffer{}, q); err == nil {
		t.Error("a request of more than 64 KiB is sent")
	}
	if _, err := readRequest(strings.NewReader("\x00\x01\x00\x01{}")); err == nil {
		t.Error("a request of more than 64 KiB is taken")
	}
}

// A request that is taken is in bounds and is read the same again.
func FuzzRequest(f *testing.F) {
	var b bytes.Buffer
	q := asked()
	q.Resume = Resume{Tokens: []int{5, 7}, Tokenizer: "x"}
	if err := writeRequest(&b, q); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("\x00\x00\x00\x02{}"))
	f.Add([]byte("\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		q, err := readRequest(bytes.NewReader(data))
		if err != nil {
			return
		}
		if q.check() != nil || q.Lives <= 0 || q.Lives > MaxTime || len(q.Resume.Tokens) > MaxTokens {
			t.Fatalf("%+v", q)
		}
		var out bytes.Buffer
		if err := writeRequest(&out, q); err != nil {
			return // escapes made it longer than it may be
		}
		if again, err := readRequest(&out); err != nil || len(again.Messages) != len(q.Messages) || again.Prompt.Tokens != q.Prompt.Tokens {
			t.Fatalf("%+v is read as %+v, %v", q, again, err)
		}
	})
}

// A frame that is read is written the same, and so is a piece.
func FuzzFrame(f *testing.F) {
	var b bytes.Buffer
	if err := writeFrame(&b, pieceFrame(Piece{Tokens: []int{300, 2}, Text: "é"})); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte{framePaused, 0, 0})
	f.Add([]byte{framePiece, 0, 2, 9, 'x'})
	f.Add([]byte{framePiece, 255, 255})
	f.Add([]byte{frameSure, 0, 4, 0, 15, 66, 64})
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := readFrame(bytes.NewReader(data))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := writeFrame(&out, got); err != nil || !bytes.HasPrefix(data, out.Bytes()) {
			t.Fatalf("%v", err)
		}
		if sure, err := got.sure(); got.kind == frameSure && err == nil && (sure < 0 || sure > 1) {
			t.Fatalf("it is sure %v", sure)
		}
		if p, err := got.piece(); got.kind == framePiece && err == nil && !bytes.Equal(pieceFrame(p).data, got.data) {
			t.Fatalf("%+v", p)
		}
	})
}
