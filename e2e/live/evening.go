package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/demo"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/espeak"
)

// longestTalk is when a request hangs: no mode lasts so long.
const longestTalk = 40 * time.Second

// evening is one run.
type evening struct {
	*air
	box      *appliance.Box
	dir      string
	people   *mouths
	resolver *intent.Resolver
	texts    []string // requests
	talk     []string // what people say to each other
	random   *rand.Rand
	verbose  bool
	keep     string // a folder for the sound before each complaint; "": none
	place    string // the scene
	report   report
	scenes   []scene
}

// scene is what else sounds in the room.
type scene struct {
	name  string
	sound func() float64
}

func newEvening(ctx context.Context, bin string, seed uint64, verbose bool, keep string, log *slog.Logger) (*evening, error) {
	program, err := appliance.Program(bin, "espeak-ng")
	if err != nil {
		return nil, err
	}
	if program, err = filepath.Abs(program); err != nil {
		return nil, err
	}
	e := &evening{people: &mouths{engine: espeak.New(program)}, random: rand.New(rand.NewPCG(seed, 1)), verbose: verbose, keep: keep}
	if e.texts, err = lines("e2e/live/requests.txt"); err != nil {
		return nil, err
	}
	if e.talk, err = others("intent/testdata/eval/out-of-scope-kept.jsonl"); err != nil {
		return nil, err
	}
	h, err := demo.Home()
	if err != nil {
		return nil, err
	}
	config := appliance.DefaultConfig()
	config.MQTT.Listen = "127.0.0.1:0"
	sentences, err := appliance.Sentences(config)
	if err != nil {
		return nil, err
	}
	e.resolver = sentences.Bind(h.Names())
	if e.dir, err = os.MkdirTemp("", "cricket-live-"); err != nil {
		return nil, err
	}
	e.air = &air{frames: make(chan heard), random: rand.New(rand.NewPCG(seed, 2)), say: func(text string) []int16 {
		pcm, err := e.people.say(ctx, "en-gb-x-gbclan", text)
		if err != nil {
			return silence(time.Second)
		}
		return pcm
	}}
	if e.box, err = appliance.New(appliance.Options{Config: config, Home: h, Devices: true, Ears: true, Bin: bin, StateDir: e.dir, RuntimeDir: e.dir,
		Log: log, Microphone: e.air, Loudspeaker: e.air, Board: e.air}); err != nil {
		return nil, err
	}
	return e, e.set(ctx)
}

// set makes what else sounds: two evenings in five are quiet.
func (e *evening) set(ctx context.Context) error {
	television, err := e.people.crowd(ctx, e.random, e.talk, 1)
	if err != nil {
		return err
	}
	party, err := e.people.crowd(ctx, e.random, e.talk, 8)
	if err != nil {
		return err
	}
	e.scenes = []scene{
		{"quiet", nil}, {"quiet", nil},
		{"babble, 20 dB below", loop(party, 200)},
		{"music, 15 dB below", loop(music(e.random), 360)},
		{"one other voice, 20 dB below", loop(television, 200)},
	}
	return nil
}

// lines are those of a file that are no comments.
func lines(file string) (all []string, err error) {
	data, err := os.ReadFile(file)
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			all = append(all, line)
		}
	}
	return all, err
}

// others are sentences that are no requests.
func others(file string) (all []string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for in := bufio.NewScanner(f); in.Scan(); {
		var s struct{ Text string }
		if err := json.Unmarshal(in.Bytes(), &s); err != nil {
			return nil, err
		}
		if n := len(strings.Fields(s.Text)); n > 4 && n < 15 {
			all = append(all, s.Text)
		}
	}
	return all, nil
}

// run is the evening.
func (e *evening) run(ctx context.Context, requests int) (*report, error) {
	begun := time.Now()
	e.report.Scenes, e.report.Questions, e.report.Heard = map[string]*tally{}, map[string]int{}, map[string]int{}
	e.wait(3*time.Second, false)
	for i := range requests {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		scene := e.scenes[i%len(e.scenes)]
		e.sound, e.place = scene.sound, scene.name
		if err := e.meanwhile(ctx); err != nil {
			return nil, err
		}
		if i%40 == 20 {
			e.unplug()
		}
		if i%20 == 10 {
			e.ring(ctx)
		}
		if i%10 == 5 {
			if err := e.door(ctx, i%20 == 5); err != nil {
				return nil, err
			}
		}
		if err := e.silence(ctx); err != nil {
			return nil, err
		}
		t := e.report.scene(scene.name)
		text := e.texts[e.random.IntN(len(e.texts))]
		if err := e.ask(ctx, t, text, i%25 == 12); err != nil {
			return nil, err
		}
		switch {
		case e.is() != appliance.Speaking:
		case i%5 == 1:
			if err := e.interrupt(ctx); err != nil {
				return nil, err
			}
		case i%5 == 3:
			if err := e.stop(ctx); err != nil {
				return nil, err
			}
		}
		if err := e.rest(ctx, text); err != nil {
			return nil, err
		}
		e.report.measure(i, requests)
	}
	e.report.Sound, e.report.Real = time.Duration(e.now)*frameTime, time.Since(begun)
	return &e.report, nil
}

