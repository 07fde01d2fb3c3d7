package wake

import (
	"errors"
	"fmt"
	"time"

	"github.com/cricket-home/cricket/voice"
)

// ErrSilent is the error of Takes where the word was asked for and nobody said anything.
var ErrSilent = errors.New("record the word: nobody said anything")

const (
	takes      = 4                // recordings of a word: three to five are good
	takeQuiet  = 2 * time.Second  // of the room, before the first: its noise is learned
	takeTime   = 15 * time.Second // within which each is to be said
	takeAround = time.Second      // at most, of the room before it
)

// Takes listens to somebody who says a word several times, and returns the recordings for
// Enrol. The frames of next follow one another without gaps; ask is called when the word is
// to be said, for the nth time of so many. The error is next's, or ErrSilent.
func Takes(next func() (voice.Frame, error), ask func(n, of int)) ([]Recording, error) {
	var all []Recording
	e := voice.NewEndpointer()
	var pcm []int16 // all of the stream
	at := func() time.Duration { return time.Duration(len(pcm)) * time.Second / voice.SampleRate }
	push := func() (voice.Utterance, bool, error) {
		f, err := next()
		if err != nil {
			return voice.Utterance{}, false, err
		}
		f.Time = at()
		pcm = append(pcm, f.PCM...)
		u, ended := e.Push(f)
		return u, ended, nil
	}
	for at() < takeQuiet {
		if _, _, err := push(); err != nil {
			return nil, err
		}
	}
	var before time.Duration // the word before was over
	for n := range takes {
		ask(n+1, takes)
		asked := at()
		e.Begin(asked)
		for {
			said, ended, err := push()
			if err != nil {
				return nil, err
			}
			if ended && said.Start >= asked {
				from := int(max(before, said.Start-takeAround) * voice.SampleRate / time.Second)
				before = said.End
				all = append(all, Recording{Name: fmt.Sprintf("number %d", n+1), PCM: append([]int16(nil), pcm[from:]...)})
				break
			}
			if at() > asked+takeTime {
				return nil, ErrSilent
			}
		}
	}
	return all, nil
}
