package appliance

import (
	"fmt"
	"math"
	"net/http"
	"sync/atomic"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/wake"
)

// levelEvent is how loud the room was for a tenth of a second, and how near it came to
// waking the box.
type levelEvent struct {
	Level     float64 `json:"level"`          // root mean square, in decibel to full scale
	Word      string  `json:"word,omitempty"` // the nearest to waking; "": nothing is listened for
	Score     float64 `json:"score"`          // of it, 0 to 1
	Threshold float64 `json:"threshold"`      // it wakes at this score
}

// wokeEvent is a wake word that woke the box.
type wokeEvent struct {
	Word   string  `json:"word"`
	Person string  `json:"person,omitempty"`
	Score  float64 `json:"score"`
	SNR    float64 `json:"snr"` // decibel over the noise of the room
}

// meter tells whoever looks on what the microphone hears: how loud, never what.
type meter struct {
	watchers atomic.Int32
	events   events

	// Of the goroutine that listens:
	frames  int
	squares float64 // of the samples of the frames
	next    levelEvent
}

const (
	meterFrames  = 5   // in a levelEvent: 100 ms
	lowestLevel  = -90 // decibel: digital silence
	maxOnlookers = 8
)

// push takes a frame that the detector has heard, too; nil: none has.
func (m *meter) push(f voice.Frame, d *wake.Detector) {
	if m.watchers.Load() == 0 {
		return
	}
	for _, x := range f.PCM {
		m.squares += float64(x) * float64(x)
	}
	if d != nil {
		if word, score, threshold := d.Nearest(); word != "" && (m.next.Word == "" || score/threshold > m.next.Score/m.next.Threshold) {
			m.next.Word, m.next.Score, m.next.Threshold = word, score, threshold
		}
	}
	if m.frames++; m.frames < meterFrames {
		return
	}
	m.next.Level = max(lowestLevel, 10*math.Log10(m.squares/meterFrames/voice.FrameSamples/(1<<30)))
	m.events.put("level", m.next)
	m.frames, m.squares, m.next = 0, 0, levelEvent{}
}

func (m *meter) woke(w voice.Wake) {
	if m.watchers.Load() > 0 {
		m.events.put("woke", wokeEvent{Word: w.Word, Person: w.Person, Score: w.Score, SNR: w.SNR})
	}
}

// serveMeter is for the house page.
func (b *Box) serveMeter(mux *http.ServeMux) {
	mux.HandleFunc("GET /voice/meter", func(w http.ResponseWriter, r *http.Request) {
		if b.live == nil {
			http.Error(w, b.deafness(), http.StatusServiceUnavailable)
			return
		}
		defer b.meter.watchers.Add(-1)
		if b.meter.watchers.Add(1) > maxOnlookers {
			http.Error(w, fmt.Sprintf("%d look on already", maxOnlookers), http.StatusServiceUnavailable)
			return
		}
		b.meter.events.tell(w, r)
	})
}
