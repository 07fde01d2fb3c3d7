package appliance

import (
	"context"
	"fmt"
	"maps"
	"net"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/cricket-home/cricket/home/permission"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/wake"
	"github.com/cricket-home/cricket/voice/wyoming"
)

// wyomingPorts are what this box is for Wyoming clients. A nil listener is a port that
// the owner does not want.
type wyomingPorts struct {
	services, satellite, microphone net.Listener

	sat   *wyoming.Satellite // of its port; nil: there is none
	mic   *wyoming.Mic       // the same
	waker *wyoming.Waker     // listens for wake words elsewhere; nil: nobody does
}

// openWyoming opens the ports for Wyoming clients that the owner wants.
func (b *Box) openWyoming() error {
	c, p := b.config.Wyoming, &b.wyoming
	for _, port := range []struct {
		key, address string
		l            *net.Listener
	}{{"listen", c.Listen, &p.services}, {"satellite", c.Satellite, &p.satellite}, {"microphone", c.Microphone, &p.microphone}} {
		if port.address == "" {
			continue
		}
		l, err := net.Listen("tcp", port.address)
		if err != nil {
			p.close()
			return fmt.Errorf("open the port for Wyoming clients (wyoming.%s): %w", port.key, err)
		}
		*port.l = l
	}
	if address, err := wyoming.Address(c.Wake); err == nil {
		p.waker = wyoming.NewWaker(address, b.log)
	}
	if p.satellite != nil {
		p.sat = wyoming.NewSatellite(b.satelliteOptions())
	}
	if p.microphone != nil {
		p.mic = wyoming.NewMic(b.micInfo, b.log)
	}
	return nil
}

func (p *wyomingPorts) close() {
	for _, l := range []net.Listener{p.services, p.satellite, p.microphone} {
		if l != nil {
			l.Close()
		}
	}
}

// wyomingParts are the parts that serve those ports, and announce them. The microphone is
// not announced: who is to hear the room is told where.
func (b *Box) wyomingParts() map[string]func(context.Context) error {
	parts := map[string]func(context.Context) error{}
	p := &b.wyoming
	if p.services != nil {
		parts["wyoming"] = b.serveWyoming
		if a := b.announced(p.services, b.own().Name); a != nil {
			parts["announcement of wyoming"] = a.Run
		}
	}
	if p.satellite != nil {
		parts["satellite"] = func(ctx context.Context) error { return p.sat.Run(ctx, p.satellite) }
		if a := b.announced(p.satellite, b.own().Name+" satellite"); a != nil {
			parts["announcement of the satellite"] = a.Run
		}
	}
	if p.waker != nil {
		parts["wake words elsewhere"] = p.waker.Run
	}
	if p.microphone != nil {
		parts["microphone for others"] = func(ctx context.Context) error { return p.mic.Run(ctx, p.microphone) }
	}
	return parts
}

// serveWyoming serves the box's recogniser, voice, wake words and understanding.
func (b *Box) serveWyoming(ctx context.Context) error {
	s := wyoming.Services{
		Info:       b.wyomingInfo,
		Synthesize: b.sayAs,
		Detector:   func(names []string) (wyoming.Detector, error) { return b.detectorNamed(ctx, names) },
		Recognize:  b.recognize,
		Handle: func(ctx context.Context, s wyoming.Said) (string, bool) {
			r := b.Ask(ctx, s.Text, Request{Room: b.house.Now().Home.RoomOfDevice(s.Device), Source: permission.Wyoming})
			return r.Reply, r.Done()
		},
		Speaks: b.speaks,
	}
	if b.ears != nil {
		s.Transcribe = func(ctx context.Context, u voice.Utterance, language string) (voice.Transcript, error) {
			if err := b.speaks(language); err != nil {
				return voice.Transcript{}, err
			}
			heard, err := b.ears.Transcribe(ctx, u)
			heard.Language = b.config.Language
			return heard, err
		}
	}
	return wyoming.NewServer(s, b.log).Run(ctx, b.wyoming.services)
}

