package hermes

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// How long each step of a session may last.
const (
	listenTime = 20 * time.Second // until somebody has said something
	hearTime   = 15 * time.Second // of a request whose end is not found
	skillTime  = 30 * time.Second // until a skill ends a session, or goes on with it
	playTime   = 30 * time.Second // until a satellite has played a sentence
	inboxSize  = 256              // messages that wait; what comes then is lost, and logged
	mostWork   = 16               // texts and sounds of others that are worked on at a time
)

// Ear hears one request of a site.
type Ear interface {
	// Push takes a WAV with the next piece of sound, and says whether the request is whole.
	Push(wav []byte) (whole bool, err error)
	// Transcribe recognises what there is.
	Transcribe(ctx context.Context) (text string, likelihood float64, length time.Duration, err error)
}

// Site is a place where people are heard and spoken to.
type Site struct {
	Room string // of the home
	Own  bool   // it is the box itself: its microphone, its loudspeaker
}

// Options say what Hermes is for, and what it is made of. All functions but Publish may take long.
type Options struct {
	Sites   map[string]Site // by siteId
	Publish func(ctx context.Context, m Message) error

	NewEar     func() Ear
	NewWaker   func() (Waker, error)
	Understand func(text, room string) (Intent, bool)
	Handle     func(ctx context.Context, text, room string) (reply string, asks bool) // an intent of the box's own
	Synthesize func(ctx context.Context, text string) (wav []byte, err error)
	Play       func(ctx context.Context, wav []byte) error // on the box itself
	Listen     func(ctx context.Context) error             // on the box itself; what is heard comes to Turn
	Sounds     func(on bool)                               // the box's own feedback sounds
	Speaks     func(language string) error                 // what is wrong with a language
	Voices     func() []Voice
	Words      func() []Word
	Log        *slog.Logger
}

// Hermes is the parts of a Rhasspy base.
type Hermes struct {
	o     Options
	own   string // the site of the box itself; "" where it is none
	inbox chan func(ctx context.Context)
	work  chan struct{} // has an element for each text or sound of others that is worked on

	// All below belong to the goroutine of Run.
	sessions map[string]*session   // that are on, by site
	waiting  map[string][]*session // by site
	ears     map[string]*listening // by site
	sounds   map[string]*sound     // of satellites, by site
	deaf     toggles               // sites whose recogniser is off
	quiet    toggles               // sites whose wake words are not heard
	mute     toggles               // sites that play nothing
	disabled map[string]bool       // intents, as "site intent"
	played   map[string]func()     // what is to be done when a sound was played, by its id
}

// New returns a Hermes; Run must be called.
func New(o Options) *Hermes {
	h := &Hermes{o: o, inbox: make(chan func(context.Context), inboxSize), work: make(chan struct{}, mostWork), sessions: map[string]*session{}, waiting: map[string][]*session{},
		ears: map[string]*listening{}, sounds: map[string]*sound{}, deaf: toggles{}, quiet: toggles{}, mute: toggles{}, disabled: map[string]bool{}, played: map[string]func(){}}
	for id, s := range o.Sites {
		if s.Own {
			h.own = id
		}
	}
	return h
}

// Run does what messages and the box itself say, until ctx ends.
func (h *Hermes) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case f := <-h.inbox:
			f(ctx)
		}
	}
}

// post leaves f for the goroutine of Run; false where it is lost.
func (h *Hermes) post(f func(ctx context.Context)) bool {
	select {
	case h.inbox <- f:
		return true
	default:
		h.o.Log.Warn("a Hermes message is lost, too many wait")
		return false
	}
}

