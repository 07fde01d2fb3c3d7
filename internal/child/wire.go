package child

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Version is the version of the wire; both ends must have the same.
const Version = 2

const (
	// MaxPayload is the longest payload of one frame.
	MaxPayload = 1 << 20
	// MaxData is the most bytes that one request can carry, over all its frames.
	MaxData = 32 << 20

	chunk      = 16 << 10 // of a request's bytes in one frame, so that control waits for little
	headerSize = 4 + 1 + 4 + 4
)

// Type says what a frame is.
type Type byte

// The types of frames. docs/wire.md says who sends which and when.
const (
	Hello  Type = 1  // both, first: version and name
	Ready  Type = 2  // child: loaded; payload: what it loaded, JSON
	Begin  Type = 3  // daemon: a request; payload: verb and head, JSON
	Data   Type = 4  // daemon: the next bytes of the request
	End    Type = 5  // daemon: the request is complete
	Cancel Type = 6  // daemon: the request is no longer wanted
	Reply  Type = 7  // child: the answer, JSON
	Fault  Type = 8  // child: why there is no answer, text; id 0: why it cannot start
	Ping   Type = 9  // daemon
	Pong   Type = 10 // child: the ping's sequence number
	Sound  Type = 11 // child, unasked: PCM that it hears
	Notice Type = 12 // child, unasked: what happened, JSON
)

// Frame is the unit of the wire.
type Frame struct {
	Type    Type
	ID      uint32 // of the request; 0 where there is none
	Seq     uint32 // counts the frames of a request from 0, and the pings
	Payload []byte // at most MaxPayload
}

// ErrWire is wrapped by every error about bytes that are no frame, or a frame
// that has no business where it came.
var ErrWire = errors.New("not the wire of cricket's children")

// AppendFrame appends f to buf in its form on the wire. It panics when the
// payload is over MaxPayload: whoever makes frames splits the bytes first.
func AppendFrame(buf []byte, f Frame) []byte {
	if len(f.Payload) > MaxPayload {
		panic(fmt.Sprintf("child: frame of %d bytes", len(f.Payload)))
	}
	buf = binary.BigEndian.AppendUint32(buf, uint32(headerSize-4+len(f.Payload)))
	buf = append(buf, byte(f.Type))
	buf = binary.BigEndian.AppendUint32(buf, f.ID)
	buf = binary.BigEndian.AppendUint32(buf, f.Seq)
	return append(buf, f.Payload...)
}

// ReadFrame reads one frame. The error is io.EOF when r ends between two
// frames, io.ErrUnexpectedEOF when it ends inside one, and wraps ErrWire when
// the bytes are no frame. It never allocates more than one frame can hold.
func ReadFrame(r io.Reader) (Frame, error) {
	var h [headerSize]byte
	if _, err := io.ReadFull(r, h[:4]); err != nil {
		return Frame{}, err
	}
	n := binary.BigEndian.Uint32(h[:4])
	if n < headerSize-4 || n > headerSize-4+MaxPayload {
		return Frame{}, fmt.Errorf("%w: frame of %d bytes", ErrWire, n)
	}
	if _, err := io.ReadFull(r, h[4:]); err != nil {
		return Frame{}, inside(err)
	}
	f := Frame{Type: Type(h[4]), ID: binary.BigEndian.Uint32(h[5:]), Seq: binary.BigEndian.Uint32(h[9:])}
	if f.Type < Hello || f.Type > Notice {
		return Frame{}, fmt.Errorf("%w: frame of type %d", ErrWire, f.Type)
	}
	if n -= headerSize - 4; n > 0 {
		f.Payload = make([]byte, n)
		if _, err := io.ReadFull(r, f.Payload); err != nil {
			return Frame{}, inside(err)
		}
	}
	return f, nil
}

func inside(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (t Type) String() string {
	names := [...]string{Hello: "hello", Ready: "ready", Begin: "begin", Data: "data", End: "end",
		Cancel: "cancel", Reply: "reply", Fault: "fault", Ping: "ping", Pong: "pong", Sound: "sound", Notice: "notice"}
	if t < Hello || t > Notice {
		return fmt.Sprintf("type %d", byte(t))
	}
	return names[t]
}
