package route

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cricket-home/cricket/mesh/state"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	openWait  = 1500 * time.Millisecond // for a brain's first byte
	pauseWait = 2 * time.Second         // in the middle of an answer; then another box goes on
)

// BusyError says that a brain has too much to do for this box.
type BusyError struct{ After time.Duration }

func (e *BusyError) Error() string { return fmt.Sprintf("is busy: ask again in %v", e.After) }

var (
	errPaused  = errors.New("is paused: its own household talks to it")
	errTooMuch = errors.New("says more than it was asked for")
	errSilent  = errors.New("is suspected: nothing was heard of it")
)

// Sibling is another box as a source of answers.
type Sibling struct {
	Host host.Host
	ID   peer.ID
	Node *state.Node // who is there; what comes is told to it. nil: nobody says
}

// Complete asks the sibling.
func (s *Sibling) Complete(ctx context.Context, p Prompt, from Resume, each func(Piece) error) (Done, error) {
	ctx, stop := context.WithTimeout(ctx, MaxTime)
	defer stop()
	opening, opened := context.WithTimeout(network.WithNoDial(ctx, "ask"), openWait)
	stream, err := s.Host.NewStream(opening, s.ID, askProtocol)
	opened()
	if err != nil {
		return Done{}, fmt.Errorf("ask sibling: %w", err)
	}
	defer stream.Reset() // this is how the brain hears that nobody waits any more
	end := context.AfterFunc(ctx, func() { stream.Reset() })
	defer end()
	silent := make(chan struct{})
	if s.Node != nil {
		go s.watch(ctx, stream, silent)
	}
	done, err := s.converse(ctx, stream, p, from, each)
	select {
	case <-silent:
		if err != nil {
			err = errSilent
		}
	default:
	}
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		err = fmt.Errorf("ask sibling: %w", err)
	}
	return done, err
}

// watch breaks the stream off when the sibling is not alive any more.
func (s *Sibling) watch(ctx context.Context, stream network.Stream, silent chan struct{}) {
	for {
		changed := s.Node.Changed()
		if v := s.Node.Vital(s.ID); v != state.Alive && v != state.Unknown {
			close(silent)
			stream.Reset()
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

func (s *Sibling) converse(ctx context.Context, stream network.Stream, p Prompt, from Resume, each func(Piece) error) (Done, error) {
	q := request{Challenge: make([]byte, challenge), Lives: MaxTime, Prompt: p, Resume: from}
	if deadline, ok := ctx.Deadline(); ok {
		q.Lives = max(time.Millisecond, min(MaxTime, time.Until(deadline)))
	}
	stream.SetDeadline(time.Now().Add(openWait))
	if _, err := io.ReadFull(stream, q.Challenge); err != nil {
		return Done{}, err
	}
	if err := writeRequest(stream, q); err != nil {
		return Done{}, err
	}
	stream.SetDeadline(time.Time{})
	var accepted Accepted
	pieces, paused, sure := 0, false, 0.0
	for {
		f, err := readFrame(stream)
		if err != nil {
			if isTimeout(err) {
				return Done{}, errPaused
			}
			return Done{}, err
		}
		if s.Node != nil {
			s.Node.Heard(s.ID)
		}
		switch f.kind {
		case frameAccepted:
			if err := json.Unmarshal(f.data, &accepted); err != nil {
				return Done{}, fmt.Errorf("%w: %w", errFrame, err)
			}
		case framePiece:
			piece, err := f.piece()
			if err != nil {
				return Done{}, err
			}
			if pieces++; pieces > p.Tokens+1 || len(piece.Tokens) > p.Tokens {
				return Done{}, errTooMuch
			}
			piece.tokenizer, piece.Sure, sure = accepted.Tokenizer, sure, 0
			if err := each(piece); err != nil {
				return Done{}, err
			}
		case frameSure:
			if sure, err = f.sure(); err != nil {
				return Done{}, err
			}
		case framePaused:
			if pieces == 0 && len(from.Tokens) == 0 && from.Text == "" {
				return Done{}, errPaused
			}
			if !paused { // however often it is said
				stream.SetReadDeadline(time.Now().Add(pauseWait))
			}
			paused = true
		case frameResumed:
			paused = false
			stream.SetReadDeadline(time.Time{})
		case frameBusy:
			if len(f.data) != 4 {
				return Done{}, errFrame
			}
			return Done{}, &BusyError{time.Duration(min(binary.BigEndian.Uint32(f.data), 3600)) * time.Second}
		case frameOther:
			return Done{}, errOther
		case frameFailed:
			return Done{}, errors.New(cut(string(f.data)))
		case frameDone:
			var d Done
			if err := json.Unmarshal(f.data, &d); err != nil {
				return Done{}, fmt.Errorf("%w: %w", errFrame, err)
			}
			d.Sure = min(max(d.Sure, 0), 1)
			return d, nil
		}
	}
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
