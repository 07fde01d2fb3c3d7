package appliance

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/sync/errgroup"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/intent/llm"
	"github.com/cricket-home/cricket/mesh/claim"
	"github.com/cricket-home/cricket/mesh/intercom"
	"github.com/cricket-home/cricket/mesh/route"
	"github.com/cricket-home/cricket/mesh/state"
	"github.com/cricket-home/cricket/voice/audio"
)

// voiceHold is how long the work for siblings stands still after a sign of somebody
// talking to this box.
const voiceHold = 6 * time.Second

// heavy is what this box's siblings think for it, and it for them.
type heavy struct {
	home  atomic.Pointer[route.Home] // nil until the mesh runs
	node  atomic.Pointer[state.Node] // the same
	brain *route.Brain               // nil: this box answers no siblings
	model state.Model

	mu   sync.Mutex
	hold *time.Timer // until work for siblings goes on
}

// openHeavy opens the brain that answers siblings, where there is a model and a mesh.
func (b *Box) openHeavy() error {
	if b.siblings.mesh == nil || b.model == nil {
		return nil
	}
	file := b.model.Model()
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("open brain for siblings: %w", err)
	}
	name := strings.TrimSuffix(filepath.Base(file), ".gguf")
	// A parameter takes about 0.6 bytes in a file of four bits.
	b.heavy.model = state.Model{Name: name[:min(len(name), 64)], Millions: int(info.Size() / 600_000), Context: 4096}
	if !b.config.Mesh.Brain {
		return nil
	}
	program, err := Program(b.options.Bin, "llama-server")
	if err != nil {
		return err
	}
	free := freeMemory()
	b.heavy.brain = route.NewBrain(route.BrainOptions{Program: program, Model: file, Dir: b.options.RuntimeDir,
		Alone: free > 0 && free < 2*info.Size()+512<<20, Log: b.log.With("part", "brain")})
	return nil
}

// runHeavy tells siblings of this box and hears of them, and answers them. The box lives
// on where that ends.
func (b *Box) runHeavy(ctx context.Context) error {
	m := b.siblings.mesh
	select {
	case <-m.Started():
	case <-ctx.Done():
		return nil
	}
	log := b.log.With("part", "mesh")
	node, err := state.NewNode(m.Host(), m.Siblings, log)
	if err != nil {
		log.Error("siblings answer no heavy prompts", "err", err)
		return nil
	}
	home := route.NewHome(route.HomeOptions{Host: m.Host(), Node: node, Brain: b.heavy.brain, Self: b.selfRecord, Name: b.siblingName, Beyond: b.config.Mesh.ShareWith, Log: log})
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error { return node.Run(ctx) })
	parts.Go(func() error { return home.Run(ctx) })
	if brain := b.heavy.brain; brain != nil {
		brain.Serve(ctx, m.Host(), m.Siblings)
		parts.Go(func() error { return brain.Run(ctx) })
	}
	b.heavy.home.Store(home)
	b.heavy.node.Store(node)
	b.claims.Store(claim.NewNode(m.Host(), m.Siblings, nearest, log))
	defer b.claims.Store(nil)
	b.intercom.Store(intercom.NewNode(m.Host(), m.Siblings, b.hearSibling, log))
	defer b.intercom.Store(nil)
	files, err := b.openWeights()
	if err != nil {
		log.Error("siblings are given no models", "err", err)
	}
	b.weights.Store(files)
	splits, err := b.openSplit()
	if err != nil {
		log.Error("this box has no part in split models", "err", err)
		b.splits.mu.Lock()
		b.splits.fault = err
		b.splits.mu.Unlock()
	}
	b.splits.node.Store(splits)
	defer b.splits.node.Store(nil)
	defer b.endSplit()
	defer b.weights.Store(nil)
	defer b.heavy.home.Store(nil)
	defer b.heavy.node.Store(nil)
	if err := parts.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		log.Error("siblings answer no heavy prompts any more", "err", err)
	}
	return nil
}

// voiceComes stops the work for siblings and other programs at once: somebody talks to this
// box.
func (b *Box) voiceComes() {
	files := b.weights.Load()
	if b.heavy.brain == nil && b.openai.server == nil && files == nil {
		return
	}
	if lent := b.splits.node.Load(); lent != nil {
		lent.Pause()
	}
	if b.heavy.brain != nil {
		b.heavy.brain.Pause()
	}
	if files != nil {
		files.Pause()
	}
	b.openai.pause()
	b.heavy.mu.Lock()
	defer b.heavy.mu.Unlock()
	if b.heavy.hold == nil {
		b.heavy.hold = time.AfterFunc(voiceHold, func() {
			if b.heavy.brain != nil {
				b.heavy.brain.Continue()
			}
			if files := b.weights.Load(); files != nil {
				files.Continue()
			}
			if lent := b.splits.node.Load(); lent != nil {
				lent.Continue()
			}
			b.openai.goOn()
		})
		return
	}
	b.heavy.hold.Reset(voiceHold)
}

func (b *Box) siblingName(id peer.ID) string {
	for _, m := range b.siblings.mesh.Members().All() {
		if m.ID == id {
			return m.Name
		}
	}
	return id.ShortString()
}

// selfRecord is this box as siblings are told of it.
func (b *Box) selfRecord() state.Record {
	r := state.Record{FreeMemory: freeMemory(), Temperature: temperature(), Room: b.roomID(Request{}), Site: b.config.Mesh.Site}
	if len(r.Room) > 64 {
		r.Room = ""
	}
	if b.options.Sound != nil && b.config.Audio.Microphone != audio.None {
		r.Roles = append(r.Roles, state.Ears)
	}
	if b.hasLoudspeaker() && b.silent() == nil {
		r.Roles = append(r.Roles, state.Mouth)
	}
	if b.heavy.model.Name != "" {
		r.Models = []state.Model{b.heavy.model}
	}
	return r
}

