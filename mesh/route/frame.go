package route

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"
)

// Bounds of a request and of what comes back.
const (
	MaxRequest = 64 << 10 // bytes, as it is sent
	MaxTokens  = 1024     // of an answer
	MaxTime    = 2 * time.Minute
	maxPiece   = 4 << 10
	maxParts   = 32 // messages of a prompt
	challenge  = 16 // bytes
)

// Kinds of frames that a brain sends: a byte, the payload's length as two bytes
// big-endian, the payload.
const (
	frameAccepted = 1 // JSON: Accepted
	framePiece    = 2 // the number of token ids (one byte), each as four bytes, then text
	framePaused   = 3 // the brain's own household talks to it
	frameResumed  = 4
	frameBusy     = 5  // four bytes: seconds until it may be asked again
	frameDone     = 6  // JSON: Done
	frameFailed   = 7  // text: why
	frameWaiting  = 8  // two bytes: requests before this one
	frameOther    = 9  // the ids in Resume are not of this brain's tokenizer
	frameSure     = 10 // four bytes: Sure of the piece that follows, in millionths; only to those who ask for it
)

// Message is a part of a prompt.
type Message struct {
	Role    string `json:"role"` // "system", "user", "assistant"
	Content string `json:"content"`
}

// Prompt is what a model is asked.
type Prompt struct {
	Messages []Message `json:"messages"`
	Grammar  string    `json:"grammar,omitempty"` // GBNF; an answer under one is atomic, unless it is Spoken
	Tokens   int       `json:"tokens"`            // of the answer, at most
	Sure     bool      `json:"sure,omitempty"`    // each piece is to come with how sure the model is
	// Spoken says of the beginning of an answer under a grammar, and how sure the model is of
	// it, 0..1, that somebody hears it from now on: it is no action, and is resumed like an
	// answer under none, without the grammar. nil: no answer is.
	Spoken func(text string, sure float64) bool `json:"-"`
}

// Resume is what was heard of an answer already: ids where the tokenizer is the same, else
// text.
type Resume struct {
	Tokens    []int  `json:"ids,omitempty"`
	Tokenizer string `json:"tokenizer,omitempty"` // of the ids
	Text      string `json:"text,omitempty"`
}

// request is what an asker sends: its length as four bytes big-endian, JSON.
type request struct {
	Challenge []byte        `json:"challenge"` // the brain's, of this stream
	Lives     time.Duration `json:"lives"`     // after that nobody waits for it
	Prompt
	Resume Resume `json:"resume"`
}

// Accepted is what a brain says first.
type Accepted struct {
	Model     string `json:"model"`
	Tokenizer string `json:"tokenizer"`
}

// Done is what an answer has cost.
type Done struct {
	Cached  int     `json:"cached"` // tokens of the prompt that were warm
	Read    int     `json:"read"`
	Written int     `json:"written"`
	ReadMS  float64 `json:"read_ms"`
	WriteMS float64 `json:"write_ms"`
	Cut     bool    `json:"cut,omitempty"`  // at the most tokens allowed
	Sure    float64 `json:"sure,omitempty"` // under a grammar: geometric mean of the tokens' probabilities
}

var errFrame = errors.New("frame is malformed")

func (p Prompt) check() error {
	if len(p.Messages) == 0 || len(p.Messages) > maxParts {
		return fmt.Errorf("%w: %d messages", errFrame, len(p.Messages))
	}
	for _, m := range p.Messages {
		if m.Role != "system" && m.Role != "user" && m.Role != "assistant" {
			return fmt.Errorf("%w: role %.20q", errFrame, m.Role)
		}
	}
	if err := checkGrammar(p.Grammar); err != nil {
		return err
	}
	if p.Tokens < 1 || p.Tokens > MaxTokens {
		return fmt.Errorf("%w: %d tokens of an answer", errFrame, p.Tokens)
	}
	return nil
}

const (
	maxNested   = 32  // brackets of a grammar in each other: llama-server reads them by recursion
	maxRepeated = 512 // times that a grammar has something: it writes that out
)