// rest waits until the box is idle. A timer may begin to ring while it speaks, or waits for
// what may follow: somebody says "stop" then.
func (e *evening) rest(ctx context.Context, text string) error {
	for range 3 {
		if e.until(10*time.Second, false, appliance.Idle) {
			return nil
		}
		if err := e.silence(ctx); err != nil {
			return err
		}
	}
	if !e.until(longestTalk, false, appliance.Idle) {
		e.report.Hung++
		e.complain("hangs: it is %q after %q", e.is(), text)
	}
	return nil
}

func (e *evening) complain(format string, args ...any) {
	if e.verbose {
		at := (time.Duration(e.now) * frameTime).Seconds()
		fmt.Fprintf(os.Stderr, "at %.0f s, %s: %s\n", at, e.place, fmt.Sprintf(format, args...))
		if e.keep != "" {
			e.record(filepath.Join(e.keep, fmt.Sprintf("%05.0f.wav", at)))
		}
	}
}

// record writes the last 15 s that the microphone heard.
func (e *evening) record(file string) {
	f, err := os.Create(file)
	if err == nil {
		err = errors.Join(voice.WriteWAV(f, voice.SampleRate, e.last), f.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "live: error:", err)
	}
}

// meanwhile people talk to each other, and nobody to the box.
func (e *evening) meanwhile(ctx context.Context) error {
	from := e.now
	e.wait(time.Duration(2+e.random.IntN(6))*time.Second, false)
	for range e.random.IntN(3) {
		pcm, err := e.person(ctx, e.talk[e.random.IntN(len(e.talk))])
		if err != nil {
			return err
		}
		e.hear(scaled(pcm, 1200), false)
		e.wait(time.Duration(300+e.random.IntN(1500))*time.Millisecond, false)
	}
	e.wait(time.Second, false)
	for _, s := range e.since(from) {
		if s.mode == appliance.Woken {
			e.report.FalseWakes++
			e.complain("woken by nobody")
		}
	}
	e.report.Uncalled += time.Duration(e.now-from) * frameTime
	return e.silence(ctx)
}

// ring lets a short timer run out; timers know no faster time than the real one.
func (e *evening) ring(ctx context.Context) {
	e.box.Ask(ctx, "set a timer for one second", appliance.Request{})
	if !e.until(10*time.Second, true, appliance.Speaking) {
		e.report.Hung++
		e.complain("a timer does not ring")
	}
}

// door wants the garage door opened by voice, and answers the question with "yes" or "no".
func (e *evening) door(ctx context.Context, yes bool) error {
	if err := e.silence(ctx); err != nil {
		return err
	}
	speaker, word := people[e.random.IntN(len(people))], "no"
	if yes {
		word = "yes"
	}
	say := func(text string) (r appliance.Result, err error) {
		before := e.newest().Number
		pcm, err := e.people.say(ctx, speaker, text)
		if err != nil {
			return r, err
		}
		e.hear(pcm, false)
		for end := e.now + int(12*time.Second/frameTime); e.now < end && e.newest().Number == before; {
			e.wait(frameTime, true)
		}
		if r = e.newest(); r.Number == before {
			r = appliance.Result{} // it heard nothing
		}
		return r, nil
	}
	r, err := say("hey cricket open the garage door")
	for tries := 1; err == nil && tries < 5 && r.Plan != home.NeedsConfirmation; tries++ { // it is often misheard
		if err = e.rest(ctx, "the door"); err == nil {
			speaker = people[e.random.IntN(len(people))]
			r, err = say("hey cricket open the garage door")
		}
	}
	if err != nil {
		return err
	}
	if r.Plan != home.NeedsConfirmation || !e.until(longestTalk, true, appliance.Listening) {
		return e.rest(ctx, "the door")
	}
	e.report.Questions[word]++
	e.wait(500*time.Millisecond, true)
	if r, err = say(word); err != nil {
		return err
	}
	switch {
	case len(r.Actions) > 0 && !yes:
		e.report.Opened++
		e.complain("WRONG: a door was opened after %q by %s: %s", word, speaker, r)
	case r.Number == 0 || yes && len(r.Actions) == 0 || !yes && !r.Done():
		e.complain("%q by %s to a door was not heard: %s", word, speaker, r)
	default:
		e.report.Heard[word]++
	}
	e.box.Ask(ctx, "close the garage door", appliance.Request{})
	return e.rest(ctx, word)
}

