package pairing

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"sync"
	"time"
)

// What a window allows, whoever the tries come from: three guesses at a million codes.
const (
	Tries = 3
	Open  = 2 * time.Minute
)

// Why a window takes no more tries.
var (
	ErrClosed = errors.New("pair: two minutes have passed, and the code no longer counts")
	ErrTries  = errors.New("pair: three wrong codes were tried, and this one no longer counts")
	ErrUsed   = errors.New("pair: the code was used")
)

// Code is six digits.
type Code string

// LogValue keeps codes out of logs.
func (Code) LogValue() slog.Value { return slog.StringValue("******") }

// ReadCode reads a code as people type it, with spaces or a dash in it.
func ReadCode(text string) (Code, error) {
	text = strings.NewReplacer(" ", "", "-", "").Replace(text)
	if len(text) != 6 || strings.Trim(text, "0123456789") != "" {
		return "", errors.New("pair: a code has six digits")
	}
	return Code(text), nil
}

// Spaced is the code as it is best shown and spoken: two groups of three.
func (c Code) Spaced() string { return string(c[:3] + " " + c[3:]) }

// Window is the time in which one code can be used. It takes tries from any number of
// goroutines. The time is that of the caller's monotonic clock.
type Window struct {
	code Code
	end  time.Time

	mutex sync.Mutex
	tries int
	done  bool
}

// NewWindow opens a window with a new code.
func NewWindow(now time.Time) *Window {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return &Window{code: Code(fmt.Sprintf("%06d", n)), end: now.Add(Open)}
}

// Code is what to show to the owner.
func (w *Window) Code() Code { return w.code }

// End is when the window closes.
func (w *Window) End() time.Time { return w.end }

// Err says why the window is closed, or nil.
func (w *Window) Err(now time.Time) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.err(now)
}

func (w *Window) err(now time.Time) error {
	switch {
	case w.done:
		return ErrUsed
	case w.tries >= Tries:
		return ErrTries
	case !now.Before(w.end):
		return ErrClosed
	}
	return nil
}

// take counts a try and gives the code for it. It must come before anything is sent that
// a guess can be tested with, or tries at the same time would not be counted.
func (w *Window) take(now time.Time) (Code, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if err := w.err(now); err != nil {
		return "", err
	}
	w.tries++
	return w.code, nil
}

// use closes the window: one box was paired. The last try may succeed after two others
// began and failed.
func (w *Window) use(now time.Time) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.done {
		return ErrUsed
	}
	if !now.Before(w.end) {
		return ErrClosed
	}
	w.done = true
	return nil
}
