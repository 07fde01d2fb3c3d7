package intercom

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// Protocol is /cricket/intercom/1. Header and answer are four bytes of length, big-endian, and
// JSON; blocks of sound have 164 bytes each.
const Protocol = protocol.ID("/cricket/intercom/1")

const (
	maxHeader = 4 << 10
	maxText   = 1000             // bytes
	answerIn  = 3 * time.Second  // after the end of a message
	openIn    = 2 * time.Second  //
	blockIn   = 5 * time.Second  // for the next block
	turnIn    = time.Second      // for the message before
	longest   = 45 * time.Second // for all of it, however slow
)

// Message is what is to be heard.
type Message struct {
	Room  string  `json:"room,omitempty"` // area id of the room it is for; "": any
	Text  string  `json:"text,omitempty"`
	Sound bool    `json:"sound,omitempty"` // blocks follow
	PCM   []int16 `json:"-"`               // received
}

// answer is what becomes of it.
type answer struct {
	Heard bool   `json:"heard"`
	Why   string `json:"why,omitempty"` // not
}

// RefusedError is why a sibling does not let a message be heard.
type RefusedError struct{ Why string }

func (e *RefusedError) Error() string { return "it refuses: " + e.Why }

var errMessage = errors.New("message is malformed")

// Node sends messages to siblings and takes theirs. Its methods may be called from any
// goroutine.
type Node struct {
	host     host.Host
	siblings func() []peer.ID
	hear     func(from peer.ID, m Message) error
	log      *slog.Logger

	mu   sync.Mutex
	busy map[peer.ID]chan struct{} // has an element while a message of the sibling is taken
}

// NewNode returns a node on a host, which takes messages until the host closes. hear makes a
// message be heard, or says why not; with a Message of Sound it is first called without PCM, to
// ask whether it is wanted.
func NewNode(h host.Host, siblings func() []peer.ID, hear func(peer.ID, Message) error, log *slog.Logger) *Node {
	n := &Node{host: h, siblings: siblings, hear: hear, log: log, busy: map[peer.ID]chan struct{}{}}
	h.SetStreamHandler(Protocol, n.receive)
	return n
}

// Tell sends a message to a sibling and returns when it is heard, or why it is not. sound gives
// the next samples, up to Block, and io.EOF after the last; nil: there is only text.
func (n *Node) Tell(ctx context.Context, id peer.ID, m Message, sound func() ([]int16, error)) error {
	ctx, stop := context.WithTimeout(network.WithNoDial(ctx, "intercom"), longest)
	defer stop()
	opening, opened := context.WithTimeout(ctx, openIn)
	s, err := n.host.NewStream(opening, id, Protocol)
	opened()
	if err != nil {
		return fmt.Errorf("tell sibling: %w", err)
	}
	defer s.Reset()
	defer context.AfterFunc(ctx, func() { s.Reset() })()
	m.Sound = sound != nil
	if err := n.send(s, m, sound); err != nil {
		return fmt.Errorf("tell sibling: %w", err)
	}
	return nil
}

func (n *Node) send(s network.Stream, m Message, sound func() ([]int16, error)) error {
	s.SetWriteDeadline(time.Now().Add(blockIn))
	var a answer
	if err := writeFrame(s, m); err != nil {
		return err
	}
	if m.Sound {
		s.SetReadDeadline(time.Now().Add(answerIn))
		if err := readFrame(s, &a); err != nil {
			return err
		}
		if !a.Heard {
			return &RefusedError{a.Why}
		}
		var c coder
		for sent := 0; sent < MaxSound; sent += Block {
			pcm, err := sound()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			s.SetWriteDeadline(time.Now().Add(blockIn))
			if _, err := s.Write(c.encode(pcm)); err != nil {
				return err
			}
		}
	}
	if err := s.CloseWrite(); err != nil {
		return err
	}
	s.SetReadDeadline(time.Now().Add(answerIn))
	a = answer{}
	if err := readFrame(s, &a); err != nil {
		return err
	}
	if !a.Heard {
		return &RefusedError{a.Why}
	}
	return nil
}

// receive takes one message.
func (n *Node) receive(s network.Stream) {
	defer s.Reset()
	from := s.Conn().RemotePeer()
	if !slices.Contains(n.siblings(), from) {
		return
	}
	n.mu.Lock()
	if n.busy[from] == nil {
		n.busy[from] = make(chan struct{}, 1)
	}
	busy := n.busy[from]
	n.mu.Unlock()
	select {
	case busy <- struct{}{}:
	case <-time.After(turnIn): // its last one may have been broken off just now
		return
	}
	late := time.AfterFunc(longest, func() { s.Reset() })
	defer late.Stop()
	a, err := n.take(s, from)
	<-busy // before it knows that it may send the next
	if err == nil {
		s.SetWriteDeadline(time.Now().Add(blockIn))
		err = writeFrame(s, a)
	}
	if err != nil {
		n.log.Debug("message of a sibling is left out", "from", from.ShortString(), "err", err)
		return
	}
	s.CloseWrite()
	s.SetReadDeadline(time.Now().Add(answerIn))
	s.Read(make([]byte, 1)) // until the answer was read
}

// take reads a message and lets it be heard.
func (n *Node) take(s network.Stream, from peer.ID) (answer, error) {
	s.SetDeadline(time.Now().Add(blockIn))
	var m Message
	if err := readFrame(s, &m); err != nil {
		return answer{}, err
	}
	if len(m.Text) > maxText || len(m.Room) > 100 || m.Sound == (m.Text != "") {
		return answer{}, errMessage
	}
	if m.Sound {
		if err := n.hear(from, m); err != nil {
			return answer{Why: err.Error()}, nil
		}
		if err := writeFrame(s, answer{Heard: true}); err != nil {
			return answer{}, err
		}
		block := make([]byte, blockBytes)
		for {
			s.SetReadDeadline(time.Now().Add(blockIn))
			_, err := io.ReadFull(s, block)
			if errors.Is(err, io.EOF) {
				break
			}
			pcm, ok := decode(block)
			if err != nil || !ok || len(m.PCM)+len(pcm) > MaxSound {
				return answer{}, errors.Join(errMessage, err)
			}
			m.PCM = append(m.PCM, pcm...)
		}
		if len(m.PCM) == 0 {
			return answer{Why: "nothing was said"}, nil
		}
	}
	if !slices.Contains(n.siblings(), from) { // it was revoked meanwhile
		return answer{}, errMessage
	}
	if err := n.hear(from, m); err != nil {
		return answer{Why: err.Error()}, nil
	}
	return answer{Heard: true}, nil
}

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
	if n > maxHeader {
		return fmt.Errorf("%w: a header of %d bytes", errMessage, n)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}