// freeMemory is what programs can still take, in bytes: proc_meminfo(5). 0: not known.
func freeMemory() int64 {
	file, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if f := strings.Fields(lines.Text()); len(f) > 1 && f[0] == "MemAvailable:" {
			kib, _ := strconv.ParseInt(f[1], 10, 64)
			return kib << 10
		}
	}
	return 0
}

// temperature is the board's, in degrees Celsius. 0: not known.
func temperature() float64 {
	text, err := os.ReadFile("/sys/class/thermal/thermal_zone0/temp")
	if err != nil {
		return 0
	}
	thousandths, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
	if err != nil || thousandths < -100e3 || thousandths > 200e3 {
		return 0
	}
	return thousandths / 1000
}

// need is what a sentence needs of the box that answers it. A token is about four
// characters.
func (b *Box) need(q llm.Question, room string) route.Need {
	n := route.Need{Heavy: true, Answer: 40, Within: llm.Deadline}
	for _, m := range q.Messages {
		n.Prompt += len(m.Content) / 4
	}
	n.Warm = route.WarmID(prompt(q))
	n.Stays = b.stays(room)
	return n
}

// stays is why what is said in a room is not told to any other machine; "": it may be.
func (b *Box) stays(room string) string {
	area, ok := b.house.Now().Home.Area(room)
	if private := b.config.Mesh.Private; slices.Contains(private, "*") || ok && slices.Contains(private, area.ID) || room != "" && slices.Contains(private, room) {
		return "what is said in " + room + " never leaves this box"
	}
	return ""
}

func prompt(q llm.Question) route.Prompt {
	p := route.Prompt{Grammar: q.Grammar, Tokens: q.Tokens}
	for _, m := range q.Messages {
		p.Messages = append(p.Messages, route.Message(m))
	}
	return p
}

// consult asks the best box's model, this one's where that is the best or all others
// fail. What a sibling says is checked like what the model here says. begun is told the first
// sentence of an answer, once: after that a sibling's answer is only gone on with, by another
// sibling where the first one fails, and nobody begins another.
func (b *Box) consult(ctx context.Context, q intent.Query, begun func(sentence string)) (thought, error) {
	t, ok := b.askSplit(ctx, q)
	if ok {
		return t, nil
	}
	if home := b.heavy.home.Load(); home != nil && len(b.siblings.mesh.Siblings()) > 0 {
		question := llm.NewVocabulary(b.house.Now().Home.Names()).Question(q)
		asking, stop := context.WithCancelCause(ctx)
		patience := time.AfterFunc(llm.Deadline/2, func() {
			if b.model != nil { // which is to have some time left
				stop(context.DeadlineExceeded)
			}
		})
		p, first, surely := prompt(question), "", 0.0
		p.Spoken = func(text string, sure float64) bool {
			if first = question.Begins(text, sure); first == "" || !patience.Stop() && b.model != nil {
				first = ""
				return false
			}
			surely = sure
			begun(first)
			return true
		}
		answer, asked := home.Ask(asking, b.need(question, q.Room), p, func(route.Piece) error { return nil })
		patience.Stop()
		if asked != nil && context.Cause(asking) != nil {
			asked = context.Cause(asking)
		}
		stop(nil)
		if asked == nil {
			d := answer.Done
			a, err := question.Read(answer.Text, max(d.Sure, surely))
			if err == nil && !strings.HasPrefix(a.Say, first) {
				err = errors.New("read the sibling's answer: it takes back what was said already")
			}
			return thought{a, llm.Stats{Cached: d.Cached, Read: d.Read, Written: d.Written, ReadMS: d.ReadMS, WriteMS: d.WriteMS}, b.siblingName(answer.By), true}, err
		}
		if t.by = "siblings"; b.model == nil || first != "" {
			return t, asked
		}
		t.by = "this box, because " + asked.Error()
	}
	var err error
	t.Answer, t.stats, err = b.model.Answer(ctx, q, begun)
	if err == nil {
		b.wrote.add(float64(t.stats.Written), t.stats.WriteMS/1000)
	}
	return t, err
}

// thought is what a language model made of a sentence.
type thought struct {
	llm.Answer
	stats  llm.Stats
	by     string // what is said of whose it is; "": this box's
	advice bool   // it is another box's
}

// thinks says whether there is any model to ask.
func (b *Box) thinks() bool { return b.model != nil || b.heavy.home.Load() != nil }

// RouteReport is the answer to GET /mesh/route: the boxes that can answer a sentence, the
// best first, and those that cannot, each with its reason.
type RouteReport struct {
	Can    []string `json:"can"`
	Cannot []string `json:"cannot"`
}

// routeOf says which box would be asked a sentence.
func (b *Box) routeOf(w http.ResponseWriter, r *http.Request) {
	home := b.heavy.home.Load()
	if home == nil {
		http.Error(w, "this box has no siblings: cricket mesh pair", http.StatusServiceUnavailable)
		return
	}
	room := b.room(Request{Room: r.FormValue("room")})
	q := llm.NewVocabulary(b.house.Now().Home.Names()).Question(intent.Query{Text: r.FormValue("text"), Room: room})
	can, cannot := home.Rank(b.need(q, room))
	out := RouteReport{Can: []string{}, Cannot: []string{}}
	for _, c := range can {
		out.Can = append(out.Can, c.Why)
	}
	for _, c := range cannot {
		out.Cannot = append(out.Cannot, c.Why)
	}
	writeJSON(w, out)
}
