package hermes

import (
	"context"
	"time"
)

const (
	framesAhead = 50              // of a site that wait for its wake words; what comes then is not heard
	framesKept  = 100             // of a site, for what was said in one breath with a wake word
	bytesKept   = 512 << 10       // of the same
	againTime   = 3 * time.Second // in which a second wake word is the first one, heard by somebody else
	primedTime  = 5 * time.Second // in which a site that was called must begin to listen
)

// Waker hears wake words in the sound of one site. It may take long.
type Waker interface {
	// Push takes a WAV with the next piece of sound. ago is how long before the end of the piece
	// the word was over.
	Push(wav []byte) (word string, sensitivity float64, ago, length time.Duration, err error)
}

// piece is a piece of a site's sound.
type piece struct {
	number int
	wav    []byte
	asked  bool // it is part of a request, too: what is wrong with it is told there
}

// sound is what a site sends, all the time or while it is listened to.
type sound struct {
	frames chan piece // to its Waker
	count  int
	kept   []piece // the last ones
	bytes  int

	// primed is what was said since a wake word; it belongs to the request. nil: none was heard.
	primed []piece
	called time.Time
}

// keep notes a piece of sound.
func (s *sound) keep(wav []byte, asked bool) piece {
	s.count++
	p := piece{s.count, wav, asked}
	s.kept = append(s.kept, p)
	s.bytes += len(wav)
	for len(s.kept) > framesKept || s.bytes > bytesKept {
		s.bytes -= len(s.kept[0].wav)
		s.kept = s.kept[1:]
	}
	return p
}

// since is what was kept after a piece.
func (s *sound) since(number int) []piece {
	for i, p := range s.kept {
		if p.number > number {
			return append([]piece{}, s.kept[i:]...)
		}
	}
	return []piece{}
}

// listenFor lets a site's wake words be heard in what it sends.
func (h *Hermes) listenFor(ctx context.Context, site string, wav []byte) {
	s := h.sounds[site]
	if s == nil {
		s = &sound{frames: make(chan piece, framesAhead)}
		h.sounds[site] = s
		go h.hearWords(ctx, site, s.frames)
	}
	p := s.keep(wav, h.ears[site] != nil)
	if s.primed != nil {
		s.primed = append(s.primed, p)
		if len(s.primed) > framesKept || time.Since(s.called) > primedTime {
			s.primed = nil
		}
	}
	select {
	case s.frames <- p:
	default:
	}
}

// hearWords hears the wake words of one site until ctx ends.
func (h *Hermes) hearWords(ctx context.Context, site string, frames <-chan piece) {
	waker, err := h.o.NewWaker()
	if err != nil {
		h.post(func(ctx context.Context) { h.fault(ctx, "hotword", "audioFrame", incoming{Site: site}, err) })
		return
	}
	broken := false
	for {
		var p piece
		select {
		case <-ctx.Done():
			return
		case p = <-frames:
		}
		word, sensitivity, ago, length, err := waker.Push(p.wav)
		if err != nil && !broken && !p.asked { // told once: the next piece comes soon
			h.post(func(ctx context.Context) { h.fault(ctx, "hotword", "audioFrame", incoming{Site: site}, err) })
		}
		broken = err != nil
		if word == "" || length <= 0 {
			continue
		}
		before := p.number - int((ago+length-1)/length) // the pieces of a site are of one length
		h.post(func(ctx context.Context) { h.woken(ctx, site, word, sensitivity, before) })
	}
}

// woken tells that a wake word was heard in the sound of a satellite. That begins a session, by the
// same message as if the satellite had told it.
func (h *Hermes) woken(ctx context.Context, site, word string, sensitivity float64, before int) {
	if h.quiet.off(site) || h.sessions[site] != nil {
		return
	}
	s := h.sounds[site]
	s.primed, s.called = s.since(before), time.Now()
	h.publish(ctx, "hermes/hotword/"+level(word)+"/detected", map[string]any{"modelId": word, "modelVersion": "", "modelType": "universal",
		"currentSensitivity": sensitivity, "siteId": site})
}

// prime gives what was said in one breath with a wake word to the ear that hears the request.
func (h *Hermes) prime(ctx context.Context, site string) {
	s := h.sounds[site]
	if s == nil || s.primed == nil {
		return
	}
	said := s.primed
	s.primed = nil
	if time.Since(s.called) > primedTime {
		return
	}
	for _, p := range said {
		l := h.ears[site]
		if l == nil { // it was whole before the end
			return
		}
		whole, err := l.ear.Push(p.wav)
		if err == nil && whole && l.silence { // what is wrong with a piece was told by the Waker
			h.captured(ctx, site)
		}
	}
}
