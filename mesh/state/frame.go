package state

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// Kinds of frames on a box's one-way stream to a sibling: a byte, the payload's length as
// two bytes big-endian, the payload.
const (
	beat    = 1 // nothing: I am here
	record  = 2 // a signed record, of anybody
	goodbye = 3 // nothing: I go by my own will
	ask     = 4 // a peer id: do you hear it?
	vouch   = 5 // milliseconds as four bytes, a peer id: I heard it that long ago
	digest  = 6 // of each record known its version as eight bytes, a peer id after its length
)

const (
	maxPeerID = 64
	maxDigest = 64 * (8 + 1 + maxPeerID)
)

var errFrame = errors.New("frame is malformed")

type frame struct {
	kind byte
	data []byte
}

func writeFrame(w io.Writer, f frame) error {
	head := binary.BigEndian.AppendUint16([]byte{f.kind}, uint16(len(f.data)))
	_, err := w.Write(append(head, f.data...))
	return err
}

// readFrame reads a frame that is of a known kind and of a length that its kind can have.
func readFrame(r *bufio.Reader) (frame, error) {
	var head [3]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	n := int(binary.BigEndian.Uint16(head[1:]))
	least, most := 0, 0
	switch head[0] {
	case beat, goodbye:
	case record:
		least, most = 1, MaxRecord
	case ask:
		least, most = 1, maxPeerID
	case vouch:
		least, most = 5, 4+maxPeerID
	case digest:
		most = maxDigest
	default:
		return frame{}, fmt.Errorf("%w: of kind %d", errFrame, head[0])
	}
	if n < least || n > most {
		return frame{}, fmt.Errorf("%w: kind %d has %d bytes", errFrame, head[0], n)
	}
	data := make([]byte, n)
	if _, err := io.ReadFull(r, data); err != nil {
		return frame{}, err
	}
	return frame{head[0], data}, nil
}

func vouched(id peer.ID, ago time.Duration) frame {
	return frame{vouch, append(binary.BigEndian.AppendUint32(nil, uint32(ago.Milliseconds())), id...)}
}

func (f frame) vouched() (peer.ID, time.Duration) {
	return peer.ID(f.data[4:]), time.Duration(binary.BigEndian.Uint32(f.data)) * time.Millisecond
}

func known(versions map[peer.ID]uint64) frame {
	f := frame{kind: digest}
	for id, v := range versions {
		if len(f.data)+8+1+len(id) > maxDigest {
			break
		}
		f.data = append(binary.BigEndian.AppendUint64(f.data, v), byte(len(id)))
		f.data = append(f.data, id...)
	}
	return f
}

func (f frame) known() (map[peer.ID]uint64, error) {
	versions := map[peer.ID]uint64{}
	for data := f.data; len(data) > 0; {
		if len(data) < 9 || data[8] == 0 || data[8] > maxPeerID || len(data) < 9+int(data[8]) {
			return nil, fmt.Errorf("%w: a digest is cut off", errFrame)
		}
		n := 9 + int(data[8])
		versions[peer.ID(data[9:n])] = binary.BigEndian.Uint64(data)
		data = data[n:]
	}
	return versions, nil
}
