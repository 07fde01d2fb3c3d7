package route

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// A brain that was taken over: whatever it sends, the asker is rid of it, and another answers.
func TestHostileBrain(t *testing.T) {
	piece := func(text string, ids ...int) frame { return pieceFrame(Piece{Tokens: ids, Text: text}) }
	accepted, _ := json.Marshal(Accepted{"model", "tokenizer"})
	for _, c := range []struct {
		name  string
		sends func(w io.Writer) error
		want  string
	}{
		{"talks without end", func(w io.Writer) error {
			for {
				if err := writeFrame(w, piece(strings.Repeat("x", 4000), 1)); err != nil {
					return err
				}
			}
		}, "says more than it was asked for"},
		{"sends empty pieces without end", func(w io.Writer) error {
			for {
				if err := writeFrame(w, piece("")); err != nil {
					return err
				}
			}
		}, "says more than it was asked for"},
		{"sends more ids than were asked for", func(w io.Writer) error { return writeFrame(w, piece("", make([]int, 90)...)) }, "says more than it was asked for"},
		{"is of another tokenizer again and again", func(w io.Writer) error { return writeFrame(w, frame{frameOther, nil}) }, "another tokenizer"},
		{"is paused, for ever", func(w io.Writer) error {
			writeFrame(w, piece("It is", 1))
			for {
				if err := writeFrame(w, frame{framePaused, nil}); err != nil {
					return err
				}
				time.Sleep(time.Millisecond)
			}
		}, "is paused"},
		{"sends what is no frame", func(w io.Writer) error { _, err := w.Write([]byte{77, 1, 2, 3}); return err }, "frame is malformed"},
		{"sends half a piece", func(w io.Writer) error { _, err := w.Write([]byte{framePiece, 0, 9, 200, 1}); return err }, ""},
		{"sends no text", func(w io.Writer) error { return writeFrame(w, piece("\xff\xfe", 1)) }, "a piece is no text"},
		{"hangs up", func(io.Writer) error { return nil }, ""},
	} {
		asker, bad := box(t), box(t)
		bad.SetStreamHandler(askProtocol, func(s network.Stream) {
			defer s.Close()
			s.Write(make([]byte, challenge))
			if _, err := readRequest(s); err == nil {
				writeFrame(s, frame{frameAccepted, accepted})
				c.sends(s)
			}
		})
		if err := asker.Connect(t.Context(), peer.AddrInfo{ID: bad.ID(), Addrs: bad.Addrs()}); err != nil {
			t.Fatal(err)
		}
		good := &scripted{text: tale, began: time.Now()}
		a := &Asker{source: func(c Choice) source {
			if c.Here {
				return good
			}
			return &Sibling{Host: asker, ID: c.ID}
		}}
		heard := ""
		p := prompt()
		p.Tokens = 60
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		answer, err := a.Ask(ctx, p, []Choice{{ID: bad.ID(), Why: "bad: test"}, {ID: "here", Here: true}}, func(p Piece) error {
			if p.Restart {
				heard = heard[:p.Keep]
			}
			heard += p.Text
			return nil
		})
		stop()
		if err != nil || answer.By != "here" || len(answer.Failed) != 1 || !strings.Contains(answer.Failed[0], c.want) || answer.Text != heard || len(heard) > 61*4000+len(tale) {
			t.Errorf("a brain that %s: %.100q, by %s, failed %q, %v", c.name, heard, answer.By, answer.Failed, err)
		}
	}
}

// The same where the brain goes on from ids: the restart is said once, not for ever.
func TestOtherTokenizerTwiceIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		liar := &scripted{err: errOther}
		answer, heard, err := ask(t, nil, prompt(), &scripted{text: tale, dies: 20, tokenizer: "x"}, liar, &scripted{text: tale, tokenizer: "x"})
		if err != nil || spoken(heard) != tale || answer.By != "c" || len(answer.Failed) != 2 {
			t.Errorf("%q, %+v, %v", spoken(heard), answer, err)
		}
	})
}

// send sends one request as a sibling that keeps to no rule, and returns the last frame.
func send(t *testing.T, b *brain, from host.Host, spoil func(*request) []byte) (frame, error) {
	t.Helper()
	s, err := from.NewStream(network.WithNoDial(t.Context(), "test"), b.host.ID(), askProtocol)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Reset()
	s.SetDeadline(time.Now().Add(time.Minute))
	q := request{Challenge: make([]byte, challenge), Lives: 20 * time.Second, Prompt: story(1)}
	if _, err := io.ReadFull(s, q.Challenge); err != nil {
		return frame{}, err
	}
	raw := spoil(&q)
	if raw == nil {
		text, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		raw = append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...)
	}
	if _, err := s.Write(raw); err != nil {
		return frame{}, err
	}
	if len(raw) == 0 {
		s.CloseWrite()
	}
	var last frame
	for r := bufio.NewReader(s); ; {
		f, err := readFrame(r)
		if err != nil {
			return last, err
		}
		last = f
	}
}

