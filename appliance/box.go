package appliance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/demo"
	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/internal/trace"
	"github.com/cricket-home/cricket/mqtt"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/audio"
	"github.com/cricket-home/cricket/voice/espeak"
	"github.com/cricket-home/cricket/voice/sphinx"
	"github.com/cricket-home/cricket/voice/whisper"
)

// kept is how many requests `cricket why` can look back.
const kept = 200

// Options says what a Box is made of.
type Options struct {
	Config  Config
	Home    *home.Home // nil: home.toml beside the configuration, or an empty home
	Devices bool       // serve the home's devices ourselves: --demo and --home
	Ears    bool       // start a recogniser
	Sound   Sound      // the microphone and the loudspeaker; nil: the box is silent and hears nobody
	Keep    bool       // keep what is planned in StateDir; else it ends with the box
	Bin     string     // where the children's programs are

	// What the live chain hears and speaks through; where there is no microphone, the
	// box serves text and MQTT. Board may be nil.
	Microphone  Microphone
	Loudspeaker Loudspeaker
	Board       Board

	StateDir   string
	RuntimeDir string // the control socket is in here
	Log        *slog.Logger
}

// recognizer is what turns an utterance into text; voice/voicetest has its contract.
type recognizer interface {
	Run(ctx context.Context) error
	Transcribe(ctx context.Context, u voice.Utterance) (voice.Transcript, error)
	State() child.State
}

// Box is one appliance.
type Box struct {
	config   Config
	options  Options
	log      *slog.Logger
	unread   []error // what is wrong with custom sentences that are left out
	house    *House
	distrust error        // what was wrong with the ledger of trust, or with the imported registry, at the start
	broker   *mqtt.Broker // nil where the home has its own
	client   *mqtt.Client
	devices  *demo.Devices // nil where the home's devices are real
	ears     *ears
	phrases  *sphinx.Engine         // the recogniser that must be told the phrases
	taught   chan struct{}          // closed when it has phrases
	unheard  atomic.Pointer[string] // what was wrong with the newest phrases
	mouth    *espeak.Engine
	results  *trace.Ring[Result]
	wakes    wakeCounts
	drafts   *drafts       // nil: there is no recogniser for them
	model    languageModel // nil: there is none
	live     *live         // nil: there is no microphone
	mode     atomic.Pointer[Mode]
	self     *selfDevice            // nil in a box that ends with its command
	asked    atomic.Pointer[Result] // what somebody asked for last, as self tells it
	tuned    atomic.Pointer[tuning]
	answers  answers       // how long the devices take
	again    chan struct{} // has an element when the box is to restart
	control  net.Listener
	wyoming  net.Listener // nil: Wyoming clients are not served

	clock   clock
	place   schedule.Place
	agenda  *Agenda
	store   *schedule.Store        // nil where nothing is kept
	damaged *schedule.DamagedError // what was wrong with the book at the start
	rooms   rooms
	speech  *Mouth
	voices  *voices
	loud    *volume
	heardBy chan taken // who speaks what this box announced
}

// New puts a box together and opens its broker's port and its control socket.
// It starts nothing.
func New(o Options) (*Box, error) {
	b := &Box{config: o.Config, options: o, log: o.Log, results: trace.NewRing[Result](kept), taught: make(chan struct{}),
		heardBy: make(chan taken, 16), again: make(chan struct{}, 1)}
	if o.Home == nil {
		var err error
		if o.Home, err = ownHome(o.Config); err != nil {
			return nil, err
		}
		b.options.Home = o.Home
	}
	sentences, err := Sentences(o.Config)
	if err != nil && o.Keep {
		sentences, b.unread, err = soundSentences(o.Config, err)
	}
	if err != nil {
		return nil, err
	}
	for _, fault := range b.unread {
		b.log.Error("custom sentences are left out", "err", fault)
	}
	b.openHouse(sentences)
	if b.control, err = listen(o.RuntimeDir); err != nil {
		return nil, err
	}
	b.openTuning()
	if err := errors.Join(b.openVoice(), b.openMouth(), b.openModel(), b.openAgenda(), b.openMQTT(), b.openWyoming()); err != nil {
		return nil, errors.Join(err, b.control.Close(), b.closeBook())
	}
	if o.Microphone == nil && o.Sound != nil && o.Config.Audio.Microphone != audio.None {
		o.Microphone, b.options.Microphone = o.Sound, o.Sound
	}
	if o.Microphone != nil {
		out := o.Loudspeaker
		if out == nil {
			out = b.speech
		}
		b.live = newLive(b, out, b.drafts)
		b.speech.tells = b.live.sounds
	}
	if o.Keep {
		b.self = newSelfDevice(b.own(), b.entities(), b.client, b.log)
		b.agenda.changed = b.self.changed
	}
	return b, nil
}

