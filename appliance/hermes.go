package appliance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cricket-home/cricket/home/permission"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/internal/trace"
	"github.com/cricket-home/cricket/mqtt"
	"github.com/cricket-home/cricket/mqtt/hermes"
	"github.com/cricket-home/cricket/voice"
)

const (
	framesInWAV = 3               // 60 ms in one message
	mostPlayed  = 3 * time.Minute // of a sound that a Hermes client sends

	longestPiece = 5 * time.Second // of a satellite's sound, in one message
)

func (h Hermes) validate(fault func(format string, args ...any)) {
	for _, id := range append(slices.Sorted(maps.Keys(h.Sites)), h.Site) {
		if id == "" || strings.ContainsAny(id, "/+#") {
			fault("'hermes.site' and the keys of 'hermes.sites' must be one level of a topic, not %q", id)
		}
	}
	if _, twice := h.Sites[h.Site]; twice {
		fault("'hermes.sites' must not have the box itself, %q", h.Site)
	}
}

// checkHermes is what the doctor says of the Rhasspy sites that the box serves.
func (b *Box) checkHermes() []Finding {
	c := b.config.Hermes
	if !c.Enabled {
		return nil
	}
	others := slices.Sorted(maps.Keys(c.Sites))
	f := Finding{Part: "hermes", OK: true, Text: fmt.Sprintf("the site %q, which is this box, is served", c.Site)}
	if len(others) > 0 {
		f.Text = fmt.Sprintf("the sites %q, which is this box, and %q are served", c.Site, others)
	}
	out := []Finding{f}
	for _, id := range others {
		if _, ok := b.house.Now().Home.Area(c.Sites[id]); !ok && c.Sites[id] != "" {
			out = append(out, Finding{Part: "config", Text: fmt.Sprintf("the room of the site %q in 'hermes.sites' is %q, and the home has no such room", id, c.Sites[id]), Hint: "cricket home show"})
		}
	}
	return out
}

// openHermes makes the box a base of Rhasspy's, where the owner wants that.
func (b *Box) openHermes() {
	c := b.config.Hermes
	if !c.Enabled {
		return
	}
	sites := map[string]hermes.Site{c.Site: {Room: b.config.Room, Own: true}}
	for id, room := range c.Sites {
		sites[id] = hermes.Site{Room: room}
	}
	b.hermes = hermes.New(hermes.Options{
		Sites: sites,
		Publish: func(ctx context.Context, m hermes.Message) error {
			return b.publish(ctx, mqtt.Message{Topic: m.Topic, Payload: m.Payload})
		},
		NewEar:     func() hermes.Ear { return &siteEar{box: b, endpointer: voice.NewEndpointer()} },
		NewWaker:   b.newSiteWaker,
		Speaks:     b.speaks,
		Voices:     b.hermesVoices,
		Words:      b.hermesWords,
		Understand: b.understandFor,
		Handle: func(ctx context.Context, text, room string) (string, bool) {
			r := b.Ask(ctx, text, Request{Room: room, Source: permission.Hermes})
			return r.Reply, r.asks || strings.HasSuffix(r.Reply, "?")
		},
		Synthesize: func(ctx context.Context, text string) ([]byte, error) {
			s, err := b.Say(ctx, text)
			if err != nil {
				return nil, err
			}
			var wav bytes.Buffer
			err = voice.WriteWAV(&wav, s.Rate, s.PCM)
			return wav.Bytes(), err
		},
		Play: func(ctx context.Context, wav []byte) error {
			s, err := voice.ReadSpeech(bytes.NewReader(wav), mostPlayed)
			if err != nil {
				return fmt.Errorf("play: %w", err)
			}
			return b.playUnasked(ctx, s)
		},
		Listen: func(ctx context.Context) error {
			if b.live == nil {
				return errDeaf
			}
			return b.live.call(ctx)
		},
		Sounds: func(on bool) { b.chimeless.Store(!on) },
		Log:    b.log,
	})
	if c.AudioFrames && b.live != nil {
		b.frames = make(chan voice.Frame, 50)
	}
}

// hearHermes takes a message of a Hermes client. What the broker has kept was for then.
func (b *Box) hearHermes(m mqtt.Message) {
	if !m.Retain {
		b.hermes.Receive(hermes.Message{Topic: m.Topic, Payload: m.Payload})
	}
}

// ofSkills says whether an intent is for skills: one of custom sentences, that the box
// does not know how to carry out.
func ofSkills(in intent.Intent) bool {
	return in.Refusal == "" && !strings.HasPrefix(in.Name, "Hass") && !strings.HasPrefix(in.Name, "Cricket")
}

// understandFor says what a text means that was said in a room.
func (b *Box) understandFor(text, room string) (hermes.Intent, bool) {
	now := b.house.Now()
	in := now.Resolver.Resolve(intent.Query{Text: text, Room: room, Now: b.clock.now().Wall, States: states(now.Home)})
	return hermesIntent(in.Name, in.Confidence, in.Slots), in.Refusal == ""
}