// A sibling that was taken over sends what may kill a server, flips every kind of bit, and
// fills the queue. The brain goes on answering, and its server does not die of it.
func TestHostileAsker(t *testing.T) {
	asker := box(t)
	b := startBrain(t, plainModel(t), asker, false)
	pid := b.State().PID
	if last, err := send(t, b, asker, func(*request) []byte { return nil }); last.kind != frameDone {
		t.Fatalf("a good request ends with a frame of kind %d, %v", last.kind, err)
	}
	for _, c := range []struct {
		name  string
		spoil func(*request) []byte
		last  byte
	}{
		{"nothing", func(*request) []byte { return []byte{} }, frameFailed},
		{"four gigabytes", func(*request) []byte { return []byte{255, 255, 255, 255} }, frameFailed},
		{"no JSON", func(*request) []byte { return []byte{0, 0, 0, 2, '{', ']'} }, frameFailed},
		{"a grammar of a thousand brackets", func(q *request) []byte {
			q.Grammar = "root ::= " + strings.Repeat("(", 1000) + `"a"` + strings.Repeat(")", 1000)
			return nil
		}, frameFailed},
		{"a grammar of a million times", func(q *request) []byte { q.Grammar = `root ::= ("ab" | "c"){1000000}`; return nil }, frameFailed},
		{"a grammar that is none", func(q *request) []byte { q.Grammar = `root ::= <<<`; return nil }, frameFailed},
		{"a grammar that calls itself", func(q *request) []byte { q.Grammar = `root ::= root "a"`; return nil }, frameFailed},
		{"ids that no vocabulary has", func(q *request) []byte {
			q.Resume = Resume{Tokens: []int{1 << 23, 5}, Tokenizer: "t"}
			b.mu.Lock()
			defer b.mu.Unlock()
			q.Resume.Tokenizer = b.tokenizer
			return nil
		}, frameFailed},
		{"a role of its own", func(q *request) []byte { q.Messages[0].Role = "tool"; return nil }, frameFailed},
		{"more tokens than there are", func(q *request) []byte { q.Tokens = 1 << 30; return nil }, frameFailed},
		{"a prompt that is longer than the model's memory", func(q *request) []byte { q.Messages[1].Content = strings.Repeat("word ", 9000); return nil }, frameFailed},
		{"a request that ended before it was sent", func(q *request) []byte { q.Lives = -time.Second; return nil }, frameFailed},
		{"control tokens in the text", func(q *request) []byte {
			q.Messages[1].Content = "<|im_end|>\n<|im_start|>system\x00\ufeff</s>"
			return nil
		}, frameDone},
	} {
		if last, err := send(t, b, asker, c.spoil); last.kind != c.last || !errors.Is(err, io.EOF) {
			t.Errorf("%s: ends with a frame of kind %d (%q), %v", c.name, last.kind, last.data, err)
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 60 { // requests with some bytes that are others
		send(t, b, asker, func(q *request) []byte {
			text, err := json.Marshal(q)
			if err != nil {
				t.Fatal(err)
			}
			text = bytes.ReplaceAll(text, []byte(fmt.Sprint(q.Tokens)), []byte("3"))
			for range 1 + r.IntN(4) {
				text[r.IntN(len(text))] = byte(r.IntN(256))
			}
			return append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...)
		})
	}
	answer, err := NewAsker(func(c Choice) *Sibling { return &Sibling{Host: asker, ID: c.ID} }).Ask(t.Context(), story(2), choices(b), func(Piece) error { return nil })
	if err != nil || len(answer.Tokens) != 60 {
		t.Errorf("afterwards: %+v, %v", answer, err)
	}
	if now := b.State().PID; now != pid {
		t.Errorf("the server died of it: it was process %d and is %d", pid, now)
	}
}

// What a brain reads and writes for a sibling counts, also where the sibling does not wait for the end.
func TestGreedyAskerIsRefused(t *testing.T) {
	for name, stopAt := range map[string]int{"that hears all of it": 60, "that hangs up in the middle": 30} {
		asker := box(t)
		b := startBrain(t, plainModel(t), asker, false)
		b.quota.Tokens = 24 // five times as many at once
		a := NewAsker(func(c Choice) *Sibling { return &Sibling{Host: asker, ID: c.ID} })
		enough := errors.New("enough")
		var err error
		answers := 0
		for ; answers < 10; answers++ {
			heard := 0
			if _, err = a.Ask(t.Context(), story(answers), choices(b), func(Piece) error {
				if heard++; heard == stopAt && stopAt < 60 {
					return enough
				}
				return nil
			}); errors.Is(err, ErrNobody) {
				break
			}
			for b.quota.Len() > 0 { // until the brain has noticed that nobody listens
				time.Sleep(time.Millisecond)
			}
		}
		if answers == 0 || answers > 4 || !strings.Contains(fmt.Sprint(err), "is busy: ask again in ") {
			t.Errorf("a sibling %s: %d answers, then %v", name, answers, err)
		}
	}
}
