package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/wake"
)

type wakeCommands struct {
	List  wakeList  `cmd:"" help:"Show the words that wake the box, and those that could."`
	Try   wakeTry   `cmd:"" help:"Show the scores of wake words over sound files."`
	Enrol wakeEnrol `cmd:"" help:"Teach the box a word of your own, from three to five recordings."`
	Rm    wakeRm    `cmd:"" help:"Forget an enrolled word."`
}

type wakeList struct {
	JSON bool `help:"JSON, as docs/wake-words.md describes it."`
}

// listedWord is a wake word in the JSON of list.
type listedWord struct {
	Word        string       `json:"word"`
	Person      string       `json:"person,omitempty"`
	Model       string       `json:"model"` // "bundled", "enrolled", a file or a model of the catalogue
	Sensitivity *float64     `json:"sensitivity,omitempty"`
	Refractory  float64      `json:"refractory_s,omitempty"`
	Live        string       `json:"live"` // "yes", "while speaking", "no"
	Counts      *wake.Counts `json:"counts,omitempty"`
}

func (c *wakeList) Run(ctx context.Context, t *terminal) error {
	config, err := appliance.OwnConfig("", appliance.StateDir())
	if err != nil {
		return &fault{err, "cricket doctor", exitUsage}
	}
	words, broken, err := appliance.WakeWords(config, appliance.StateDir())
	if err != nil {
		return wakeFault(err)
	}
	counts := daemonCounts(ctx)
	out := []listedWord{}
	live := map[string]bool{}
	for _, w := range words {
		l := listedWord{Word: w.Name, Model: "enrolled", Sensitivity: &w.Sensitivity, Refractory: w.Refractory.Seconds(), Live: "yes"}
		if w.Personal != nil {
			l.Person = w.Personal.Person
		} else {
			l.Model = w.Model.Name
			live[w.Model.Name], live[w.Model.Name+" "+strings.ToLower(w.Name)] = true, true
		}
		if n, ok := counts[w.Name]; ok {
			l.Counts = &n
		}
		out = append(out, l)
	}
	for _, w := range wake.Bundled().Words {
		if !live["bundled "+strings.ToLower(w.Name)] {
			l := listedWord{Word: w.Name, Model: "bundled", Live: "no"}
			if w.Name == wake.Stop {
				l.Live = "while speaking"
			}
			out = append(out, l)
		}
	}
	installed, err := appliance.CommunityWords(appliance.StateDir())
	if err != nil {
		return storeFault(err)
	}
	for _, id := range installed {
		if m, err := appliance.WakeModel(id, appliance.StateDir()); err == nil && !live[m.Name] {
			out = append(out, listedWord{Word: m.Words[0].Name, Model: id, Live: "no"})
		}
	}
	if c.JSON {
		return json.NewEncoder(t.out).Encode(out)
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "WORD\tPERSON\tMODEL\tLIVE\tSENSITIVITY\tWOKE\tNEAR MISSES")
	for _, l := range out {
		person, sensitivity, woke, missed := "anybody", "-", "-", "-"
		if l.Person != "" {
			person = l.Person
		}
		if l.Sensitivity != nil {
			sensitivity = fmt.Sprint(*l.Sensitivity)
		}
		if l.Counts != nil {
			woke, missed = fmt.Sprint(l.Counts.Woke), fmt.Sprint(l.Counts.Missed)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Word, person, l.Model, l.Live, sensitivity, woke, missed)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if broken != nil {
		return &fault{broken, "move that file away, or enrol the word again", exitUsage}
	}
	return nil
}

// daemonCounts asks a running daemon what it has counted; nothing where none runs.
func daemonCounts(ctx context.Context) map[string]wake.Counts {
	s, err := reach()
	if err != nil {
		return nil
	}
	defer s.end()
	var counts map[string]wake.Counts
	if s.get(ctx, "/wake", nil, &counts) != nil {
		return nil
	}
	return counts
}

// wakeFault adds what to do about the faults of wake word models.
func wakeFault(err error) error {
	f := &fault{err, "cricket wake list", exitUsage}
	if missing, ok := errors.AsType[*appliance.NotInstalledError](err); ok {
		f.code, f.hint = exitMissing, "cricket models pull "+missing.ID
	}
	if bad, ok := errors.AsType[*wake.BadRecordingError](err); ok {
		f.code, f.hint = exitRefused, "make "+bad.Name+" again: one word, a second of quiet around it (arecord -f S16_LE -r 16000 -d 3 "+bad.Name+")"
	}
	return f
}

type wakeTry struct {
	Files       []string `arg:"" optional:"" name:"file" help:"WAV files, any rate, mono or stereo."`
	Model       string   `help:"A model file (.net, .json, .tflite), or a wake word of cricket models list wake, instead of the box's own words." placeholder:"FILE|NAME"`
	Sensitivity *float64 `help:"0 to 1, instead of what the configuration says." placeholder:"S"`
}

func (c *wakeTry) Run(ctx context.Context, t *terminal) error {
	words, err := c.words(t)
	if err != nil {
		return wakeFault(err)
	}
	if len(c.Files) == 0 {
		return c.microphone(ctx, t, words)
	}
	woke := 0
	for _, file := range c.Files {
		n, err := c.file(ctx, t, words, file)
		if err != nil {
			return err
		}
		woke += n
	}
	if woke == 0 {
		return &fault{code: exitRefused}
	}
	return nil
}

// words are those of the model, or the box's own with "stop".
func (c *wakeTry) words(t *terminal) ([]wake.Word, error) {
	var words []wake.Word
	if c.Model != "" {
		m, err := appliance.WakeModel(c.Model, appliance.StateDir())
		if err != nil {
			return nil, err
		}
		for _, w := range m.Words {
			words = append(words, wake.Word{Name: w.Name, Model: m, Sensitivity: wake.DefaultSensitivity, Refractory: wake.DefaultRefractory})
		}
	} else {
		config, err := appliance.OwnConfig("", appliance.StateDir())
		if err != nil {
			return nil, err
		}
		var broken error
		if words, broken, err = appliance.WakeWords(config, appliance.StateDir()); err != nil {
			return nil, err
		}
		if broken != nil {
			fmt.Fprintf(t.err, "cricket: error: %v\n", broken)
		}
		if !slices.ContainsFunc(words, func(w wake.Word) bool { return w.Name == wake.Stop }) {
			words = append(words, wake.Word{Name: wake.Stop, Model: wake.Bundled(), Sensitivity: wake.DefaultSensitivity, Refractory: wake.DefaultRefractory})
		}
	}
	for i := range words {
		words[i].Verify = false // there is no recogniser here
		if c.Sensitivity != nil {
			words[i].Sensitivity = *c.Sensitivity
		}
	}
	return words, nil
}

const frameTime = voice.FrameSamples * time.Second / voice.SampleRate

// file shows one file and returns how often a word woke.
func (c *wakeTry) file(ctx context.Context, t *terminal, words []wake.Word, file string) (woke int, err error) {
	f, err := open(ctx, file)
	if err != nil {
		return 0, fmt.Errorf("open sound file: %w", err)
	}
	defer f.Close()
	wav, err := voice.NewWAV(f, file)
	if err != nil {
		return 0, fmt.Errorf("try %s: %w", file, err)
	}
	return c.sound(t, words, file, func() (voice.Frame, error) {
		if err := ctx.Err(); err != nil {
			return voice.Frame{}, err
		}
		return wav.Next()
	})
}

// microphone shows the scores of what is said, until somebody interrupts it.
func (c *wakeTry) microphone(ctx context.Context, t *terminal, words []wake.Word) error {
	config, err := appliance.OwnConfig("", appliance.StateDir())
	if err != nil {
		return &fault{err, "cricket doctor", exitUsage}
	}
	mic, err := openMicrophone(ctx, config)
	if err != nil {
		return err
	}
	fmt.Fprintln(t.err, "Listening. Ctrl-C ends it.")
	var gone error
	woke, err := c.sound(t, words, "the microphone", func() (voice.Frame, error) {
		f, err := mic.Next(ctx)
		if err != nil || ctx.Err() != nil { // one that is never late has a frame after Ctrl-C too
			gone, err = err, io.EOF
		}
		return f, err
	})
	switch {
	case err != nil:
		return err
	case ctx.Err() == nil:
		return &fault{fmt.Errorf("listen to the microphone: %w", gone), "cricket doctor", exitMissing}
	case woke == 0:
		return &fault{code: exitRefused}
	}
	return nil
}

// sound shows the scores over the frames of next, and returns how often a word woke.
func (c *wakeTry) sound(t *terminal, words []wake.Word, file string, next func() (voice.Frame, error)) (woke int, err error) {
	d, err := wake.New(wake.Options{Words: words, Missed: func(m wake.NearMiss) {
		fmt.Fprintf(t.out, "near miss %s %.2f at %.2f\n", m.Word, m.Score, m.At.Seconds())
	}})
	if err != nil {
		return 0, wakeFault(err)
	}
	if len(c.Files) > 1 {
		fmt.Fprintf(t.out, "%s:\n", file)
	}
	meters := map[string]*meter{}
	for _, w := range words {
		meters[w.Name] = &meter{word: w.Name, columns: columns(t.out)}
	}
	frames := 0
	for ; ; frames++ {
		frame, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return woke, fmt.Errorf("try %s: %w", file, err)
		}
		wakes := d.Push(frame)
		for _, m := range meters {
			m.push(t.out, frame.Time, d)
		}
		for _, w := range wakes {
			woke++
			fmt.Fprintf(t.out, "woke %s %.2f at %.2f%s (%.0f dB over the noise)\n", w.Word, w.Score, (frame.Time + frameTime).Seconds(), by(w.Person), w.SNR)
		}
	}
	if woke > 0 || frames == 0 { // without a frame nothing was measured
		return woke, nil
	}
	for _, name := range slices.Sorted(maps.Keys(meters)) {
		m := meters[name]
		fmt.Fprintf(t.out, "not woken by %s: its highest score was %.2f, and it wakes at %.2f\n", name, m.best, m.threshold)
	}
	return woke, nil
}