func hermesIntent(name string, confidence float64, slots map[string]any) hermes.Intent {
	out := hermes.Intent{Name: name, Confidence: confidence, Own: !ofSkills(intent.Intent{Name: name})}
	for _, slot := range slices.Sorted(maps.Keys(slots)) {
		out.Slots = append(out.Slots, hermes.Slot{Name: slot, Value: slots[slot]})
	}
	return out
}

// askSkill lets a skill answer an intent of custom sentences.
func (b *Box) askSkill(ctx context.Context, r Result, in intent.Intent, t *trace.Trace) Result {
	end := t.Begin("skill")
	sure := 1.0
	if r.TranscriptConfidence != nil {
		sure = *r.TranscriptConfidence
	}
	answer := b.hermes.Turn(ctx, saidIn(r), sure, hermesIntent(in.Name, in.Confidence, in.Slots))
	r.Actions, r.Reply, r.asks = []Action{}, answer.Text, answer.Asks
	if answer.Fault == nil {
		end("answered")
		return r
	}
	end("failed")
	r.Reply = b.house.Now().Home.NoAssistant()
	r.Fault = &Fault{Part: "skill for " + in.Name, Error: answer.Fault.Error(), Hint: "mosquitto_sub -v -t 'hermes/#'"}
	return r
}

// tellHermes tells of a request that the box itself has answered.
func (b *Box) tellHermes(r Result) {
	if b.hermes == nil || r.secret || r.Due != "" || r.Source == permission.Hermes || saidIn(r) == "" {
		return
	}
	if r.Intent != nil && !ofSkills(intent.Intent{Name: *r.Intent}) {
		b.hermes.Told(saidIn(r), r.Confidence, hermesIntent(*r.Intent, r.Confidence, r.Slots), true)
	} else if r.Intent == nil {
		b.hermes.Told(saidIn(r), r.Confidence, hermes.Intent{}, false)
	}
}

// siteEar hears one request at a satellite.
type siteEar struct {
	box        *Box
	endpointer *voice.Endpointer
	resampler  *voice.Resampler
	rate       int
	rest       []int16 // less than a frame
	heard      time.Duration
	request    *voice.Utterance
}

// Push takes the next piece of sound.
func (e *siteEar) Push(wav []byte) (whole bool, err error) {
	s, err := voice.ReadSpeech(bytes.NewReader(wav), longestPiece)
	if errors.Is(err, voice.ErrNoSound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read audio frame: %w", err)
	}
	if e.resampler == nil {
		e.resampler, e.rate = voice.NewResampler(s.Rate, voice.SampleRate), s.Rate
	}
	if s.Rate != e.rate {
		return false, fmt.Errorf("read audio frame: its rate changed from %d to %d Hz", e.rate, s.Rate)
	}
	e.rest = e.resampler.Push(e.rest, s.PCM)
	for len(e.rest) >= voice.FrameSamples && e.request == nil {
		u, ok := e.endpointer.Push(voice.Frame{Mic: "hermes", Time: e.heard, PCM: e.rest[:voice.FrameSamples]})
		e.rest, e.heard = e.rest[voice.FrameSamples:], e.heard+frameTime
		if ok {
			e.request = &u
		}
	}
	return e.request != nil, nil
}

// Transcribe recognises what was said; nothing is no fault.
func (e *siteEar) Transcribe(ctx context.Context) (text string, likelihood float64, length time.Duration, err error) {
	if e.request == nil {
		if u, ok := e.endpointer.Flush(); ok {
			e.request = &u
		}
	}
	if e.box.ears == nil {
		return "", 0, 0, errors.New("hear a request: this box has no recogniser")
	}
	if e.request == nil {
		return "", 0, 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, stale)
	defer cancel()
	heard, err := e.box.ears.Transcribe(ctx, *e.request)
	if heard.NotCommand {
		heard.Text = ""
	}
	return heard.Text, heard.Confidence, e.request.Duration(), err
}

// offerFrame gives a frame to those who may hear the microphone by MQTT. It does not wait.
func (b *Box) offerFrame(f voice.Frame) {
	if b.frames == nil {
		return
	}
	select {
	case b.frames <- f:
	default: // the broker is slow, or away
	}
}

// publishFrames publishes the microphone until ctx ends.
func (b *Box) publishFrames(ctx context.Context) error {
	topic := "hermes/audioServer/" + b.config.Hermes.Site + "/audioFrame"
	var pcm []int16
	for {
		select {
		case <-ctx.Done():
			return nil
		case f := <-b.frames:
			if pcm = append(pcm, f.PCM...); len(pcm) < framesInWAV*voice.FrameSamples {
				continue
			}
			var wav bytes.Buffer
			if err := voice.WriteWAV(&wav, voice.SampleRate, pcm); err != nil {
				return err
			}
			pcm = pcm[:0]
			if err := b.publish(ctx, mqtt.Message{Topic: topic, Payload: wav.Bytes()}); err != nil {
				b.log.Debug("sound not published", "topic", topic, "err", err)
			}
		}
	}
}
