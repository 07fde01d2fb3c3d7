package child

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
)

// link writes the frames of one end. Control frames overtake bulk ones: at
// most one chunk is written before a control frame that was sent after it.
type link struct {
	control chan Frame
	bulk    chan Frame
	closed  chan struct{}
	once    sync.Once
}

var (
	errClosed  = errors.New("the child's wire is closed")
	errStopped = errors.New("no longer wanted")
)

func newLink() *link {
	return &link{control: make(chan Frame, 16), bulk: make(chan Frame), closed: make(chan struct{})}
}

func (l *link) close() { l.once.Do(func() { close(l.closed) }) }

// write writes frames to w until w fails, or the link is closed and the control
// frames sent before that are written.
func (l *link) write(w io.Writer) error {
	var buf []byte
	for {
		var f Frame
		select {
		case f = <-l.control:
		default:
			select {
			case f = <-l.control:
			case f = <-l.bulk:
			case <-l.closed:
				select {
				case f = <-l.control:
				default:
					return nil
				}
			}
		}
		buf = AppendFrame(buf[:0], f)
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
}

// send hands f to the writer. It fails when the link is closed, or when stop
// ends before the writer could take f.
func (l *link) send(stop <-chan struct{}, f Frame) error {
	to := l.control
	if f.Type == Begin || f.Type == Data || f.Type == End || f.Type == Sound || f.Type == Notice {
		to = l.bulk
	}
	select {
	case <-l.closed:
		return errClosed
	default:
	}
	select {
	case to <- f:
		return nil
	case <-l.closed:
		return errClosed
	case <-stop:
		return errStopped
	}
}

// hello is the first frame of each end.
func hello(name string) Frame {
	return Frame{Type: Hello, Payload: []byte("cricket " + strconv.Itoa(Version) + " " + name)}
}

// greeted checks the other end's first frame and returns its name.
func greeted(f Frame) (string, error) {
	words := strings.SplitN(string(f.Payload), " ", 3)
	if f.Type != Hello || len(words) != 3 || words[0] != "cricket" {
		return "", fmt.Errorf("%w: the first frame is no greeting", ErrWire)
	}
	if words[1] != strconv.Itoa(Version) {
		return "", fmt.Errorf("%w: it speaks version %s, not %d: build cricket and cricket-native together",
			ErrWire, words[1], Version)
	}
	return words[2], nil
}
