package appliance

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cricket-home/cricket/firmware"
	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/demo"
	"github.com/cricket-home/cricket/home/hass"
	"github.com/cricket-home/cricket/home/permission"
	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/intent/llm"
	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/internal/trace"
	"github.com/cricket-home/cricket/mesh/claim"
	"github.com/cricket-home/cricket/mesh/intercom"
	"github.com/cricket-home/cricket/mesh/weights"
	"github.com/cricket-home/cricket/mqtt"
	"github.com/cricket-home/cricket/mqtt/hermes"
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
	Keep    bool       // keep what is planned in HomeDir; else it ends with the box
	Bin     string     // where the children's programs are

	// What the live chain hears and speaks through; where there is no microphone, the
	// box serves text and MQTT. Board may be nil.
	Microphone  Microphone
	Loudspeaker Loudspeaker
	Board       Board
	BoardFault  error // why there is none, where the configuration names one

	System System // what the machine was started with

	Sys fs.FS // /sys, for what the board tells of itself; nil: it tells nothing

	StateDir   string
	HomeDir    string // where what belongs to this home is kept: plans, trust, rooms, what was learned; "": StateDir
	RuntimeDir string // the control socket is in here
	Log        *slog.Logger
	Logbook    *Logbook // its last lines; nil: nobody keeps them

	// Moment is the time by which people take turns; nil: the machine's.
	Moment func() time.Time
}

// recognizer is what turns an utterance into text; voice/voicetest has its contract.
type recognizer interface {
	Run(ctx context.Context) error
	Transcribe(ctx context.Context, u voice.Utterance) (voice.Transcript, error)
	State() child.State
}

// Box is one appliance.
type Box struct {
	config       Config
	options      Options
	log          *slog.Logger
	table        permission.Table
	learning     *learning
	codes        *codes
	questions    questions // that wait for a yes, or for the code
	press        wantedPress
	unread       []error // what is wrong with custom sentences that are left out
	ownSentences ownSentences
	house        *House
	distrust     error        // what was wrong with the ledger of trust, or with the imported registry, at the start
	broker       *mqtt.Broker // nil where the home has its own
	client       *mqtt.Client
	devices      *demo.Devices // nil where the home's devices are real
	ears         *ears
	phrases      *sphinx.Engine         // the recogniser that must be told the phrases
	taught       chan struct{}          // closed when it has phrases
	unheard      atomic.Pointer[string] // what was wrong with the newest phrases
	mouth        *espeak.Engine
	results      *trace.Ring[Result]
	wakes        wakeCounts
	drafts       *drafts       // nil: there is no recogniser for them
	model        languageModel // nil: there is none
	wrote        pace          // tokens by it
	guest        *llm.Guest    // nil: there is none
	live         *live         // nil: there is no microphone
	mode         atomic.Pointer[Mode]
	self         *selfDevice               // nil in a box that ends with its command
	asked        atomic.Pointer[Result]    // what somebody asked for last, as self tells it
	ringSet      atomic.Pointer[ringLight] // nil: there are no lights
	readings     atomic.Pointer[firmware.Readings]
	tuned        atomic.Pointer[tuning]
	answers      answers       // how long the devices take
	again        chan struct{} // has an element when the box is to restart
	reached      chan struct{} // has an element after the broker was reached
	control      net.Listener
	wyoming      wyomingPorts
	hass         *hass.Client     // nil: no Home Assistant is asked
	hermes       *hermes.Hermes   // nil: nobody is served so
	frames       chan voice.Frame // for Hermes; nil: nobody is to hear the microphone
	chimeless    atomic.Bool      // somebody toggled the feedback sounds off

	updates   *Updates
	siblings  siblings
	page      housePage
	started   time.Time
	events    events
	heavy     heavy
	weights   atomic.Pointer[weights.Node] // nil until the mesh runs
	pulls     modelPull
	enrolment enrolment
	meter     meter
	splits    splits
	openai    ownEndpoint
	shared    shared
	claims    atomic.Pointer[claim.Node] // nil until the mesh runs
	intercom  atomic.Pointer[intercom.Node]
	tap       tap
	repeats   repeats

	clock        clock
	place        schedule.Place
	agenda       *Agenda
	store        *schedule.Store        // nil where nothing is kept
	damaged      *schedule.DamagedError // what was wrong with the book at the start
	rooms        rooms
	speech       *Mouth
	voices       *voices
	loud         *volume
	dumb         atomic.Pointer[string]         // why nobody can hear the box; nil: nothing is known against it
	enquireAfter func(ctx context.Context) bool // waits until devices had time to tell their states by themselves
	heardBy      chan taken                     // who speaks what this box announced
}