func by(person string) string {
	if person == "" {
		return ""
	}
	return " by " + person
}

// meter prints the scores of a word, ten times a second while there is one.
type meter struct {
	word      string
	columns   int // of the terminal; 0 where there is none
	highest   float64
	frames    int
	best      float64
	threshold float64
}

const (
	meterFrames = 5    // a line for each 100 ms
	meterLeast  = 0.05 // lower scores are not worth a line
)

func (m *meter) push(out io.Writer, now time.Duration, d *wake.Detector) {
	score, threshold := d.Score(m.word)
	m.highest, m.best, m.threshold = max(m.highest, score), max(m.best, score), threshold
	if m.frames++; m.frames%meterFrames != 0 {
		return
	}
	score, m.highest = m.highest, 0
	if score < meterLeast {
		return
	}
	if m.columns == 0 {
		fmt.Fprintf(out, "score %s %.2f at %.2f\n", m.word, score, now.Seconds())
		return
	}
	text := fmt.Sprintf("%7.2f s  %s %.2f  ", now.Seconds(), m.word, score)
	width := max(10, min(50, m.columns-len(text)-2))
	bar := []rune(strings.Repeat("█", int(score*float64(width)+0.5)) + strings.Repeat(" ", width))[:width]
	if at := min(width-1, int(threshold*float64(width))); bar[at] == ' ' {
		bar[at] = '|' // here it wakes
	}
	fmt.Fprintln(out, text+strings.TrimRight(string(bar), " "))
}

