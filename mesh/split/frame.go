package split

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/libp2p/go-libp2p/core/protocol"
)

// Protocol carries questions, each answered before the next is read. A frame is four bytes of
// length, big-endian, and JSON. After the answer to a tunnel the stream carries what the engine
// says.
const Protocol = protocol.ID("/cricket/split/1")

const maxFrame = 1 << 10 // bytes

// Kinds of questions.
const (
	askLook   = "look"   // how much is lent, and for which build
	askBeat   = "beat"   // nothing: whether the other box is there
	askBorrow = "borrow" // memory, for as long as this stream is open and beats
	askTunnel = "tunnel" // to the engine that was borrowed
)

type question struct {
	Ask   string `json:"ask"`
	Build string `json:"build,omitempty"` // with borrow: of the engine that asks
	Bytes int64  `json:"bytes,omitempty"` // with borrow: memory
}

type answer struct {
	No    string `json:"no,omitempty"`    // why not; nothing else counts then
	Build string `json:"build,omitempty"` // with look
	Lends int64  `json:"lends,omitempty"` // with look: bytes of memory
}

var errFrame = errors.New("frame is malformed")

func writeFrame(w io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...))
	return err
}

func readFrame(r io.Reader, v any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return fmt.Errorf("%w: it has %d bytes", errFrame, n)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%w: %w", errFrame, err)
	}
	return nil
}

// ask asks one question on a stream.
func ask(s io.ReadWriter, q question) (answer, error) {
	if err := writeFrame(s, q); err != nil {
		return answer{}, err
	}
	var a answer
	err := readFrame(s, &a)
	if err == nil && a.No != "" {
		err = &Refusal{printable(a.No)}
	}
	return a, err
}

// printable is what a sibling says, as one line of bounded length.
func printable(s string) string {
	out := []rune{}
	for _, r := range s {
		if r >= ' ' && r != 0x7f && len(out) < 200 {
			out = append(out, r)
		}
	}
	return string(out)
}

// Refusal is why a model is not split; nothing is broken.
type Refusal struct{ Why string }

func (r *Refusal) Error() string { return r.Why }
