package appliance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os/exec"
	"strings"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/voice"
)

// ErrNoPlayer says that this machine has no program that plays sound.
var ErrNoPlayer = errors.New("neither pw-play, nor paplay, nor aplay is here")

// players play a WAV from standard input.
var players = [][]string{{"pw-play", "-"}, {"paplay"}, {"aplay", "-q"}}

// Play plays a WAV through the machine's loudspeaker and returns at its end, or
// when ctx ends.
func Play(ctx context.Context, wav io.Reader) error {
	for _, p := range players {
		path, err := exec.LookPath(p[0])
		if err != nil {
			continue
		}
		player := exec.CommandContext(ctx, path, p[1:]...)
		var said strings.Builder
		player.Stdin, player.Stderr = wav, &said
		if err := player.Run(); err != nil && ctx.Err() == nil {
			lines := strings.Split(strings.TrimSpace(said.String()), "\n")
			return fmt.Errorf("play sound with %s: %w: %s", p[0], err, lines[len(lines)-1])
		}
		return ctx.Err()
	}
	return fmt.Errorf("play sound: %w", ErrNoPlayer)
}

// say leaves a text for the loudspeaker. When more waits than anybody would
// listen to, the text is dropped.
func (b *Box) say(text string) {
	select {
	case b.says <- text:
	default:
		b.log.Warn("too much to say; a sentence was dropped")
	}
}

// ringPause is the silence between two rounds of ringing.
const ringPause = 2 * time.Second

// sound is the box's voice when nobody has asked it anything: one sentence at a
// time, and what rings, over and over.
func (b *Box) sound(ctx context.Context) error {
	var fault string
	aloud := func(ctx context.Context, text string, chimes bool) {
		err := b.aloud(ctx, text, chimes)
		if err == nil || ctx.Err() != nil {
			fault = ""
		} else if fault != err.Error() { // once, and not every few seconds
			fault = err.Error()
			b.log.Warn("not everything is to be heard", "err", err)
		}
	}
	for {
		var text string
		select {
		case <-ctx.Done():
			return nil
		case text = <-b.says:
			aloud(ctx, text, false)
		case <-b.agenda.rung:
		}
		for ringing := b.agenda.Book().Ringing(); len(ringing) > 0 && ctx.Err() == nil; ringing = b.agenda.Book().Ringing() {
			round, stop := context.WithCancel(ctx)
			over := make(chan struct{})
			go func() {
				defer close(over)
				aloud(round, ringText(b.house.Now().Home, ringing), true)
				pause := time.NewTimer(ringPause)
				defer pause.Stop()
				select {
				case <-pause.C:
				case <-round.Done():
				}
			}()
			select {
			case <-b.agenda.rung: // stopped, or something else rings too
			case <-over:
			case <-ctx.Done():
			}
			stop()
			<-over
		}
	}
}

func ringText(h *home.Home, ringing []schedule.Entry) string {
	var texts []string
	for _, e := range ringing {
		texts = append(texts, h.Ring(e))
	}
	return strings.Join(texts, " ")
}

// aloud speaks through the loudspeaker, after a chime where that is wanted. Where
// there is no voice there is only the chime, and an error.
func (b *Box) aloud(ctx context.Context, text string, chimes bool) error {
	if !b.options.Sound {
		return nil
	}
	speech, mute := b.Say(ctx, text)
	if mute != nil {
		speech, chimes = voice.Speech{Rate: 22050}, true
	}
	pcm := speech.PCM
	if chimes {
		pcm = append(chime(speech.Rate), pcm...)
	}
	var wav bytes.Buffer
	if err := voice.WriteWAV(&wav, speech.Rate, pcm); err != nil {
		return errors.Join(mute, err)
	}
	return errors.Join(mute, Play(ctx, &wav))
}

// chime is three soft strokes, each a fourth above the last.
func chime(rate int) []int16 {
	const stroke = 0.3 // s
	var pcm []int16
	for _, hertz := range []float64{660, 880, 1174} {
		for i := range int(stroke * float64(rate)) {
			t := float64(i) / float64(rate)
			pcm = append(pcm, int16(9000*math.Exp(-8*t)*math.Sin(2*math.Pi*hertz*t)))
		}
	}
	return pcm
}