// New puts a box together and opens its broker's port and its control socket.
// It starts nothing.
func New(o Options) (*Box, error) {
	b := &Box{config: o.Config, options: o, log: o.Log, started: time.Now(), results: trace.NewRing[Result](kept), taught: make(chan struct{}),
		heardBy: make(chan taken, 16), again: make(chan struct{}, 1), reached: make(chan struct{}, 1), enquireAfter: func(ctx context.Context) bool { return pause(ctx, enquiryDelay) }}
	if o.HomeDir == "" {
		o.HomeDir, b.options.HomeDir = o.StateDir, o.StateDir
	}
	if o.Keep {
		o.Config.Taught = filepath.Join(o.HomeDir, "custom_sentences")
		b.config.Taught = o.Config.Taught
	}
	if o.Sys == nil {
		b.options.Sys = embed.FS{} // which is empty
	}
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
	if err := b.openPermissions(sentences); err != nil {
		return nil, err
	}
	b.openConsent()
	b.openLearned()
	b.openHouse(sentences)
	if b.control, err = listen(o.RuntimeDir); err != nil {
		return nil, err
	}
	b.openTuning()
	b.openAnswers()
	if err := errors.Join(b.openVoice(), b.openMouth(), b.openModel(), b.openGuest(), b.openAgenda(), b.openMQTT(), b.openHomeAssistant(), b.openWyoming(), b.openMesh(), b.openHeavy(), b.openOpenAI(), b.openPage()); err != nil {
		return nil, errors.Join(err, b.control.Close(), b.closeBook())
	}
	if o.Microphone == nil && o.Sound != nil && o.Config.Audio.Microphone != audio.None {
		o.Microphone, b.options.Microphone = o.Sound, o.Sound
	}
	if o.Microphone == nil && o.Keep {
		b.log.Warn("the box hears nobody; it answers text and MQTT")
	}
	if o.Microphone != nil {
		out := o.Loudspeaker
		if out == nil {
			out = b.speech
		}
		b.live = newLive(b, out, b.drafts)
		b.speech.tells = b.live.sounds
	}
	b.openHermes()
	b.openShared()
	b.openRing()
	b.openUpdates()
	b.openPulls()
	b.openEnrolment()
	if o.Keep {
		b.self = newSelfDevice(b.own(), b.entities(), b.client, b.log)
		b.agenda.changed = append(b.agenda.changed, b.self.changed)
		// Before there is a connection: what comes with it must not be missed.
		if err := b.client.Subscribe(context.Background(), b.self.hear, b.self.filters()...); err != nil {
			return nil, errors.Join(err, b.control.Close(), b.closeBook())
		}
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
				signal(b.reached)
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
	b.openElsewhere()
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
	if f := b.face(); f != nil {
		err = errors.Join(err, f.Close())
	}
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
	if b.hass != nil {
		run("home assistant", b.hass.Run)
	}
	if b.ears != nil {
		run("recogniser", b.ears.Run)
		if b.ears.elsewhere != nil {
			run("recogniser elsewhere", b.ears.elsewhere.Run)
		}
	}
	if b.model != nil {
		run("language model", b.runModel)
	}
	if b.options.Sound != nil {
		run("sound", b.options.Sound.Run)
	}
	run("loudspeaker", b.watchLoudspeaker)
	run("agenda", b.agenda.Run)
	run("habits", b.offer)
	run("agenda", b.attend)
	run("loudspeaker", b.speech.Run)
	run("voice", b.voices.Run)
	if f := b.face(); f != nil {
		run("board", f.Run)
	}
	run("board", b.readBoard)
	run("bell", b.ring)
	run("control", b.serve)
	run("restart", b.restart)
	run("updates", b.updates.Run)
	if b.page.page != nil {
		run("page", b.runPage)
	}
	if b.openai.server != nil {
		run("endpoint", b.runOpenAI)
	}
	if b.siblings.mesh != nil {
		run("mesh", b.runMesh)
		run("heavy prompts", b.runHeavy)
		run("household", b.runShared)
		run("metrics", b.serveMetrics)
	}
	if b.self != nil {
		run("self", func(ctx context.Context) error {
			b.tryLoudspeaker(ctx) // or else what needs one would be offered, and taken back
			return b.self.Run(ctx)
		})
		run("answers", b.keepAnswers)
		run("enquiry", b.enquire)
	}
	for name, part := range b.wyomingParts() {
		run(name, part)
	}
	if b.hermes != nil {
		run("hermes", b.hermes.Run)
	}
	if b.frames != nil {
		run("hermes", b.publishFrames)
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
	o := mqtt.Own{Prefix: b.config.MQTT.DiscoveryPrefix, Node: node(), Name: "Cricket", Version: b.options.System.Version}
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
	if b.hermes != nil {
		if err := b.client.Subscribe(ctx, b.hearHermes, hermes.Topics()...); err != nil {
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