// Receive takes a message of one of the Topics. It does not wait.
func (h *Hermes) Receive(m Message) {
	parts := strings.Split(m.Topic, "/")
	if len(parts) < 3 {
		return
	}
	if parts[0] == "hermes" && parts[1] == "audioServer" && len(parts) > 3 {
		h.receiveSound(m, parts)
		return
	}
	in, err := read(m)
	if err != nil {
		if parts[0] == "rhasspy" && parts[1] == "g2p" {
			h.post(func(ctx context.Context) {
				h.publish(ctx, "rhasspy/error/g2p", map[string]any{"error": err.Error(), "context": m.Topic, "siteId": in.Site})
			})
			return
		}
		part := map[string]string{"asr": "asr", "nlu": "nlu", "tts": "tts", "hotword": "hotword", "audioServer": "audioServer/play"}[parts[1]]
		if part == "" {
			part = "dialogueManager"
		}
		h.post(func(ctx context.Context) { h.fault(ctx, part, m.Topic, in, err) })
		return
	}
	train := parts[len(parts)-1] == "train" // has its site in the topic
	if _, ok := h.o.Sites[in.Site]; !ok && !train && !(parts[1] == "dialogueManager" && in.Session != "") {
		return // somebody else's
	}
	if parts[0] == "rhasspy" {
		h.post(func(ctx context.Context) { h.rhasspy(ctx, m.Topic, in) })
		return
	}
	h.post(func(ctx context.Context) {
		switch parts[1] {
		case "hotword":
			if parts[2] == "toggleOn" || parts[2] == "toggleOff" {
				h.quiet.set(in.Site, in.Reason, parts[2] == "toggleOn")
			} else {
				h.detected(ctx, in, parts[2])
			}
		case "audioServer":
			h.mute.set(in.Site, in.Reason, parts[2] == "toggleOn")
		case "asr":
			h.asr(ctx, parts[2], in)
		case "nlu":
			if parts[2] == "query" {
				h.understand(ctx, in, nil)
			}
		case "tts":
			if parts[2] == "say" {
				h.say(ctx, in)
			}
		case "dialogueManager":
			h.dialogue(ctx, parts[2], in)
		case "feedback":
			if parts[len(parts)-1] == "toggleOn" || parts[len(parts)-1] == "toggleOff" {
				if h.o.Sites[in.Site].Own && h.o.Sounds != nil {
					h.o.Sounds(parts[len(parts)-1] == "toggleOn")
				}
			}
		}
	})
}

// receiveSound takes what is not JSON, and what it is answered by.
func (h *Hermes) receiveSound(m Message, parts []string) {
	site := parts[2]
	s, ok := h.o.Sites[site]
	if !ok {
		return
	}
	switch {
	case parts[3] == "audioFrame":
		h.post(func(ctx context.Context) { h.frame(ctx, site, m.Payload) })
	case len(parts) == 5 && parts[4] == "audioSessionFrame":
		h.post(func(ctx context.Context) {
			if l := h.ears[site]; l != nil && l.session == parts[3] {
				h.hear(ctx, site, m.Payload)
			}
		})
	case parts[3] == "playFinished":
		in, err := read(m)
		if err != nil {
			h.post(func(ctx context.Context) { h.fault(ctx, "audioServer/play", m.Topic, incoming{Site: site}, err) })
		} else if in.ID != "" {
			h.post(func(context.Context) { h.finished(in.ID) })
		}
	case parts[3] == "playBytes" && s.Own && len(parts) == 5:
		h.post(func(ctx context.Context) { h.playOwn(ctx, site, parts[4], m) })
	}
}

// playOwn plays a sound of somebody else's on the box itself, and tells when that is over.
func (h *Hermes) playOwn(ctx context.Context, site, id string, m Message) {
	over := func(ctx context.Context, err error) {
		if err != nil {
			h.o.Log.Warn("sound of a Hermes client not played", "err", err)
			h.fault(ctx, "audioServer/play", m.Topic, incoming{Site: site, ID: id}, err)
		}
		h.publish(ctx, "hermes/audioServer/"+site+"/playFinished", map[string]any{"id": id, "siteId": site, "sessionId": ""})
	}
	switch {
	case len(id) > maxID:
		h.fault(ctx, "audioServer/play", "playBytes", incoming{Site: site}, fmt.Errorf("an id of %d bytes: %w", len(id), errLong))
	case h.mute.off(site):
		over(ctx, errMute)
	default:
		if !h.begins(func() {
			ctx, stop := context.WithTimeout(ctx, playTime)
			defer stop()
			over(ctx, h.o.Play(ctx, m.Payload))
		}) {
			over(ctx, errBusy)
		}
	}
}

var (
	errBusy = errors.New("too much else is being done")
	errMute = errors.New("the audio output of this site is toggled off")
)