// silence says "stop" when a timer sounds, until it does not.
func (e *evening) silence(ctx context.Context) error {
	for tries := 0; e.is() == appliance.Speaking; tries++ {
		if tries == 0 {
			e.report.Rang++
		}
		if tries == 5 {
			e.report.Hung++
			e.complain("it cannot be silenced")
			break
		}
		pcm, err := e.person(ctx, "stop")
		if err != nil {
			return err
		}
		e.hear(pcm, false)
		e.until(3*time.Second, true, appliance.Idle)
		e.report.RangStops++
	}
	return nil
}

// person is a sentence by anybody.
func (e *evening) person(ctx context.Context, text string) ([]int16, error) {
	return e.people.say(ctx, people[e.random.IntN(len(people))], text)
}

// unplug takes the microphone away for a moment.
func (e *evening) unplug() {
	e.report.Unplugged++
	for range 3 {
		e.frames <- heard{err: errUnplugged}
	}
	for range 100 { // until the box has seen it
		if e.is() == appliance.Broken {
			break
		}
		time.Sleep(frameTime)
	}
	if e.is() != appliance.Broken {
		e.complain("unplugged, it is %q", e.is())
		e.report.Hung++
	}
	e.wait(2*time.Second, false)
}

// ask calls the box and asks for something; kill ends an engine while it thinks.
func (e *evening) ask(ctx context.Context, t *tally, text string, kill bool) error {
	speaker := people[e.random.IntN(len(people))]
	say := func(text string) (pcm []int16) {
		var err error
		if pcm, err = e.people.say(ctx, speaker, text); err != nil {
			e.complain("%v", err)
		}
		return pcm
	}
	t.Asked++
	from := e.now
	before := e.newest()
	gap := []time.Duration{0, 300 * time.Millisecond, time.Second, 2500 * time.Millisecond}[e.random.IntN(4)]
	begun := from // of the request itself
	if gap == 0 {
		e.hear(say("hey cricket "+text), false)
	} else {
		e.hear(say("hey cricket"), false)
		e.wait(gap, false)
		begun = e.now
		words := strings.Fields(text)
		if at := 1 + e.random.IntN(len(words)-1); e.random.Float64() < 0.25 { // they hesitate
			e.hear(say(strings.Join(words[:at], " ")), false)
			e.wait(time.Duration(200+e.random.IntN(400))*time.Millisecond, true)
			e.hear(say(strings.Join(words[at:], " ")), false)
		} else {
			e.hear(say(text), false)
		}
	}
	said := e.now
	if e.first(from, appliance.Woken) < 0 && !e.until(time.Second, false, appliance.Woken, appliance.Listening) && e.first(from, appliance.Woken) < 0 {
		t.Missed++
		e.complain("missed: %s by %s", text, speaker)
		return nil
	}
	thinking := func() int { return e.first(from, appliance.Thinking) }
	for end := e.now + int(longestTalk/frameTime); thinking() < 0 && e.is() != appliance.Idle && e.now < end; {
		e.wait(frameTime, true)
	}
	at := thinking()
	if at < 0 {
		t.Unheard++
		e.complain("woken, and no request heard: %s by %s after %v", text, speaker, gap)
		return nil
	}
	if kill {
		e.report.Killed += killEngine()
	}
	if !e.until(longestTalk, true, appliance.Speaking, appliance.Idle) {
		e.report.Hung++
		e.complain("hangs: it is %q after %q", e.is(), text)
		return nil
	}
	cut := false
	for _, s := range e.since(from) { // what had no words in it was not taken for the request
		if s.mode == appliance.Thinking {
			at = s.at
			cut = cut || begun < at && at < said
		}
	}
	r := e.newest()
	if r.Number == before.Number {
		t.Unheard++
		return nil
	}
	e.judge(t, text, speaker, gap, r, time.Duration(at-said)*frameTime, cut, kill)
	return nil
}

