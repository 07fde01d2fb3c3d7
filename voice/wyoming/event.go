package wyoming

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// What an event may have at most, in bytes.
const (
	maxLine    = 64 << 10
	maxData    = 256 << 10
	maxPayload = 1 << 20
)

// ErrProtocol is wrapped by the error of a stream that is none of events.
var ErrProtocol = errors.New("not a Wyoming event")

// Event is one message.
type Event struct {
	Type    string
	Data    json.RawMessage // an object; nil: an empty one
	Payload []byte
}

// header is the line of an event.
type header struct {
	Type          string          `json:"type"`
	Version       string          `json:"version,omitempty"`
	Data          json.RawMessage `json:"data,omitempty"`
	DataLength    int64           `json:"data_length,omitempty"`
	PayloadLength int64           `json:"payload_length,omitempty"`
}

// version is that of the protocol as it was read.
const version = "1.10.2"

// NewEvent makes an event of a type; data is what json.Marshal makes an object of, or nil.
func NewEvent(kind string, data any, payload []byte) (Event, error) {
	e := Event{Type: kind, Payload: payload}
	if data != nil {
		var err error
		if e.Data, err = json.Marshal(data); err != nil {
			return e, fmt.Errorf("encode event %q: %w", kind, err)
		}
	}
	return e, nil
}

// Read reads the next event. At the end of the stream between two events the
// error is io.EOF; ErrProtocol is wrapped where the bytes are none of an event.
func Read(r *bufio.Reader) (Event, error) {
	line, err := readLine(r)
	if err != nil {
		return Event{}, err
	}
	var h header
	if err := json.Unmarshal(line, &h); err != nil {
		return Event{}, fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	if h.Type == "" {
		return Event{}, fmt.Errorf("%w: it has no type", ErrProtocol)
	}
	if h.DataLength < 0 || h.DataLength > maxData || h.PayloadLength < 0 || h.PayloadLength > maxPayload {
		return Event{}, fmt.Errorf("%w: %q with %d bytes of data and %d of payload", ErrProtocol, h.Type, h.DataLength, h.PayloadLength)
	}
	more := make([]byte, h.DataLength)
	payload := make([]byte, h.PayloadLength)
	for _, part := range [][]byte{more, payload} {
		if _, err := io.ReadFull(r, part); err != nil {
			return Event{}, fmt.Errorf("read event %q: %w", h.Type, unexpected(err))
		}
	}
	data, err := merged(h.Data, more)
	if err != nil {
		return Event{}, fmt.Errorf("%w: data of %q: %w", ErrProtocol, h.Type, err)
	}
	return Event{Type: h.Type, Data: data, Payload: payload}, nil
}

// readLine reads a line of at most maxLine bytes; empty ones are passed over.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			return nil, fmt.Errorf("%w: a line of more than %d bytes", ErrProtocol, maxLine)
		}
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) == 0:
			return nil, io.EOF
		case err != nil:
			return nil, fmt.Errorf("read event: %w", unexpected(err))
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return line, nil
		}
		line = line[:0]
	}
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// merged lays the fields of more over those of data.
func merged(data json.RawMessage, more []byte) (json.RawMessage, error) {
	if len(more) == 0 && (len(data) == 0 || string(data) == "null") {
		return nil, nil
	}
	fields := map[string]json.RawMessage{}
	for _, part := range [][]byte{data, more} {
		if len(part) == 0 {
			continue
		}
		if err := json.Unmarshal(part, &fields); err != nil {
			return nil, err
		}
	}
	return json.Marshal(fields)
}

// Write writes an event.
func Write(w io.Writer, e Event) error {
	line, err := json.Marshal(header{Type: e.Type, Version: version, DataLength: int64(len(e.Data)), PayloadLength: int64(len(e.Payload))})
	if err != nil {
		return fmt.Errorf("encode event %q: %w", e.Type, err)
	}
	line = append(append(append(line, '\n'), e.Data...), e.Payload...)
	if _, err := w.Write(line); err != nil {
		return fmt.Errorf("write event %q: %w", e.Type, err)
	}
	return nil
}

// read decodes the data of an event.
func (e Event) read(into any) error {
	if e.Data == nil {
		return nil
	}
	if err := json.Unmarshal(e.Data, into); err != nil {
		return fmt.Errorf("%w: data of %q: %w", ErrProtocol, e.Type, err)
	}
	return nil
}
