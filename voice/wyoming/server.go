package wyoming

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"

	"github.com/cricket-home/cricket/voice"
)

const (
	chunkPCM  = 1024     // samples of an audio-chunk
	maxText   = 2000     // bytes that are spoken, understood or handled
	maxStream = 16 << 10 // bytes that are spoken as they come
)

// Services are what the server serves. A nil function is a service that is not
// there: who asks for it is told so.
type Services struct {
	Info func() Info

	Transcribe func(ctx context.Context, u voice.Utterance, language string) (voice.Transcript, error)
	Synthesize func(ctx context.Context, text, voiceName, language string) (voice.Speech, error)
	Detector   func(names []string) (Detector, error)
	Recognize  func(ctx context.Context, text string) (intents []Intent, ok bool)
	Handle     func(ctx context.Context, s Said) (reply string, ok bool)

	// Speaks says what is wrong with a language in which a text is; nil: every language is right.
	Speaks func(language string) error
}

// Said is a text that an assistant is to carry out.
type Said struct {
	Text   string
	Device string // the id of the device that heard it, at whoever asks; "" where that is not told
}

// Detector finds wake words in frames; voice/wake has it.
type Detector interface {
	Push(f voice.Frame) []voice.Wake
}

// Intent is what a text was recognised as.
type Intent struct {
	Name     string   `json:"name"`
	Entities []Entity `json:"entities"`

	Context json.RawMessage `json:"context,omitempty"` // that of the question
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
func (s *Server) Run(ctx context.Context, l net.Listener) error { return s.port().run(ctx, l) }

func (s *Server) port() port { return port{maxClients, s.log, s.serve} }

// serve answers one client until an error.
func (s *Server) serve(ctx context.Context, conn *client) error {
	c := &talk{client: conn, services: &s.services}
	for {
		e, err := c.next()
		if err == nil {
			err = c.answer(ctx, e)
		}
		if err != nil {
			return err
		}
	}
}

// talk is a connection, and what was asked on it.
type talk struct {
	*client
	services *Services

	language string // of transcribe
	context  json.RawMessage
	names    []string // of detect
	detects  bool     // the next sound is listened to for wake words
	stream   *stream  // of a text that is spoken as it comes; nil: none is
}

func (c *talk) missing(what string) error {
	return c.refuse("unavailable", fmt.Errorf("there is no %s here", what))
}

// answer answers one event; those that nobody knows are passed over, as the
// protocol has it.
func (c *talk) answer(ctx context.Context, e Event) error {
	switch e.Type {
	case "describe":
		return c.send("info", c.services.Info(), nil)
	case "ping":
		return c.ping(e)
	case "transcribe":
		var ask struct {
			Language string          `json:"language"`
			Context  json.RawMessage `json:"context"`
		}
		err := e.read(&ask)
		c.language, c.context, c.detects = ask.Language, ask.Context, false
		return err
	case "detect":
		var ask struct {
			Names []string `json:"names"`
		}
		err := e.read(&ask)
		c.names, c.detects = ask.Names, true
		return err
	case "audio-start":
		in, err := newChunks(e, c.next)
		switch {
		case err != nil:
			return err
		case c.detects:
			return c.detect(in)
		}
		return c.transcribe(ctx, in)
	case "synthesize":
		var ask spoken
		if err := e.read(&ask); err != nil || c.stream != nil { // its pieces were spoken already
			return err
		}
		if err := ask.check(c); err != nil {
			return err
		}
		return c.synthesize(ctx, ask.Text, ask.Voice)
	case "synthesize-start", "synthesize-chunk", "synthesize-stop":
		return c.synthesizeStream(ctx, e)
	case "recognize", "transcript":
		var said said
		if err := e.read(&said); err != nil {
			return err
		}
		if len(said.Text) > maxText {
			return fmt.Errorf("%w: a text of more than %d bytes", ErrProtocol, maxText)
		}
		if e.Type == "recognize" {
			return c.recognize(ctx, said)
		}
		return c.handle(ctx, said)
	case "intent":
		return c.refuse("unavailable", errors.New("intents are not carried out here, what was said is: send it as a transcript"))
	case "select-program":
		return c.choose(e)
	}
	return nil
}

// said is a text and what goes with it from one request to the next.
type said struct {
	Text     string          `json:"text"`
	Language string          `json:"language"`
	Context  json.RawMessage `json:"context"` // whoever asks gets it back
}

// answer is the data of an answer in words.
type answer struct {
	Text    string          `json:"text"`
	Context json.RawMessage `json:"context,omitempty"`
}

// choose takes which of the programs that describe names a client wants. There is one of each kind,
// so there is nothing to choose.
func (c *talk) choose(e Event) error {
	var ask struct {
		Name string `json:"name"`
	}
	if err := e.read(&ask); err != nil {
		return err
	}
	if !c.services.Info().has(ask.Name) {
		return c.refuse("unavailable", fmt.Errorf("there is no program %q here", ask.Name))
	}
	return nil
}

// recognize answers with an intent, or with several between two events of their own.
func (c *talk) recognize(ctx context.Context, s said) error {
	if c.services.Recognize == nil {
		return c.missing("intent recogniser")
	}
	all, ok := c.services.Recognize(ctx, s.Text)
	if !ok || len(all) == 0 {
		return c.send("not-recognized", answer{s.Text, s.Context}, nil)
	}
	if len(all) > 1 {
		if err := c.send("intents-start", nil, nil); err != nil {
			return err
		}
	}
	for _, in := range all {
		in.Context = s.Context
		if err := c.send("intent", in, nil); err != nil {
			return err
		}
	}
	if len(all) > 1 {
		return c.send("intents-stop", nil, nil)
	}
	return nil
}

// handle has a text carried out. The reply is told sentence by sentence, and as a whole for those
// who do not listen to that.
func (c *talk) handle(ctx context.Context, s said) error {
	if c.services.Handle == nil {
		return c.missing("assistant")
	}
	if c.services.Speaks != nil {
		if err := c.services.Speaks(s.Language); err != nil {
			return c.refuse("language", err)
		}
	}
	if strings.TrimSpace(s.Text) == "" {
		return c.send("not-handled", answer{"", s.Context}, nil)
	}
	var from struct {
		Device string `json:"device_id"` // Home Assistant's
	}
	if json.Unmarshal(s.Context, &from) != nil {
		from.Device = "" // others put there what they like
	}
	reply, ok := c.services.Handle(ctx, Said{s.Text, from.Device})
	if !ok {
		return c.send("not-handled", answer{reply, s.Context}, nil)
	}
	if err := c.send("handled-start", answerStart{s.Context}, nil); err != nil {
		return err
	}
	for rest := reply; rest != ""; {
		sentence := rest
		_, next := voice.FirstSentence(rest, s.Language)
		if next != "" { // the blanks between two sentences stay
			sentence = rest[:strings.LastIndex(rest, next)]
		}
		if err := c.send("handled-chunk", map[string]string{"text": sentence}, nil); err != nil {
			return err
		}
		rest = next
	}
	if err := c.send("handled", answer{reply, s.Context}, nil); err != nil {
		return err
	}
	return c.send("handled-stop", nil, nil)
}

// answerStart is the data of an answer that comes in pieces.
type answerStart struct {
	Context json.RawMessage `json:"context,omitempty"`
}