// checkGrammar refuses what a server that reads the grammar may die of. What is in quotes is
// counted, too: our own grammars are far from both bounds.
func checkGrammar(g string) error {
	nested, number, repeats := 0, 0, false
	for _, c := range []byte(g) {
		switch {
		case c == '(' || c == '[':
			nested++
		case c == ')' || c == ']':
			nested = max(0, nested-1)
		case c == '{':
			number, repeats = 0, true
		case c == '}':
			repeats = false
		case c == ',':
			number = 0
		case repeats && c >= '0' && c <= '9':
			number = number*10 + int(c-'0')
		}
		if nested > maxNested || repeats && number > maxRepeated {
			return fmt.Errorf("%w: a grammar that is too deep or too long", errFrame)
		}
	}
	return nil
}

func writeRequest(w io.Writer, r request) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if len(text) > MaxRequest {
		return fmt.Errorf("request has %d bytes, and %d are allowed", len(text), MaxRequest)
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...))
	return err
}

func readRequest(r io.Reader) (request, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return request{}, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > MaxRequest {
		return request{}, fmt.Errorf("%w: request of %d bytes", errFrame, n)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return request{}, err
	}
	var q request
	in := json.NewDecoder(bytes.NewReader(text))
	if err := in.Decode(&q); err != nil {
		return request{}, fmt.Errorf("%w: %w", errFrame, err)
	}
	if err := q.check(); err != nil {
		return request{}, err
	}
	if q.Lives <= 0 || q.Lives > MaxTime || len(q.Challenge) != challenge {
		return request{}, fmt.Errorf("%w: it lives %v", errFrame, q.Lives)
	}
	if q.Grammar != "" && (len(q.Resume.Tokens) > 0 || q.Resume.Text != "") {
		return request{}, fmt.Errorf("%w: an answer under a grammar is not resumed", errFrame)
	}
	if len(q.Resume.Tokens) > MaxTokens || len(q.Resume.Tokens) > 0 && q.Resume.Tokenizer == "" {
		return request{}, fmt.Errorf("%w: what was heard", errFrame)
	}
	for _, id := range q.Resume.Tokens {
		if id < 0 || id > 1<<24 {
			return request{}, fmt.Errorf("%w: token %d", errFrame, id)
		}
	}
	return q, nil
}

// frame is what a brain sends.
type frame struct {
	kind byte
	data []byte
}

func writeFrame(w io.Writer, f frame) error {
	if len(f.data) > maxPiece {
		return fmt.Errorf("%w: %d bytes", errFrame, len(f.data))
	}
	_, err := w.Write(append(binary.BigEndian.AppendUint16([]byte{f.kind}, uint16(len(f.data))), f.data...))
	return err
}

func readFrame(r io.Reader) (frame, error) {
	var head [3]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	n := int(binary.BigEndian.Uint16(head[1:]))
	if head[0] < frameAccepted || head[0] > frameSure || n > maxPiece {
		return frame{}, fmt.Errorf("%w: kind %d of %d bytes", errFrame, head[0], n)
	}
	f := frame{head[0], make([]byte, n)}
	_, err := io.ReadFull(r, f.data)
	return f, err
}

func pieceFrame(p Piece) frame {
	f := frame{framePiece, []byte{byte(len(p.Tokens))}}
	for _, id := range p.Tokens {
		f.data = binary.BigEndian.AppendUint32(f.data, uint32(id))
	}
	f.data = append(f.data, p.Text...)
	return f
}

func sureFrame(sure float64) frame {
	return frame{frameSure, binary.BigEndian.AppendUint32(nil, uint32(1e6*min(max(sure, 0), 1)))}
}

func (f frame) sure() (float64, error) {
	if len(f.data) != 4 {
		return 0, fmt.Errorf("%w: %d bytes of how sure a model is", errFrame, len(f.data))
	}
	return float64(min(binary.BigEndian.Uint32(f.data), 1e6)) / 1e6, nil
}

func (f frame) piece() (Piece, error) {
	if len(f.data) < 1 || len(f.data) < 1+4*int(f.data[0]) {
		return Piece{}, fmt.Errorf("%w: a piece is cut off", errFrame)
	}
	n := int(f.data[0])
	var p Piece
	for i := range n {
		id := binary.BigEndian.Uint32(f.data[1+4*i:])
		if id > 1<<24 {
			return Piece{}, fmt.Errorf("%w: token %d", errFrame, id)
		}
		p.Tokens = append(p.Tokens, int(id))
	}
	p.Text = string(f.data[1+4*n:])
	if !utf8.ValidString(p.Text) {
		return Piece{}, fmt.Errorf("%w: a piece is no text", errFrame)
	}
	return p, nil
}
