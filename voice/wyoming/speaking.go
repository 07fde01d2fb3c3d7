package wyoming

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/cricket-home/cricket/voice"
)

// voiceWish is what voice a client wants.
type voiceWish struct {
	Name     string `json:"name"`
	Language string `json:"language"`
}

// stream is a text that is spoken as it comes, and the sound of an answer.
type stream struct {
	voice voiceWish
	text  string // that is not spoken yet
	bytes int    // of all of it

	rate int // of the sound that was begun; 0: none was
	at   int // samples of it that were sent
}

// spoken is what a client wants to be spoken: all of it, or, of a text that comes in pieces, how.
type spoken struct {
	Text   string    `json:"text"`
	Voice  voiceWish `json:"voice"`
	Format string    `json:"text_format"` // "" or "text": as it is
}

// check refuses a format whose marks would be read aloud.
func (s spoken) check(c *talk) error {
	if s.Format != "" && s.Format != "text" {
		return c.refuse("text-format", fmt.Errorf("text of the format %q is not spoken here, only \"text\"", s.Format))
	}
	return nil
}

func (c *talk) synthesize(ctx context.Context, text string, wish voiceWish) error {
	if text = strings.TrimSpace(text); len(text) > maxText {
		return fmt.Errorf("%w: a text of more than %d bytes", ErrProtocol, maxText)
	}
	s := &stream{voice: wish}
	if err := c.speak(ctx, s, text); err != nil {
		return err
	}
	return c.endSound(s)
}

// synthesizeStream takes an event of a text that comes in pieces. A sentence is
// spoken as soon as it is whole.
func (c *talk) synthesizeStream(ctx context.Context, e Event) error {
	if e.Type == "synthesize-start" {
		var ask spoken
		if err := e.read(&ask); err != nil {
			return err
		}
		c.stream = &stream{voice: ask.Voice}
		return ask.check(c)
	}
	s := c.stream
	if s == nil {
		return fmt.Errorf("%w: %q without synthesize-start", ErrProtocol, e.Type)
	}
	if e.Type == "synthesize-stop" {
		c.stream = nil
		if text := strings.TrimSpace(s.text); text != "" || s.bytes == 0 {
			if err := c.speak(ctx, s, text); err != nil {
				return err
			}
		}
		if s.rate != 0 {
			if err := c.endSound(s); err != nil {
				return err
			}
		}
		return c.send("synthesize-stopped", nil, nil)
	}
	var piece struct {
		Text string `json:"text"`
	}
	if err := e.read(&piece); err != nil {
		return err
	}
	if s.bytes += len(piece.Text); s.bytes > maxStream {
		return fmt.Errorf("%w: a text of more than %d bytes", ErrProtocol, maxStream)
	}
	s.text += piece.Text
	for {
		sentence, rest := voice.FirstSentence(s.text, s.voice.Language)
		if rest == "" {
			return nil
		}
		// What is cut off is not rest: blanks at its end belong between two pieces.
		s.text = s.text[strings.LastIndex(s.text, rest):]
		if err := c.speak(ctx, s, sentence); err != nil {
			return err
		}
	}
}

// speak sends the sound of a text after what was sent already.
func (c *talk) speak(ctx context.Context, s *stream, text string) error {
	if c.services.Synthesize == nil {
		return c.missing("voice")
	}
	speech := voice.Speech{Rate: 22050}
	if s.rate != 0 {
		speech.Rate = s.rate
	}
	if voice.Plain(text) != "" {
		var err error
		if speech, err = c.services.Synthesize(ctx, text, s.voice.Name, s.voice.Language); err != nil {
			return c.refuse("voice", err)
		}
	}
	if s.rate != 0 && s.rate != speech.Rate { // another voice had to go on
		if err := c.endSound(s); err != nil {
			return err
		}
	}
	if s.rate == 0 {
		s.rate, s.at = speech.Rate, 0
		if err := c.send("audio-start", mono(speech.Rate), nil); err != nil {
			return err
		}
	}
	if err := c.sendSound(speech, s.at); err != nil {
		return err
	}
	s.at += len(speech.PCM)
	return nil
}

// endSound ends the sound that was begun.
func (c *talk) endSound(s *stream) error {
	err := c.send("audio-stop", map[string]int{"timestamp": milliseconds(s.at, s.rate)}, nil)
	s.rate = 0
	return err
}

// sendSound sends speech as chunks, of which the first is so many samples after the beginning.
func (c *client) sendSound(speech voice.Speech, from int) error {
	for at := 0; at < len(speech.PCM); at += chunkPCM {
		payload := bytesOf(speech.PCM[at:min(at+chunkPCM, len(speech.PCM))])
		if err := c.send("audio-chunk", chunkHeader{mono(speech.Rate), milliseconds(from+at, speech.Rate)}, payload); err != nil {
			return err
		}
	}
	return nil
}

// chunkHeader is the data of an audio-chunk.
type chunkHeader struct {
	Format
	Timestamp int `json:"timestamp"` // milliseconds
}

// bytesOf is PCM as it is sent.
func bytesOf(pcm []int16) []byte {
	out := make([]byte, 0, 2*len(pcm))
	for _, s := range pcm {
		out = binary.LittleEndian.AppendUint16(out, uint16(s))
	}
	return out
}

// milliseconds of so many samples at a rate.
func milliseconds(samples, rate int) int {
	return int(math.Round(1000 * float64(samples) / float64(rate)))
}