// begins does work that somebody else wants and that takes long; false where there is too much of it.
func (h *Hermes) begins(f func()) bool {
	select {
	case h.work <- struct{}{}:
	default:
		return false
	}
	go func() {
		defer func() { <-h.work }()
		f()
	}()
	return true
}

// finished is when a sound was played.
func (h *Hermes) finished(id string) {
	if then := h.played[id]; then != nil {
		delete(h.played, id)
		then()
	}
}

// publish sends JSON.
func (h *Hermes) publish(ctx context.Context, topic string, fields map[string]any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(fields); err != nil {
		h.o.Log.Error("Hermes message not made", "topic", topic, "err", err)
		return
	}
	h.send(ctx, Message{topic, bytes.TrimSpace(b.Bytes())})
}

func (h *Hermes) send(ctx context.Context, m Message) {
	if err := h.o.Publish(ctx, m); err != nil && ctx.Err() == nil {
		h.o.Log.Warn("Hermes message not published", "topic", m.Topic, "err", err)
	}
}

// fault tells that something went wrong in a part.
func (h *Hermes) fault(ctx context.Context, part, context string, in incoming, err error) {
	h.publish(ctx, "hermes/error/"+part, map[string]any{"error": err.Error(), "context": context, "siteId": in.Site, "sessionId": in.Session})
}

// newID is a new id of a session, a query or a sound.
func newID() string { return strings.ToLower(rand.Text()) }

// listening is a site at which a request is heard.
type listening struct {
	ear     Ear
	session string
	silence bool // it ends the request
	end     *time.Timer
}

// asr takes what the recogniser is told.
func (h *Hermes) asr(ctx context.Context, verb string, in incoming) {
	switch verb {
	case "toggleOn", "toggleOff":
		h.deaf.set(in.Site, in.Reason, verb == "toggleOn")
	case "startListening":
		h.stopListening(in.Site)
		switch {
		case h.deaf.off(in.Site):
			h.refuse(ctx, verb, in, errors.New("the recogniser of this site is toggled off"))
			return
		case h.o.Speaks(in.Lang) != nil:
			h.refuse(ctx, verb, in, h.o.Speaks(in.Lang))
			return
		case h.o.Sites[in.Site].Own:
			go func() {
				if err := h.o.Listen(ctx); err != nil {
					h.post(func(ctx context.Context) { h.refuse(ctx, verb, in, err) })
				}
			}()
			return
		}
		l := &listening{ear: h.o.NewEar(), session: in.Session, silence: in.OnSilence == nil || *in.OnSilence}
		l.end = time.AfterFunc(hearTime, func() {
			h.post(func(ctx context.Context) {
				if h.ears[in.Site] == l {
					h.captured(ctx, in.Site)
				}
			})
		})
		h.ears[in.Site] = l
		h.prime(ctx, in.Site)
	case "stopListening":
		if l := h.ears[in.Site]; l != nil && (in.Session == "" || in.Session == l.session) {
			h.captured(ctx, in.Site)
		}
	case "textCaptured":
		h.heard(ctx, in)
	}
}

// refuse tells that nothing is heard, and ends the session that waits for it.
func (h *Hermes) refuse(ctx context.Context, verb string, in incoming, err error) {
	h.fault(ctx, "asr", verb, in, err)
	h.failed(ctx, in.Session, err)
}

func (h *Hermes) stopListening(site string) {
	if l := h.ears[site]; l != nil {
		l.end.Stop()
		delete(h.ears, site)
	}
}

// frame takes a piece of sound that a site sends.
func (h *Hermes) frame(ctx context.Context, site string, wav []byte) {
	if !h.o.Sites[site].Own && len(wav) <= maxFrame {
		h.listenFor(ctx, site, wav)
	}
	h.hear(ctx, site, wav)
}

// hear takes a piece of sound into the request that is heard at a site, if one is.
func (h *Hermes) hear(ctx context.Context, site string, wav []byte) {
	l := h.ears[site]
	if l == nil {
		return
	}
	whole, err := false, fmt.Errorf("an audio frame of %d bytes: %w", len(wav), errLong)
	if len(wav) <= maxFrame {
		whole, err = l.ear.Push(wav)
	}
	if err != nil {
		h.stopListening(site)
		h.refuse(ctx, "audioFrame", incoming{Site: site, Session: l.session}, err)
		return
	}
	if whole && l.silence {
		h.captured(ctx, site)
	}
}

