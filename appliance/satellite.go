package appliance

import (
	"context"
	"errors"
	"time"

	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/internal/trace"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/wyoming"
)

// satelliteOptions make this box a satellite of an assistant elsewhere.
func (b *Box) satelliteOptions() wyoming.SatelliteOptions {
	return wyoming.SatelliteOptions{
		Info: b.satelliteInfo,
		Play: b.playUnasked,
		Finished: func(name string) {
			b.speech.Tell(b.house.Now().Home.Ring(schedule.Entry{Kind: schedule.Timer, Name: voice.Plain(name)}), true)
		},
		Log: b.log,
	}
}

func (b *Box) satelliteInfo() wyoming.Info {
	about := wyomingAbout(b.own().Name, "hears the room and speaks there")
	info := b.micInfo()
	info.Wake = b.wyomingWords()
	info.Snd = []wyoming.SndInfo{{About: wyomingAbout("cricket", "loudspeaker"), Format: wyoming.Format{Rate: soundRate, Width: 2, Channels: 1}}}
	info.Satellite = &wyoming.SatelliteInfo{About: about, Area: b.own().Area, HasVAD: true}
	for _, p := range info.Wake {
		for _, m := range p.Models {
			info.Satellite.ActiveWords = append(info.Satellite.ActiveWords, m.Name)
		}
	}
	info.Satellite.MostWords = len(info.Satellite.ActiveWords)
	return info
}

func (b *Box) micInfo() wyoming.Info {
	return wyoming.Info{Mic: []wyoming.MicInfo{{About: wyomingAbout("cricket", "microphone"), Format: wyoming.Format{Rate: voice.SampleRate, Width: 2, Channels: 1}}}}
}

// playUnasked plays what nobody asked for, when nobody speaks to the box, to its end.
func (b *Box) playUnasked(ctx context.Context, s voice.Speech) error {
	if !b.hasLoudspeaker() && b.options.Loudspeaker == nil {
		return errNoLoudspeaker
	}
	return b.speech.TellSound(ctx, s)
}

// hearSpoken answers what was said to the microphone: the assistant elsewhere that runs
// this box as its satellite does, or else the box itself.
func (b *Box) hearSpoken(ctx, wanted context.Context, u heardRequest, late time.Duration, q Request) (Result, bool) {
	if b.wyoming.sat == nil || !b.wyoming.sat.Runs() || q.DryRun {
		return b.hearOne(ctx, wanted, u, late, q)
	}
	t := &trace.Trace{Time: time.Now()}
	end := t.Begin("assistant")
	answer, err := b.wyoming.sat.Request(wanted, u.Utterance)
	if errors.Is(err, wyoming.ErrAway) { // it went before it was asked
		return b.hearOne(ctx, wanted, u, late, q)
	}
	if wanted.Err() != nil || errors.Is(err, context.Canceled) {
		return Result{}, false
	}
	r := Result{File: u.Mic, Truncated: u.Truncated, Text: answer.Heard, Reply: answer.Text, Room: b.room(q), Actions: []Action{}}
	if w := u.Wake; w != nil {
		r.Wake, r.Person = &w.Word, w.Person
	}
	said, refused := errors.AsType[*wyoming.AnswerError](err)
	switch {
	case err == nil:
		end("answered")
		r.sound, r.played = answer.Sound, answer.Played
		return b.keep(r, t), true
	case refused && said.Code == "duplicate_wake_up_detected": // another satellite answers
		end(said.Code)
		return b.keep(r, t), true
	case refused && said.Code == "stt-no-text-recognized":
		r.Reply = b.house.Now().Home.NotHeard()
	default:
		r.Reply = b.house.Now().Home.NoAssistant()
		r.Fault = &Fault{Part: "assistant", Error: err.Error(), Hint: "look into Home Assistant's log, or turn off wyoming.satellite"}
	}
	end("failed")
	return b.keep(r, t), true
}

// Play plays speech of somebody else's, as Say says a text.
func (m *Mouth) Play(s voice.Speech, done func()) {
	m.put(&saying{before: atSoundRate(s), asked: true, volume: ownVolume, done: done})
}

// TellSound plays speech that nobody asked for, as Tell says a text, and waits for its end.
func (m *Mouth) TellSound(ctx context.Context, speech voice.Speech) error {
	over := make(chan struct{})
	s := &saying{before: atSoundRate(speech), volume: ownVolume, done: func() { close(over) }}
	m.put(s)
	select {
	case <-over:
		if errors.Is(s.err, errHushed) { // who hushed it has heard enough
			return nil
		}
		return s.err
	case <-ctx.Done():
		m.drop(s)
		<-over
		return ctx.Err()
	}
}

// atSoundRate is speech at the rate of the sounds that go before words.
func atSoundRate(s voice.Speech) []int16 {
	if s.Rate == soundRate {
		return s.PCM
	}
	r := voice.NewResampler(s.Rate, soundRate)
	return r.Flush(r.Push(nil, s.PCM))
}
