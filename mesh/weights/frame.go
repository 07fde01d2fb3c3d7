package weights

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/libp2p/go-libp2p/core/protocol"
)

// Protocol carries questions, each answered before the next is read. A frame is four bytes
// of length, big-endian, and JSON; the leaves of a list and the bytes of a chunk come after
// the frame that says how many there are.
const Protocol = protocol.ID("/cricket/weights/1")

const maxFrame = 512 // bytes

// Kinds of questions.
const (
	askState = "state" // who has the file; the answer is in State
	askList  = "list"  // the leaves of its tree
	askChunk = "chunk" // one chunk

	askPrompt = "prompt" // which file has the prompt with a key
)

// States of a file on a box.
const (
	none     = ""         // neither there nor wanted
	wanting  = "wanting"  // it wants it too, and nobody fetches it yet
	fetching = "fetching" // it fetches it from outside
	whole    = "whole"    // it has it
)

// question is what is asked of a sibling.
type question struct {
	Ask   string `json:"ask"`
	File  string `json:"file"`            // SHA-256 in lower-case hex; with prompt: its key, in the same form
	Bid   bool   `json:"bid,omitempty"`   // with state: the asker wants to fetch it from outside
	Chunk int    `json:"chunk,omitempty"` // with chunk: from 0
}

func (q question) check() error {
	sum, err := hex.DecodeString(q.File)
	if err != nil || len(sum) != sha256.Size || hex.EncodeToString(sum) != q.File || q.Chunk < 0 {
		return errFrame
	}
	if q.Ask != askState && q.Ask != askList && q.Ask != askChunk && q.Ask != askPrompt {
		return errFrame
	}
	return nil
}

// answer comes before what is sent.
type answer struct {
	State string `json:"state,omitempty"`
	Done  int64  `json:"done,omitempty"`  // bytes that a box that fetches has
	Size  int64  `json:"size,omitempty"`  // of the file, with a list and a prompt
	Sum   string `json:"sum,omitempty"`   // of a prompt's file: SHA-256 in lower-case hex
	Bytes int    `json:"bytes,omitempty"` // that follow
	Later bool   `json:"later,omitempty"` // not now: its household talks to it, or it has enough to do
	Wait  bool   `json:"wait,omitempty"`  // the file is being hashed; another answer follows
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