// ownHome reads the owner's home.toml; without one the home is empty.
func ownHome(c Config) (*home.Home, error) {
	file := filepath.Join(c.Dir, "home.toml")
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) || c.Dir == "" {
		return home.Parse("an empty home", []byte(fmt.Sprintf("language = %q\n", c.Language)))
	}
	if err != nil {
		return nil, fmt.Errorf("read home: %w", err)
	}
	return home.Parse(file, data)
}

func (b *Box) openMQTT() error {
	c := b.config.MQTT
	password, err := c.password()
	if err != nil {
		return err
	}
	url := c.Broker
	if url == "" {
		b.broker, err = mqtt.NewBroker(b.brokerOptions(password))
		if err != nil {
			return err
		}
		url = b.broker.Local()
	}
	o := mqtt.ClientOptions{Broker: url, Username: c.Username, Password: password, Log: b.log}
	if b.broker == nil {
		o.CAFile, o.CertFile, o.KeyFile = c.CAFile, c.CertFile, c.key()
	}
	if b.options.Keep {
		birth, will := b.own().Available(true), b.own().Available(false)
		o.Birth, o.Will = &birth, &will
		o.OnStatus = func(s mqtt.Status) {
			if s.Connected {
				signal(b.self.connected)
			}
		}
	}
	b.client, err = mqtt.NewClient(o)
	if err != nil {
		return err
	}
	if b.options.Devices {
		b.devices, err = demo.New(b.house.Now().Home, demo.Options{Broker: url, Username: c.Username, Password: password, Log: slog.New(warnings{b.log.Handler()})})
	}
	return err
}

// brokerOptions are those of a box that is the home's broker.
func (b *Box) brokerOptions(password string) mqtt.BrokerOptions {
	c := b.config.MQTT
	o := mqtt.BrokerOptions{Address: c.Listen, Username: c.Username, Password: password, CertFile: c.CertFile, KeyFile: c.key(), Log: b.log}
	if b.options.Keep && !b.options.Devices { // devices that we play are not there next time
		o.File = filepath.Join(b.options.StateDir, "retained")
	}
	return o
}