// newest is the result of the last request; what was only due is none.
func (e *evening) newest() appliance.Result {
	for _, r := range e.box.Last(5) {
		if r.Due == "" {
			return r
		}
	}
	return appliance.Result{}
}

// judge compares what was done with what the words ask for.
func (e *evening) judge(t *tally, text, speaker string, gap time.Duration, r appliance.Result, delay time.Duration, cut, killed bool) {
	if delay >= 0 { // or it was cut short
		e.report.Delays = append(e.report.Delays, delay)
	}
	if delay >= 0 && !killed {
		e.report.Answers = append(e.report.Answers, delay+time.Duration(r.MS["total"]*float64(time.Millisecond)))
	}
	want := e.resolver.Resolve(intent.Query{Text: text})
	heard := ""
	if r.Transcript != nil {
		heard = *r.Transcript
	}
	same := func() bool {
		targets := func(ids []string) []string { ids = slices.Clone(ids); slices.Sort(ids); return ids }
		return r.Intent != nil && *r.Intent == want.Name && slices.Equal(targets(r.Targets), targets(want.Targets)) &&
			(len(want.Slots) == 0 && len(r.Slots) == 0 || reflect.DeepEqual(numbers(r.Slots), numbers(want.Slots)))
	}
	switch {
	case cut && same():
		e.report.EndedWhole++
	case cut:
		e.report.CutShort++
		e.complain("cut short: %s by %s after %v, heard %q", text, speaker, gap, heard)
	}
	switch {
	case r.Fault != nil:
		t.Failed++
		e.complain("failed: %s: %s: %s", text, r.Fault.Part, r.Fault.Error)
	case same():
		t.Right++
	case r.Intent == nil || r.Plan != "":
		t.Refused++
		e.complain("refused: %s by %s after %v, heard %q: %s", text, speaker, gap, heard, r)
	case len(r.Actions) > 0:
		t.Wrong++
		e.complain("WRONG: %s by %s after %v, heard %q: %s", text, speaker, gap, heard, r)
	default:
		t.Otherwise++
		e.complain("answered otherwise: %s by %s after %v, heard %q", text, speaker, gap, heard)
	}
}

// numbers are slots as JSON has them, without the names: the targets say those.
func numbers(slots map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range slots {
		if _, text := value.(string); !text {
			out[name] = fmt.Sprint(value)
		}
	}
	return out
}

// interrupt calls the box while it speaks.
func (e *evening) interrupt(ctx context.Context) error {
	e.report.Interrupted++
	from := e.now
	pcm, err := e.person(ctx, "hey cricket")
	if err != nil {
		return err
	}
	e.wait(100*time.Millisecond, false)
	if e.is() != appliance.Speaking {
		e.report.Interrupted--
		return nil
	}
	e.hear(pcm, false)
	e.wait(500*time.Millisecond, false)
	if at := e.first(from, appliance.Woken); at < 0 {
		e.report.InterruptMissed++
		e.complain("an interruption was not heard")
	}
	return nil // nothing follows: it goes to sleep again
}

// stop says "stop" while the box speaks.
func (e *evening) stop(ctx context.Context) error {
	pcm, err := e.person(ctx, "stop")
	if err != nil {
		return err
	}
	e.wait(60*time.Millisecond, false)
	e.mu.Lock()
	left, before := len(e.playing), e.hushed
	e.mu.Unlock()
	if left < len(pcm)+voice.SampleRate/2 { // it is over before anybody has said it
		return nil
	}
	e.report.Stops++
	from := e.now + len(pcm)/voice.FrameSamples
	e.hear(pcm, false)
	for e.now < from+100 {
		e.mu.Lock()
		hushed := e.hushed
		e.mu.Unlock()
		if hushed > before {
			e.report.StopDelays = append(e.report.StopDelays, time.Duration(e.now-from)*frameTime)
			return nil
		}
		if e.is() != appliance.Speaking {
			break
		}
		e.wait(frameTime, false)
	}
	e.report.StopMissed++
	e.complain("stop was not heard")
	return nil
}

// killEngine kills one of the box's children, as a crash would. It returns how many.
func killEngine() int {
	entries, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range entries {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		// pid (comm) state ppid ...
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest)
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil || len(fields) < 2 || fields[1] != strconv.Itoa(os.Getpid()) || !strings.Contains(string(stat), "(cricket-native)") {
			continue
		}
		if syscall.Kill(pid, syscall.SIGKILL) == nil {
			return 1
		}
	}
	return 0
}
