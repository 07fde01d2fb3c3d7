package wyoming

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/cricket-home/cricket/voice"
)

// What a client may cost.
const (
	maxClients = 16
	maxIdle    = 5 * time.Minute // without an event
	writeWait  = 10 * time.Second
	chunkPCM   = 1024 // samples of an audio-chunk
	maxText    = 2000 // bytes that are spoken or handled
)

// Services are what the server serves. A nil function is a service that is not
// there: who asks for it is told so.
type Services struct {
	Info func() Info

	Transcribe func(ctx context.Context, u voice.Utterance, language string) (voice.Transcript, error)
	Synthesize func(ctx context.Context, text, voiceName, language string) (voice.Speech, error)
	Detector   func(names []string) (Detector, error)
	Recognize  func(ctx context.Context, text string) (Intent, bool)
	Handle     func(ctx context.Context, text string) (reply string, ok bool)
}

// Detector finds wake words in frames; voice/wake has it.
type Detector interface {
	Push(f voice.Frame) []voice.Wake
}

// Intent is what a text was recognised as.
type Intent struct {
	Name     string   `json:"name"`
	Entities []Entity `json:"entities"`
}

// Entity is a slot of an intent.
type Entity struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// Server answers the clients of a listener.
type Server struct {
	services Services
	log      *slog.Logger
}

// NewServer returns a server; Run serves.
func NewServer(s Services, log *slog.Logger) *Server { return &Server{s, log.With("part", "wyoming")} }

// Run serves the clients of l until ctx ends; it closes l.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	var clients sync.WaitGroup
	defer clients.Wait()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	places := make(chan struct{}, maxClients)
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("accept a Wyoming client: %w", err)
		}
		select {
		case places <- struct{}{}:
		default:
			c := &client{server: s, conn: conn, w: bufio.NewWriter(conn)}
			c.fail("busy", errors.New("too many clients"))
			conn.Close()
			continue
		}
		clients.Go(func() {
			defer func() { <-places }()
			s.serve(ctx, conn)
		})
	}
}

// serve answers one client until it goes.
func (s *Server) serve(ctx context.Context, conn net.Conn) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	c := &client{server: s, conn: conn, r: bufio.NewReader(conn), w: bufio.NewWriter(conn)}
	for {
		e, err := c.next()
		if err == nil {
			err = c.answer(ctx, e)
		}
		switch {
		case err == nil:
		case errors.Is(err, ErrProtocol):
			c.fail("protocol", err)
			return
		default:
			if !errors.Is(err, io.EOF) && ctx.Err() == nil {
				s.log.Debug("client goes", "err", err)
			}
			return
		}
	}
}

// client is one connection.
type client struct {
	server *Server
	conn   net.Conn
	r      *bufio.Reader
	w      *bufio.Writer

	pieces   strings.Builder // of a text that is synthesised as it comes
	piecing  bool
	voice    voiceWish
	language string   // of transcribe
	names    []string // of detect
	detects  bool     // the next sound is listened to for wake words
}

type voiceWish struct {
	Name     string `json:"name"`
	Language string `json:"language"`
}

func (c *client) next() (Event, error) {
	if err := c.conn.SetReadDeadline(time.Now().Add(maxIdle)); err != nil {
		return Event{}, err
	}
	return Read(c.r)
}

func (c *client) send(kind string, data any, payload []byte) error {
	e, err := NewEvent(kind, data, payload)
	if err != nil {
		return err
	}
	if err := c.conn.SetWriteDeadline(time.Now().Add(writeWait)); err != nil {
		return err
	}
	if err := Write(c.w, e); err != nil {
		return err
	}
	return c.w.Flush()
}

// fail answers with the protocol's error event.
func (c *client) fail(code string, err error) error {
	return c.send("error", map[string]string{"text": err.Error(), "code": code}, nil)
}

func (c *client) missing(what string) error {
	return c.fail("unavailable", fmt.Errorf("there is no %s here", what))
}