func (b *Box) openVoice() error {
	if program, err := Program(b.options.Bin, "espeak-ng"); err == nil {
		b.mouth = espeak.New(program)
	}
	if !b.options.Ears {
		return nil
	}
	if _, _, err := WakeWords(b.config, b.options.StateDir); err != nil {
		return err
	}
	native, err := Program(b.options.Bin, "cricket-native")
	if err != nil {
		return err
	}
	decision, err := ChooseRecognizer(b.config, b.options.StateDir)
	if err != nil { // a store that cannot be read leaves the recogniser that needs none
		b.log.Error("no installed model is used", "err", err)
		decision.Note = err.Error()
	}
	var candidates []candidate
	for _, c := range decision.Choices {
		candidates = append(candidates, candidate{name: "whisper.cpp with " + c.ID, why: c.Why,
			recognizer: whisper.New(whisper.Options{Native: native, Model: c.Path, Language: b.config.Language, Log: b.log, Prompt: b.prompt})})
	}
	// Of the two that need no download, the one that was measured to be better is
	// tried first. pocketsphinx is ready only when it has phrases, so nothing comes
	// after it.
	bundled, err := FindBundled(b.options.Bin, b.config.Language)
	has := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.log.Error("the bundled recogniser is not used", "err", err)
		decision.Note = strings.TrimPrefix(decision.Note+"; "+err.Error(), "; ")
	}
	why := ""
	if len(decision.Choices) == 0 {
		why = "since no whisper model is installed"
	}
	if has {
		why = strings.TrimPrefix(why+"; "+bundled.Measured.String(), "; ")
	}
	if has && (b.mouth == nil || bundled.Measured.better()) {
		candidates = append(candidates, candidate{name: "the bundled model", why: why,
			closed:     true,
			recognizer: whisper.New(whisper.Options{Native: native, Model: bundled.Path, Language: b.config.Language, Log: b.log, Says: b.says})})
	}
	if b.mouth != nil {
		b.phrases = sphinx.New(sphinx.Options{Native: native, Log: b.log, Pronounce: b.pronounce})
		candidates = append(candidates, candidate{name: "pocketsphinx", why: why, closed: true, teach: b.teach, recognizer: b.phrases})
	}
	b.drafts = b.openDrafts(native, bundled, has)
	if len(candidates) == 0 {
		return errors.New("pronounce the names of the home: espeak-ng is missing")
	}
	b.ears = newEars(candidates, decision.Note, b.log)
	return nil
}

// Run runs the box until ctx ends, or until a part that it cannot do without
// fails. The broker ends last, so that the others can say that they go.
func (b *Box) Run(ctx context.Context) error {
	parts, ctx := errgroup.WithContext(ctx)
	broker, endBroker := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	if b.broker != nil {
		parts.Go(func() error {
			go func() { ended <- b.broker.Run(broker) }()
			select {
			case err := <-ended:
				ended <- nil
				return fmt.Errorf("broker: %w", err)
			case <-ctx.Done():
				return nil
			}
		})
	} else {
		ended <- nil
	}
	err := b.runParts(ctx, parts)
	endBroker()
	return errors.Join(err, <-ended)
}

func (b *Box) runParts(ctx context.Context, group *errgroup.Group) error {
	run := func(part string, f func(context.Context) error) {
		group.Go(func() error {
			if err := f(ctx); err != nil && ctx.Err() == nil {
				return fmt.Errorf("%s: %w", part, err)
			}
			return nil
		})
	}
	run("house", b.house.Run)
	run("mqtt", b.client.Run)
	run("mqtt", b.follow)
	if b.devices != nil {
		run("devices", b.devices.Run)
	}
	if b.ears != nil {
		run("recogniser", b.ears.Run)
	}
	if b.model != nil {
		run("language model", b.runModel)
	}
	if b.options.Sound != nil {
		run("sound", b.options.Sound.Run)
	}
	run("agenda", b.agenda.Run)
	run("agenda", b.attend)
	run("loudspeaker", b.speech.Run)
	run("voice", b.voices.Run)
	run("bell", b.ring)
	run("control", b.serve)
	run("restart", b.restart)
	if b.self != nil {
		run("self", b.self.Run)
	}
	if b.wyoming != nil {
		run("wyoming", b.serveWyoming)
	}
	if b.live != nil {
		run("live", func(ctx context.Context) error { return b.live.Run(ctx, b.options.Microphone) })
		if b.drafts != nil {
			run("drafts", b.runDrafts)
		}
	}
	return errors.Join(group.Wait(), b.closeBook(), b.house.flushTrust())
}

// own is this box as Home Assistant learns of it.
func (b *Box) own() mqtt.Own {
	o := mqtt.Own{Prefix: b.config.MQTT.DiscoveryPrefix, Node: node(), Name: "Cricket"}
	if a, ok := b.house.Now().Home.Area(b.config.Room); ok && b.config.Room != "" {
		o.Name, o.Area = a.Name+" Cricket", a.Name
	}
	return o
}

