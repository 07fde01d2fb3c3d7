package pairing

import (
	"crypto/hmac"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// The messages, all of a fixed length; the side that enters the code is the initiator.
//
//	enter -> show   version (1 byte), random (16)
//	show -> enter   version (1 byte), random (16); both randoms are the session id
//	enter -> show   Ya (32)
//	show -> enter   Yb (32); from here on the try counts
//	enter -> show   confirmation (64)
//	show -> enter   confirmation (64), only after the other's was right
const (
	version    = 1
	randomSize = 16
)

// channel is the channel identifier of the draft.
var channel = []byte("cricket mesh pairing 1")

var (
	// ErrCode says that the codes of the two sides differ, or that somebody is in the middle.
	ErrCode = errors.New("pair: the code is wrong, or somebody is between the boxes")
	errSelf = errors.New("pair: this is the same box")
)

// Show runs the side that shows the code of w, on a stream to the peer remote, as the
// encrypted connection proved it. Deadlines are the caller's.
func Show(s io.ReadWriter, w *Window, now func() time.Time, self, remote peer.ID) error {
	if self == remote {
		return errSelf
	}
	if err := w.Err(now()); err != nil {
		return err
	}
	theirs, err := readGreeting(s)
	if err != nil {
		return err
	}
	ours, err := writeGreeting(s)
	if err != nil {
		return err
	}
	shareA, err := read(s, shareSize)
	if err != nil {
		return err
	}
	code, err := w.take(now())
	if err != nil {
		return err
	}
	e, err := begin([]byte(code), channel, append(theirs, ours...), nil)
	if err != nil {
		return err
	}
	k, err := e.secret(shareA)
	if err != nil {
		return err
	}
	key := e.key(k, shareA, []byte(remote), e.share, []byte(self))
	if err := write(s, e.share); err != nil {
		return err
	}
	tag, err := read(s, tagSize)
	if err != nil {
		return err
	}
	if !hmac.Equal(tag, e.confirmation(key, shareA, []byte(remote))) {
		return ErrCode
	}
	if err := w.use(now()); err != nil {
		return err
	}
	return write(s, e.confirmation(key, e.share, []byte(self)))
}

// Enter runs the side into which the code was typed.
func Enter(s io.ReadWriter, code Code, self, remote peer.ID) error {
	if self == remote {
		return errSelf
	}
	ours, err := writeGreeting(s)
	if err != nil {
		return err
	}
	theirs, err := readGreeting(s)
	if err != nil {
		return err
	}
	e, err := begin([]byte(code), channel, append(ours, theirs...), nil)
	if err != nil {
		return err
	}
	if err := write(s, e.share); err != nil {
		return err
	}
	shareB, err := read(s, shareSize)
	if err != nil {
		return err
	}
	k, err := e.secret(shareB)
	if err != nil {
		return err
	}
	key := e.key(k, e.share, []byte(self), shareB, []byte(remote))
	if err := write(s, e.confirmation(key, e.share, []byte(self))); err != nil {
		return err
	}
	// The other side hangs up where the code was wrong.
	tag, err := read(s, tagSize)
	if err != nil {
		return errors.Join(ErrCode, err)
	}
	if !hmac.Equal(tag, e.confirmation(key, shareB, []byte(remote))) {
		return ErrCode
	}
	return nil
}

func writeGreeting(s io.Writer) (random []byte, err error) {
	g := make([]byte, 1+randomSize)
	g[0] = version
	rand.Read(g[1:]) // never fails
	return g[1:], write(s, g)
}

func readGreeting(s io.Reader) (random []byte, err error) {
	g, err := read(s, 1+randomSize)
	if err != nil {
		return nil, err
	}
	if g[0] != version {
		return nil, fmt.Errorf("pair: the other box speaks version %d of pairing, this one version %d: update the older one", g[0], version)
	}
	return g[1:], nil
}

func read(s io.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(s, b); err != nil {
		return nil, fmt.Errorf("pair: the other box hung up: %w", err)
	}
	return b, nil
}

func write(s io.Writer, b []byte) error {
	if _, err := s.Write(b); err != nil {
		return fmt.Errorf("pair: the other box hung up: %w", err)
	}
	return nil
}
