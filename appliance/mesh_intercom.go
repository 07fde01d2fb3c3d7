package appliance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/mesh/intercom"
	"github.com/cricket-home/cricket/mesh/state"
	"github.com/cricket-home/cricket/voice"
)

// twiceTold is how long the same announcement is spoken once only: it may come from a box by the
// broker and by the mesh.
const twiceTold = 10 * time.Second

// repeats remembers announcements, and by which way they came.
type repeats struct {
	mu   sync.Mutex
	last map[string]way
}

type way struct {
	mesh bool
	at   time.Time
}

// by says whether a text that came by the mesh, or else by the broker, is to be spoken: it did not
// come the other way just now.
func (r *repeats) by(mesh bool, text string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil {
		r.last = map[string]way{}
	}
	for t, w := range r.last {
		if now.Sub(w.at) > twiceTold {
			delete(r.last, t)
		}
	}
	if w, again := r.last[text]; again && w.mesh != mesh {
		return false
	}
	r.last[text] = way{mesh, now}
	return true
}

// hearSibling lets a sibling's message be heard here, or says why not.
func (b *Box) hearSibling(from peer.ID, m intercom.Message) error {
	if err := b.silent(); err != nil {
		return err
	}
	switch _, quiet := b.config.Quiet.holds(b.clock.now()); {
	case m.Room != "" && m.Room != b.roomID(Request{}):
		return errors.New("it is in another room")
	case m.Sound && quiet:
		return errors.New("it is not to disturb anybody now")
	case m.Sound && m.PCM == nil: // it is only asked
		return nil
	case m.Sound:
		b.log.Info("heard on the intercom", "from", b.siblingName(from))
		b.speech.Relay(voice.Speech{Rate: intercom.Rate, PCM: m.PCM})
		return nil
	}
	text := voice.Plain(m.Text)
	if text == "" {
		return errors.New("there are no words in it")
	}
	if b.repeats.by(true, m.Text, time.Now()) {
		b.speech.Tell(text, true)
	}
	return nil
}

// Relay plays what somebody said into another box, after a gong.
func (m *Mouth) Relay(s voice.Speech) {
	m.put(&saying{before: append(gong(), atSoundRate(s)...), volume: ownVolume})
}

// tellSiblings lets the siblings of a room say a text, or with "" all, and says how many do.
func (b *Box) tellSiblings(ctx context.Context, text, room string) int {
	node := b.intercom.Load()
	if node == nil {
		return 0
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	heard := 0
	for _, id := range b.siblings.mesh.Siblings() {
		if n := b.heavy.node.Load(); n == nil || n.Vital(id) != state.Alive {
			continue
		}
		group.Go(func() {
			if err := node.Tell(ctx, id, intercom.Message{Text: text, Room: room}, nil); err != nil {
				b.log.Debug("an announcement is not spoken", "box", b.siblingName(id), "err", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			heard++
		})
	}
	group.Wait()
	return heard
}

// tap gives the frames of the microphone to whoever talks to a sibling.
type tap struct {
	mu     sync.Mutex
	frames chan voice.Frame // nil: nobody does
}

// push does not wait.
func (t *tap) push(f voice.Frame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case t.frames <- f:
	default:
	}
}

// open is false where somebody talks already.
func (t *tap) open() (<-chan voice.Frame, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.frames != nil {
		return nil, false
	}
	t.frames = make(chan voice.Frame, 100)
	return t.frames, true
}

func (t *tap) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.frames = nil
}

// silentTap is how long the microphone may give nothing before a talk ends: it was switched off.
const silentTap = time.Second

var errTalk = errors.New("somebody talks to a sibling already")

// Talk lets what is said into the microphone be heard on a sibling: the one of a name or in a
// room. It ends after a time, when ctx does, or when the microphone is switched off: then the
// sibling hears nothing. speak is called once, when the sibling is there and wants to hear it and
// the microphone gives sound: what is said from then on is sent.
func (b *Box) Talk(ctx context.Context, to string, length time.Duration, speak func()) error {
	node := b.intercom.Load()
	if node == nil {
		return errAlone
	}
	id, err := b.siblingIn(to)
	if err != nil {
		return err
	}
	if b.live == nil {
		return errors.New(b.deafness())
	}
	if b.Mode() == Muted {
		return errors.New("the microphone is off")
	}
	frames, ok := b.tap.open()
	if !ok {
		return errTalk
	}
	defer b.tap.close()
	left, began := int(length/frameTime), false
	return node.Tell(ctx, id, intercom.Message{}, func() ([]int16, error) {
		if left--; left < 0 {
			return nil, io.EOF
		}
		for old := true; old && !began; { // of before the sibling had answered
			select {
			case <-frames:
			default:
				old = false
			}
		}
		silence := time.NewTimer(silentTap)
		defer silence.Stop()
		select {
		case f := <-frames:
			if !began {
				began = true
				speak()
			}
			return f.PCM, nil
		case <-silence.C:
			return nil, errors.New("the microphone was switched off")
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
}

// siblingIn is the sibling of a name, or the one that is in a room.
func (b *Box) siblingIn(to string) (peer.ID, error) {
	self := b.siblings.mesh.ID()
	for _, m := range b.siblings.mesh.Members().All() {
		if m.ID != self && strings.EqualFold(m.Name, to) {
			return m.ID, nil
		}
	}
	if a, ok := b.house.Now().Home.Area(to); ok {
		if node := b.heavy.node.Load(); node != nil {
			for _, e := range node.Book().Siblings() {
				if e.Room == a.ID {
					return e.ID, nil
				}
			}
		}
	}
	return "", fmt.Errorf("no sibling is called %q or is in such a room", to)
}

// TalkLine is a line of the answer to POST /mesh/talk: Speak first, where there is somebody who
// hears, and then Heard or Error.
type TalkLine struct {
	Speak   bool   `json:"speak,omitempty"`
	Heard   bool   `json:"heard,omitempty"`
	Error   string `json:"error,omitempty"`
	Refused bool   `json:"refused,omitempty"` // by the sibling
}

// talk answers POST /mesh/talk.
func (s *siblings) talk(w http.ResponseWriter, r *http.Request) {
	seconds, err := strconv.Atoi(r.FormValue("seconds"))
	if most := intercom.MaxSound / intercom.Rate; err != nil || seconds < 1 || seconds > most {
		http.Error(w, fmt.Sprintf("seconds must be a number from 1 to %d", most), http.StatusBadRequest)
		return
	}
	spoken := false
	say := func(l TalkLine) {
		w.Header().Set("Content-Type", "application/jsonl")
		json.NewEncoder(w).Encode(l)
		http.NewResponseController(w).Flush()
	}
	err = s.box.Talk(r.Context(), r.FormValue("to"), time.Duration(seconds)*time.Second, func() {
		spoken = true
		say(TalkLine{Speak: true})
	})
	_, refused := errors.AsType[*intercom.RefusedError](err)
	switch {
	case err == nil:
		say(TalkLine{Heard: true})
	case spoken:
		say(TalkLine{Error: err.Error(), Refused: refused})
	case refused:
		http.Error(w, err.Error(), http.StatusForbidden)
	default:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}