// follow subscribes to discovery, and to the topics that the house asks for.
func (b *Box) follow(ctx context.Context) error {
	prefix := b.config.MQTT.DiscoveryPrefix
	if err := b.client.Subscribe(ctx, b.told, tellTopics()...); err != nil {
		return err
	}
	if b.self != nil {
		if err := b.client.Subscribe(ctx, b.self.hear, b.self.filters()...); err != nil {
			return err
		}
	}
	if err := b.client.Subscribe(ctx, b.discover, prefix+"/+/+/config", prefix+"/+/+/+/config"); err != nil {
		return err
	}
	if err := b.client.Subscribe(ctx, b.house.DiscoverHomie, mqtt.HomieFilter); err != nil && ctx.Err() == nil {
		b.log.Error("devices of the Homie convention will not be known", "err", err) // a broker may not let us read there
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case topics := <-b.house.followed:
			for range len(b.house.followed) { // those that have gathered go in one request
				topics = append(topics, <-b.house.followed...)
			}
			if err := b.client.Subscribe(ctx, b.house.Hear, topics...); err != nil && ctx.Err() == nil {
				b.log.Error("states of some devices will not be known", "err", err)
			}
		}
	}
}

// discover takes a discovery message, unless a box sent it: neither this one nor
// another is a device of the home that people switch.
func (b *Box) discover(m mqtt.Message) {
	if !strings.HasPrefix(m.Topic, b.config.MQTT.DiscoveryPrefix+"/device/"+mqtt.OwnPrefix) {
		b.house.Discover(m)
	}
}

// teach gives the recogniser the home's phrases whenever they change.
func (b *Box) teach(ctx context.Context) error {
	known := ""
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-b.house.renamed[0]:
		}
		g := b.house.Now().Resolver.Grammar()
		if g.JSGF == known {
			continue
		}
		err := b.phrases.SetPhrases(ctx, g.JSGF, g.Words)
		fault := ""
		if err != nil {
			fault = err.Error()
		}
		b.unheard.Store(&fault)
		if _, partly := errors.AsType[*sphinx.DroppedError](err); err != nil && !partly {
			if ctx.Err() == nil {
				b.log.Error("recogniser keeps its old phrases", "err", err)
			}
			continue
		}
		if known == "" {
			close(b.taught)
		}
		known = g.JSGF
	}
}

// Ready returns when the box can answer: its broker is reached, its recogniser
// runs, and devices that it serves itself have announced themselves. The error
// says what was missing when ctx ended.
func (b *Box) Ready(ctx context.Context) error {
	if err := b.client.Connected(ctx); err != nil {
		return err
	}
	if b.devices != nil {
		if err := b.house.Settled(ctx); err != nil {
			return err
		}
	}
	if b.ears != nil {
		if err := b.ears.Ready(ctx); err != nil {
			return fmt.Errorf("recogniser: %w", err)
		}
	}
	if b.ears != nil && b.ears.current().teach != nil {
		select {
		case <-b.taught:
		case <-ctx.Done():
			return fmt.Errorf("recogniser: its phrases are not loaded: %w", ctx.Err())
		}
	}
	if b.ears != nil {
		// The first request waits until the engine has loaded its model.
		if _, err := b.ears.Transcribe(ctx, voice.Utterance{PCM: make([]int16, voice.SampleRate)}); err != nil {
			return fmt.Errorf("recogniser: %w", err)
		}
	}
	return nil
}

// Summary says in a few lines what the box is doing, for whoever started it.
func (b *Box) Summary() string {
	s := b.house.Now().Home
	lines := []string{fmt.Sprintf("Cricket knows %d devices in %d rooms.", len(s.Devices), len(s.Areas))}
	if len(s.Devices) == 0 {
		lines[0] = "Cricket runs with an empty home: devices that announce themselves by MQTT discovery appear by themselves."
	}
	lines = append(lines, "Broker: "+b.client.Status().Broker+".")
	if b.ears != nil {
		lines = append(lines, "Microphone: "+b.checkMicrophone().Text+".")
		lines = append(lines, "Recogniser: "+b.ears.current().String()+".", "Wake words: "+b.checkWake().Text+".")
	}
	return strings.Join(lines, "\n")
}
