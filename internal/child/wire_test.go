package child

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestFramesThatAreNone(t *testing.T) {
	whole := AppendFrame(nil, Frame{Type: Data, ID: 7, Seq: 2, Payload: []byte("pcm")})
	for _, test := range []struct {
		name  string
		bytes []byte
		want  error
	}{
		{"nothing", nil, io.EOF},
		{"half a length", whole[:2], io.ErrUnexpectedEOF},
		{"half a header", whole[:9], io.ErrUnexpectedEOF},
		{"half a payload", whole[:len(whole)-1], io.ErrUnexpectedEOF},
		{"text", []byte("INFO: hello\n"), ErrWire},
		{"too short", []byte{0, 0, 0, 8, 4, 0, 0, 0, 7, 0, 0, 0}, ErrWire},
		{"one byte too long", []byte{0, 0x10, 0, 10, 4, 0, 0, 0, 7, 0, 0, 0, 0}, ErrWire},
		{"type 0", []byte{0, 0, 0, 9, 0, 0, 0, 0, 7, 0, 0, 0, 0}, ErrWire},
		{"type 13", []byte{0, 0, 0, 9, 13, 0, 0, 0, 7, 0, 0, 0, 0}, ErrWire},
	} {
		if _, err := ReadFrame(bytes.NewReader(test.bytes)); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
	if f, err := ReadFrame(bytes.NewReader(whole)); err != nil || f.Type != Data || f.ID != 7 || f.Seq != 2 || string(f.Payload) != "pcm" {
		t.Errorf("got %+v, %v", f, err)
	}
}

// FuzzReadFrame: what is read as a frame is written as the same bytes.
func FuzzReadFrame(f *testing.F) {
	for _, frame := range []Frame{hello("test"), {Type: Ping, Seq: 3}, {Type: Data, ID: 1, Seq: 9, Payload: []byte("pcm")}} {
		f.Add(AppendFrame(nil, frame))
	}
	f.Add([]byte("INFO: hello\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		for {
			before := r.Len()
			frame, err := ReadFrame(r)
			if err != nil {
				return
			}
			if len(frame.Payload) > MaxPayload {
				t.Fatalf("payload of %d bytes", len(frame.Payload))
			}
			read := b[len(b)-before : len(b)-r.Len()]
			if again := AppendFrame(nil, frame); !bytes.Equal(again, read) {
				t.Fatalf("read %x, written %x", read, again)
			}
		}
	})
}

// FuzzServe: whatever a daemon sends, the child's end comes to an end and says
// nothing but frames; each request is answered at most once.
func FuzzServe(f *testing.F) {
	start := AppendFrame(nil, hello("daemon"))
	ask := AppendFrame(start, Frame{Type: Begin, ID: 1, Payload: []byte(`{"verb":"echo"}`)})
	ask = AppendFrame(ask, Frame{Type: Data, ID: 1, Seq: 1, Payload: []byte("pcm")})
	ask = AppendFrame(ask, Frame{Type: End, ID: 1, Seq: 2})
	f.Add(ask)
	f.Add(AppendFrame(ask, Frame{Type: Cancel, ID: 1}))
	f.Add(AppendFrame(start, Frame{Type: Ping, Seq: 1}))
	f.Add(AppendFrame(start, Frame{Type: Reply, ID: 1}))
	f.Fuzz(func(t *testing.T, b []byte) {
		said, w := io.Pipe()
		go func() {
			Serve(bytes.NewReader(b), w, "test", func() (Handlers, any, error) {
				return Handlers{"echo": verbs()["echo"]}, nil, nil
			})
			w.Close()
		}()
		answered := map[uint32]int{}
		for {
			frame, err := ReadFrame(said)
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return // goodbye may come in the middle of a frame
			}
			if err != nil {
				t.Fatal(err)
			}
			if frame.Type == Reply || frame.Type == Fault {
				if answered[frame.ID]++; answered[frame.ID] > 1 {
					t.Fatalf("request %d was answered twice", frame.ID)
				}
			}
		}
	})
}

// FuzzSession: whatever a child says, the daemon's end neither breaks nor hangs,
// and a call gets JSON or an error.
func FuzzSession(f *testing.F) {
	start := AppendFrame(AppendFrame(nil, hello("child")), Frame{Type: Ready, Payload: []byte("{}")})
	f.Add(AppendFrame(start, Frame{Type: Reply, ID: 1, Payload: []byte(`"yes"`)}))
	f.Add(AppendFrame(start, Frame{Type: Fault, ID: 1, Payload: []byte("no")}))
	f.Add(AppendFrame(AppendFrame(start, Frame{Type: Pong}), Frame{Type: Ready}))
	f.Add([]byte(strings.Repeat("INFO: hello\n", 9)))
	f.Fuzz(func(t *testing.T, b []byte) {
		in, toChild := io.Pipe()
		go io.Copy(io.Discard, in)
		gone := make(chan struct{})
		s := newSession(&process{in: toChild, out: io.NopCloser(&slowEnd{bytes.NewReader(b), gone}),
			kill: func() {}, wait: func() error { <-gone; return errors.New("it ended") }, stderr: &lines{}}, "daemon", func(of Type, payload []byte) {
			if of != Sound && of != Notice || of == Notice && !json.Valid(payload) {
				t.Errorf("%v %q came unasked", of, payload)
			}
		})
		reply, err := s.call(t.Context(), Request{Verb: "echo", Data: []byte("pcm")})
		if (err == nil) != json.Valid(reply) {
			t.Fatalf("reply %q, error %v", reply, err)
		}
		select {
		case <-gone:
		case <-time.After(20 * time.Second):
			t.Fatal("the session does not read to the end")
		case <-s.dead:
		}
		s.end(errors.New("the test is over"))
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.waiting) != 0 {
			t.Fatalf("%d calls wait for ever", len(s.waiting))
		}
	})
}

// slowEnd says when it has been read to its end.
type slowEnd struct {
	r    *bytes.Reader
	gone chan struct{}
}

func (s *slowEnd) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil {
		close(s.gone)
	}
	return n, err
}