type wakeEnrol struct {
	Word   string   `required:"" help:"The word or words that are said." placeholder:"WORD"`
	Person string   `required:"" help:"Who says it." placeholder:"NAME"`
	Files  []string `arg:"" optional:"" name:"file" help:"Three to five WAV files, each with the word said once; without them, the microphone." type:"existingfile"`
}

func (c *wakeEnrol) Run(ctx context.Context, t *terminal) error {
	config, err := appliance.OwnConfig("", appliance.StateDir())
	if err != nil {
		return &fault{err, "cricket doctor", exitUsage}
	}
	if err := wake.CheckNames(c.Word, c.Person); err != nil {
		return &fault{err, "cricket wake enrol --help", exitUsage}
	}
	bin, err := appliance.Bin()
	if err != nil {
		return err
	}
	recordings, err := c.recordings(ctx, t, config)
	if err != nil {
		return err
	}
	others, err := appliance.OtherSpeech(ctx, bin, c.Word, config.Language)
	if err != nil {
		return &fault{err, "cricket doctor", exitMissing}
	}
	p, estimate, err := wake.Enrol(wake.Bundled(), c.Word, c.Person, recordings, others, time.Now().UTC().Truncate(time.Second))
	if bad, ok := errors.AsType[*wake.BadRecordingError](err); ok && len(c.Files) == 0 {
		return &fault{bad, fmt.Sprintf("cricket wake enrol --word %q --person %q   (and say it once each time, in a quiet room)", c.Word, c.Person), exitRefused}
	}
	if err != nil {
		return wakeFault(err)
	}
	fmt.Fprint(t.out, estimate)
	if estimate.Grade == wake.Poor {
		return &fault{fmt.Errorf("enrol %q for %s: it would not work well, and is not stored", c.Word, c.Person),
			"record it again, or take another word", exitRefused}
	}
	store := appliance.PersonalWords(appliance.StateDir())
	if err := store.Put(p); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%q wakes the box when %s says it. The recordings are not kept; what was learned of them is in %s.\n", c.Word, c.Person, store.Path(c.Word, c.Person))
	return nil
}

