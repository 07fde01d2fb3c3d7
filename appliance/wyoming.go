package appliance

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/wake"
	"github.com/cricket-home/cricket/voice/wyoming"
)

// openWyoming opens the port for Wyoming clients, where the owner wants one.
func (b *Box) openWyoming() error {
	if b.config.Wyoming.Listen == "" {
		return nil
	}
	l, err := net.Listen("tcp", b.config.Wyoming.Listen)
	if err != nil {
		return fmt.Errorf("open the port for Wyoming clients (wyoming.listen): %w", err)
	}
	b.wyoming = l
	return nil
}

// serveWyoming serves the box's recogniser, voice, wake words and understanding.
func (b *Box) serveWyoming(ctx context.Context) error {
	s := wyoming.Services{
		Info:       b.wyomingInfo,
		Synthesize: func(ctx context.Context, text, _, _ string) (voice.Speech, error) { return b.Say(ctx, text) },
		Detector:   func(names []string) (wyoming.Detector, error) { return b.detectorNamed(ctx, names) },
		Recognize:  b.recognize,
		Handle: func(ctx context.Context, text string) (string, bool) {
			r := b.Ask(ctx, text, Request{})
			return r.Reply, r.Refusal == "" && r.Plan == "" && r.Fault == nil
		},
	}
	if b.ears != nil {
		s.Transcribe = func(ctx context.Context, u voice.Utterance, _ string) (voice.Transcript, error) {
			heard, err := b.ears.Transcribe(ctx, u)
			heard.Language = b.config.Language
			return heard, err
		}
	}
	return wyoming.NewServer(s, b.log).Run(ctx, b.wyoming)
}

// recognize says what a sentence means, and does nothing.
func (b *Box) recognize(_ context.Context, text string) (wyoming.Intent, bool) {
	now := b.house.Now()
	in := now.Resolver.Resolve(intent.Query{Text: text, Room: b.config.Room, Now: b.clock.now().Wall, States: states(now.Home)})
	out := wyoming.Intent{Name: in.Name, Entities: []wyoming.Entity{}}
	for _, slot := range slices.Sorted(maps.Keys(in.Slots)) {
		out.Entities = append(out.Entities, wyoming.Entity{Name: slot, Value: in.Slots[slot]})
	}
	return out, in.Refusal == ""
}

// detectorNamed listens for some of the box's words; for all where none is named.
func (b *Box) detectorNamed(ctx context.Context, names []string) (*wake.Detector, error) {
	words, err := b.wakeWords()
	if err != nil {
		return nil, err
	}
	if len(names) > 0 {
		words = slices.DeleteFunc(words, func(w wake.Word) bool { return !slices.Contains(names, w.Name) })
	}
	if len(words) == 0 {
		return nil, fmt.Errorf("listen for %q: config.toml names no such word, and nobody has enrolled one", names)
	}
	return b.detectorOf(ctx, words)
}

// wyomingInfo says what this box serves.
func (b *Box) wyomingInfo() wyoming.Info {
	languages := []string{b.config.Language}
	about := func(name, description string) wyoming.About {
		return wyoming.About{Name: name, Description: description, Installed: true, Version: "1",
			Attribution: wyoming.Attribution{Name: "Cricket", URL: "https://github.com/cricket-home/cricket"}}
	}
	program := func(name, description string) wyoming.Program {
		return wyoming.Program{About: about("cricket", description), Models: []wyoming.Model{{About: about(name, description), Languages: languages}}}
	}
	info := wyoming.Info{
		Handle: []wyoming.Program{program("cricket", "what the house does and answers")},
		Intent: []wyoming.Program{program("cricket", "what sentences mean in this home")},
	}
	if b.ears != nil {
		info.ASR = []wyoming.Program{program(b.ears.current().name, "recogniser")}
	}
	speaker := wyoming.Program{About: about("cricket", "voice")}
	for _, v := range b.voices.all {
		speaker.Voices = append(speaker.Voices, wyoming.Model{About: about(v.name, "voice"), Languages: languages})
	}
	info.TTS = []wyoming.Program{speaker}
	detector := wyoming.Program{About: about("cricket", "wake words")}
	words, err := b.wakeWords()
	if err != nil {
		b.log.Error("no wake word is served to Wyoming clients", "err", err)
	}
	for _, w := range words {
		detector.Models = append(detector.Models, wyoming.Model{About: about(w.Name, "wake word"), Languages: languages, Phrase: w.Name})
	}
	info.Wake = []wyoming.Program{detector}
	return info
}