// speaks refuses a language that is not the home's; "" is.
func (b *Box) speaks(language string) error {
	if language != "" && !strings.EqualFold(base(language), base(b.config.Language)) {
		return fmt.Errorf("the language %q is not that of this home, which is %q", language, b.config.Language)
	}
	return nil
}

// sayAs turns text into speech with one of the voices, or with the best for "".
func (b *Box) sayAs(ctx context.Context, text, name, language string) (voice.Speech, error) {
	if err := b.speaks(language); err != nil {
		return voice.Speech{}, err
	}
	if name == "" {
		return b.Say(ctx, text)
	}
	for _, v := range b.voices.all {
		if v.name == name {
			return b.sayWith(ctx, text, v.speak)
		}
	}
	return voice.Speech{}, fmt.Errorf("speak: there is no voice %q here", name)
}

// recognize says what a sentence means, and does nothing.
func (b *Box) recognize(_ context.Context, text string) ([]wyoming.Intent, bool) {
	now := b.house.Now()
	in := now.Resolver.Resolve(intent.Query{Text: text, Room: b.config.Room, Now: b.clock.now().Wall, States: states(now.Home)})
	if in.Refusal != "" {
		return nil, false
	}
	var all []wyoming.Intent
	for _, one := range append([]intent.Intent{in}, in.Also...) {
		out := wyoming.Intent{Name: one.Name, Entities: []wyoming.Entity{}}
		for _, slot := range slices.Sorted(maps.Keys(one.Slots)) {
			out.Entities = append(out.Entities, wyoming.Entity{Name: slot, Value: one.Slots[slot]})
		}
		all = append(all, out)
	}
	return all, true
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

// wyomingAbout says what a thing of this box is.
func wyomingAbout(name, description string) wyoming.About {
	version := "devel"
	if build, ok := debug.ReadBuildInfo(); ok && build.Main.Version != "" {
		version = build.Main.Version
	}
	return wyoming.About{Name: name, Description: description, Installed: true, Version: version,
		Attribution: wyoming.Attribution{Name: "Cricket", URL: "https://github.com/cricket-home/cricket"}}
}

// wyomingInfo says what this box serves.
func (b *Box) wyomingInfo() wyoming.Info {
	languages := []string{b.config.Language}
	program := func(name, description string) wyoming.Program {
		return wyoming.Program{About: wyomingAbout("cricket", description), Models: []wyoming.Model{{About: wyomingAbout(name, description), Languages: languages}}}
	}
	info := wyoming.Info{
		Handle: []wyoming.Handle{{Program: program("cricket", "what the house does and answers"), Streams: true, ControlsHome: true}},
		Intent: []wyoming.Program{program("cricket", "what sentences mean in this home")},
		Wake:   b.wyomingWords(),
	}
	if b.ears != nil {
		info.ASR = []wyoming.ASR{{Program: program(b.ears.current().name, "recogniser"), Streams: true, ExternalVAD: true}}
	}
	speaker := wyoming.TTS{About: wyomingAbout("cricket", "voice"), Streams: true}
	for _, v := range b.voices.all {
		speaker.Voices = append(speaker.Voices, wyoming.Model{About: wyomingAbout(v.name, "voice"), Languages: languages})
	}
	if len(speaker.Voices) > 0 {
		info.TTS = []wyoming.TTS{speaker}
	}
	return info
}

// wyomingWords are the words that wake this box.
func (b *Box) wyomingWords() []wyoming.Program {
	words, err := b.wakeWords()
	if err != nil {
		b.log.Error("no wake word is served to Wyoming clients", "err", err)
	}
	detector := wyoming.Program{About: wyomingAbout("cricket", "wake words")}
	for _, w := range words {
		detector.Models = append(detector.Models, wyoming.Model{About: wyomingAbout(w.Name, "wake word"), Languages: []string{b.config.Language}, Phrase: w.Name})
	}
	if len(detector.Models) == 0 {
		return nil
	}
	return []wyoming.Program{detector}
}