// captured recognises what was said at a site.
func (h *Hermes) captured(ctx context.Context, site string) {
	l := h.ears[site]
	h.stopListening(site)
	go func() {
		began := time.Now()
		text, likelihood, _, err := l.ear.Transcribe(ctx)
		h.post(func(ctx context.Context) {
			if err != nil {
				h.fault(ctx, "asr", "startListening", incoming{Site: site, Session: l.session}, err)
				h.failed(ctx, l.session, err)
				return
			}
			h.publish(ctx, "hermes/asr/textCaptured", map[string]any{"text": text, "likelihood": likelihood, "seconds": time.Since(began).Seconds(),
				"siteId": site, "sessionId": l.session})
		})
	}()
}

// understand tells what a text means, and then calls then with it.
func (h *Hermes) understand(ctx context.Context, in incoming, then func(ctx context.Context, intent Intent, ok bool)) {
	room := h.o.Sites[in.Site].Room
	begin := func(f func()) bool { go f(); return true }
	if then == nil { // a query of somebody else's
		begin = h.begins
	}
	if !begin(func() {
		intent, ok := h.o.Understand(in.Input, room)
		h.post(func(ctx context.Context) {
			ok = ok && in.Filter.has(intent.Name) && !h.disabled[in.Site+" "+intent.Name]
			h.tellIntent(ctx, in, intent, ok)
			if then != nil {
				then(ctx, intent, ok)
			}
		})
	}) {
		h.fault(ctx, "nlu", "query", in, errBusy)
	}
}

// tellIntent publishes what a text means.
func (h *Hermes) tellIntent(ctx context.Context, in incoming, intent Intent, ok bool) {
	custom := in.Custom
	if s := h.sessions[in.Site]; s != nil && s.id == in.Session {
		custom = s.custom
	}
	fields := map[string]any{"input": in.Input, "siteId": in.Site, "sessionId": in.Session, "id": in.ID, "customData": custom}
	if !ok {
		h.publish(ctx, "hermes/nlu/intentNotRecognized", fields)
		return
	}
	fields["rawInput"], fields["asrTokens"], fields["asrConfidence"] = in.Input, []any{}, in.Sure
	fields["intent"] = map[string]any{"intentName": intent.Name, "confidenceScore": intent.Confidence}
	fields["slots"] = intent.slots()
	h.publish(ctx, "hermes/intent/"+level(intent.Name), fields)
}

// say speaks a text at a site.
func (h *Hermes) say(ctx context.Context, in incoming) {
	site := h.o.Sites[in.Site]
	if in.ID == "" {
		in.ID = newID()
	}
	over := func(ctx context.Context, err error) {
		if err != nil {
			h.o.Log.Warn("text of a Hermes client not spoken", "err", err)
			h.fault(ctx, "tts", "say", in, fmt.Errorf("speak: %w", err))
			h.post(func(context.Context) { h.finished(in.ID) })
		}
		h.publish(ctx, "hermes/tts/sayFinished", map[string]any{"id": in.ID, "siteId": in.Site, "sessionId": in.Session})
	}
	if err := h.o.Speaks(in.Lang); err != nil {
		over(ctx, err)
		return
	}
	if site.Own && h.mute.off(in.Site) {
		over(ctx, errMute)
		return
	}
	if !h.begins(func() {
		wav, err := h.o.Synthesize(ctx, in.Text)
		if err == nil && !site.Own {
			h.send(ctx, Message{"hermes/audioServer/" + in.Site + "/playBytes/" + level(in.ID), wav})
		}
		if err == nil && site.Own {
			if err = h.o.Play(ctx, wav); err == nil {
				h.publish(ctx, "hermes/audioServer/"+in.Site+"/playFinished", map[string]any{"id": in.ID, "siteId": in.Site, "sessionId": in.Session})
			}
		}
		over(ctx, err)
	}) {
		over(ctx, errBusy)
	}
}