// recordings are those of the files, or of the microphone.
func (c *wakeEnrol) recordings(ctx context.Context, t *terminal, config appliance.Config) ([]wake.Recording, error) {
	if len(c.Files) == 0 {
		mic, err := openMicrophone(ctx, config)
		if err != nil {
			return nil, err
		}
		return t.record(ctx, mic, c.Word)
	}
	var all []wake.Recording
	for _, file := range c.Files {
		r, err := readRecording(ctx, file)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// longestRead is a little more than the longest recording that can be good.
const longestRead = 11 * voice.SampleRate

func readRecording(ctx context.Context, file string) (wake.Recording, error) {
	f, err := open(ctx, file)
	if err != nil {
		return wake.Recording{}, fmt.Errorf("open sound file: %w", err)
	}
	defer f.Close()
	r := wake.Recording{Name: file}
	wav, err := voice.NewWAV(f, file)
	for err == nil && len(r.PCM) < longestRead {
		var frame voice.Frame
		if frame, err = wav.Next(); err == nil {
			r.PCM = append(r.PCM, frame.PCM...)
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return r, fmt.Errorf("read recording %s: %w", file, err)
	}
	return r, nil
}

type wakeRm struct {
	Word   string `arg:"" optional:"" help:"The word; all of the person's, where none is given."`
	Person string `help:"Of this person only." placeholder:"NAME"`
}

func (c *wakeRm) Run(t *terminal) error {
	if c.Word == "" && c.Person == "" {
		return &fault{errors.New("forget a wake word: neither a word nor a person is given"), "cricket wake rm WORD --person NAME", exitUsage}
	}
	removed, err := appliance.PersonalWords(appliance.StateDir()).Remove(c.Word, c.Person)
	for _, p := range removed {
		fmt.Fprintf(t.out, "%q of %s is forgotten.\n", p.Word, p.Person)
	}
	if err != nil {
		return err
	}
	if len(removed) == 0 {
		f := &fault{errors.New("forget a wake word: nobody has enrolled that"), "cricket wake list", exitRefused}
		if wake.Bundled().Has(c.Word) {
			f.hint = fmt.Sprintf("%q is bundled; which bundled words wake the box stands under [wake] in config.toml", c.Word)
		}
		return f
	}
	return nil
}