// answer answers one event; those that nobody knows are passed over, as the
// protocol has it.
func (c *client) answer(ctx context.Context, e Event) error {
	services := &c.server.services
	switch e.Type {
	case "describe":
		return c.send("info", services.Info(), nil)
	case "ping":
		var ping struct {
			Text *string `json:"text,omitempty"`
		}
		if err := e.read(&ping); err != nil {
			return err
		}
		return c.send("pong", ping, nil)
	case "transcribe":
		var ask struct {
			Language string `json:"language"`
		}
		err := e.read(&ask)
		c.language, c.detects = ask.Language, false
		return err
	case "detect":
		var ask struct {
			Names []string `json:"names"`
		}
		err := e.read(&ask)
		c.names, c.detects = ask.Names, true
		return err
	case "audio-start":
		var f format
		if err := e.read(&f); err != nil {
			return err
		}
		if err := f.check(); err != nil {
			return err
		}
		in := &chunks{next: c.next, format: f}
		if c.detects {
			return c.detect(in)
		}
		return c.transcribe(ctx, in)
	case "synthesize":
		var ask struct {
			Text  string    `json:"text"`
			Voice voiceWish `json:"voice"`
		}
		if err := e.read(&ask); err != nil || c.piecing { // the pieces were spoken already
			return err
		}
		return c.synthesize(ctx, ask.Text, ask.Voice)
	case "synthesize-start":
		var ask struct {
			Voice voiceWish `json:"voice"`
		}
		err := e.read(&ask)
		c.voice, c.piecing = ask.Voice, true
		c.pieces.Reset()
		return err
	case "synthesize-chunk":
		var piece struct {
			Text string `json:"text"`
		}
		if err := e.read(&piece); err != nil {
			return err
		}
		if c.pieces.WriteString(piece.Text); c.pieces.Len() > maxText {
			return fmt.Errorf("%w: a text of more than %d bytes", ErrProtocol, maxText)
		}
		return nil
	case "synthesize-stop":
		c.piecing = false
		if err := c.synthesize(ctx, c.pieces.String(), c.voice); err != nil {
			return err
		}
		return c.send("synthesize-stopped", nil, nil)
	case "recognize", "transcript":
		var said struct {
			Text string `json:"text"`
		}
		if err := e.read(&said); err != nil {
			return err
		}
		if len(said.Text) > maxText {
			return fmt.Errorf("%w: a text of more than %d bytes", ErrProtocol, maxText)
		}
		if e.Type == "recognize" {
			return c.recognize(ctx, said.Text)
		}
		return c.handle(ctx, said.Text)
	}
	return nil
}

func (c *client) transcribe(ctx context.Context, in *chunks) error {
	u := voice.Utterance{Mic: "wyoming"}
	if err := in.frames(func(f voice.Frame) (bool, error) {
		u.PCM = append(u.PCM, f.PCM...)
		return len(u.PCM) < longest, nil
	}); err != nil {
		return err
	}
	if c.server.services.Transcribe == nil {
		return c.missing("recogniser")
	}
	u.End = u.Duration()
	heard, err := c.server.services.Transcribe(ctx, u, c.language)
	if err != nil {
		return c.fail("recogniser", err)
	}
	text := heard.Text
	if heard.NotCommand {
		text = ""
	}
	return c.send("transcript", map[string]string{"text": text, "language": heard.Language}, nil)
}

func (c *client) detect(in *chunks) error {
	c.detects = false
	var d Detector
	if c.server.services.Detector != nil {
		var err error
		if d, err = c.server.services.Detector(c.names); err != nil {
			if err := in.frames(func(voice.Frame) (bool, error) { return false, nil }); err != nil {
				return err
			}
			return c.fail("wake", err)
		}
	}
	woke := false
	if err := in.frames(func(f voice.Frame) (bool, error) {
		if d == nil {
			return false, nil
		}
		for _, w := range d.Push(f) {
			woke = true
			if err := c.send("detection", map[string]any{"name": w.Word, "timestamp": w.End.Milliseconds()}, nil); err != nil {
				return false, err
			}
		}
		return true, nil
	}); err != nil {
		return err
	}
	switch {
	case d == nil:
		return c.missing("wake word")
	case !woke:
		return c.send("not-detected", nil, nil)
	}
	return nil
}

func (c *client) synthesize(ctx context.Context, text string, wish voiceWish) error {
	if c.server.services.Synthesize == nil {
		return c.missing("voice")
	}
	if text = strings.TrimSpace(text); len(text) > maxText {
		return fmt.Errorf("%w: a text of more than %d bytes", ErrProtocol, maxText)
	}
	speech := voice.Speech{Rate: 22050}
	if text != "" {
		var err error
		if speech, err = c.server.services.Synthesize(ctx, text, wish.Name, wish.Language); err != nil {
			return c.fail("voice", err)
		}
	}
	f := format{speech.Rate, 2, 1}
	if err := c.send("audio-start", f, nil); err != nil {
		return err
	}
	for at := 0; at < len(speech.PCM); at += chunkPCM {
		payload := make([]byte, 0, 2*chunkPCM)
		for _, s := range speech.PCM[at:min(at+chunkPCM, len(speech.PCM))] {
			payload = binary.LittleEndian.AppendUint16(payload, uint16(s))
		}
		if err := c.send("audio-chunk", struct {
			format
			Timestamp int `json:"timestamp"`
		}{f, milliseconds(at, speech.Rate)}, payload); err != nil {
			return err
		}
	}
	return c.send("audio-stop", map[string]int{"timestamp": milliseconds(len(speech.PCM), speech.Rate)}, nil)
}

func (c *client) recognize(ctx context.Context, text string) error {
	if c.server.services.Recognize == nil {
		return c.missing("intent recogniser")
	}
	if in, ok := c.server.services.Recognize(ctx, text); ok {
		return c.send("intent", in, nil)
	}
	return c.send("not-recognized", map[string]string{"text": text}, nil)
}

func (c *client) handle(ctx context.Context, text string) error {
	if c.server.services.Handle == nil {
		return c.missing("assistant")
	}
	reply, ok := c.server.services.Handle(ctx, text)
	if ok {
		return c.send("handled", map[string]string{"text": reply}, nil)
	}
	return c.send("not-handled", map[string]string{"text": reply}, nil)
}
