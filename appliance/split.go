package appliance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/intent/llm"
	"github.com/cricket-home/cricket/mesh/route"
	"github.com/cricket-home/cricket/mesh/split"
	"github.com/cricket-home/cricket/models"
)

// fallback is what the model that stays on this box beside a split one takes besides its file:
// the warm prompts (--cache-ram) and what it computes with.
const fallback = 512 << 20

// splits is this box's part in models that run on several boxes.
type splits struct {
	node    atomic.Pointer[split.Node]    // nil until the mesh runs, and where the engine is not whole
	running atomic.Pointer[split.Running] // nil: nothing is split from here

	begins sync.Mutex // held while one is begun

	mu    sync.Mutex
	lost  string // why the last one ended, where a box was lost
	fault error  // why this box can have no part in any
}

// SplitReport is the answer to GET /mesh/split.
type SplitReport struct {
	Model    string        `json:"model"`  // "": nothing is split from this box
	Shares   []split.Share `json:"shares"` // of the siblings
	Tokens   float64       `json:"tokens"` // per second, as measured at the start
	Sent     int64         `json:"sent"`   // bytes, through the tunnels
	Received int64         `json:"received"`
	Lost     string        `json:"lost"` // why the one before ended
	Lent     string        `json:"lent"` // the sibling that has this box's memory
}

// SplitLine is a line of what POST /mesh/split answers.
type SplitLine struct {
	Text    string `json:"text,omitempty"`
	Error   string `json:"error,omitempty"`
	Refused bool   `json:"refused,omitempty"` // it is not worth it, or not allowed; nothing is broken
	Done    bool   `json:"done,omitempty"`
}

// openSplit lends memory, where the owner wants it, and lets models be split from here.
func (b *Box) openSplit() (*split.Node, error) {
	c := b.config.Mesh
	if c.Lend == 0 && !c.Split {
		return nil, nil
	}
	server, err := Program(b.options.Bin, "llama-server")
	if err != nil {
		return nil, err
	}
	engine, err := split.FindEngine(server)
	if err != nil {
		return nil, err
	}
	self, err := Program(b.options.Bin, "cricket")
	if err != nil {
		return nil, err
	}
	m := b.siblings.mesh
	node := split.NewNode(split.Options{Host: m.Host(), Siblings: m.Siblings, Name: b.siblingName, Engine: engine, Self: self, Dir: b.options.RuntimeDir,
		Cache: filepath.Join(b.options.StateDir, "mesh", "layers"), Free: freeMemory, Log: b.log.With("part", "split")})
	node.Lend(c.Lend << 20)
	return node, nil
}

// checkSplit says why this box has no part in split models, where its owner wants one.
func (b *Box) checkSplit() []Finding {
	b.splits.mu.Lock()
	defer b.splits.mu.Unlock()
	if b.splits.fault == nil {
		return nil
	}
	return []Finding{{Part: "split", Text: b.splits.fault.Error(), Hint: "apt-get install llama.cpp-tools llama.cpp-tools-extra libggml0-backend-rpc"}}
}

// split splits a model over siblings, and tells how it goes on.
func (b *Box) split(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/jsonl")
	tell := func(l SplitLine) {
		json.NewEncoder(w).Encode(l)
		http.NewResponseController(w).Flush()
	}
	if err := r.ParseForm(); err != nil {
		tell(SplitLine{Error: err.Error()})
		return
	}
	running, err := b.beginSplit(r.Context(), r.Form.Get("model"), r.Form["sibling"], func(text string) { tell(SplitLine{Text: text}) })
	if err != nil {
		_, refused := errors.AsType[*split.Refusal](err)
		tell(SplitLine{Error: err.Error(), Refused: refused})
		return
	}
	tell(SplitLine{Text: fmt.Sprintf("%s answers on %d boxes, %.1f tokens a second.", filepath.Base(running.Model), 1+len(running.Shares), running.Speed), Done: true})
}

func (b *Box) beginSplit(ctx context.Context, model string, siblings []string, tell func(string)) (*split.Running, error) {
	if !b.splits.begins.TryLock() {
		return nil, &split.Refusal{Why: "a model is being split already: cricket mesh split"}
	}
	defer b.splits.begins.Unlock()
	node := b.splits.node.Load()
	switch {
	case !b.config.Mesh.Split:
		return nil, &split.Refusal{Why: "this box may split no model: mesh.split in config.toml"}
	case node == nil:
		return nil, errors.New("the mesh does not run yet, or the engine is not whole: cricket doctor")
	case b.model == nil:
		return nil, &split.Refusal{Why: "no language model is chosen that answers when a box is lost: cricket models use"}
	case b.splits.running.Load() != nil:
		return nil, &split.Refusal{Why: "a model is split already: cricket mesh split --off"}
	}
	file, err := b.languageModelFile(model)
	if err != nil {
		return nil, err
	}
	resident, err := os.Stat(b.model.Model())
	if err != nil {
		return nil, fmt.Errorf("measure the model that stays: %w", err)
	}
	order := split.Order{Model: file, Free: freeMemory() - resident.Size() - fallback, Tell: tell}
	for _, name := range siblings {
		m, err := b.siblings.mesh.Members().Find(name)
		if err != nil {
			return nil, &split.Refusal{Why: err.Error()}
		}
		order.Siblings = append(order.Siblings, m.ID)
	}
	order.Alone = b.aloneSpeeds(strings.TrimSuffix(filepath.Base(file), ".gguf"))
	running, err := node.Begin(ctx, order)
	if err != nil {
		return nil, err
	}
	b.splits.running.Store(running)
	go b.watchSplit(running)
	return running, nil
}

// languageModelFile is the file of an installed language model, by its id, or a GGUF file itself.
func (b *Box) languageModelFile(name string) (string, error) {
	if filepath.IsAbs(name) && filepath.Ext(name) == ".gguf" {
		return name, nil
	}
	catalogue, err := models.Builtin()
	if err != nil {
		return "", err
	}
	entries, err := Models(b.options.StateDir).Entries(catalogue)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if e.Model.ID == name && e.Model.Purpose == models.LLM && e.Usable() {
			return e.Path, nil
		}
	}
	return "", &split.Refusal{Why: fmt.Sprintf("%q is neither an installed language model nor a file.gguf: cricket models pull %s", name, name)}
}

// aloneSpeeds are the speeds of siblings that answer with a model by themselves.
func (b *Box) aloneSpeeds(model string) (out []split.Speed) {
	told := b.heavy.node.Load()
	if told == nil {
		return nil
	}
	for _, e := range told.Book().Siblings() {
		for _, m := range e.Record.Models {
			if m.Name == model && m.AnswerSpeed > 0 {
				out = append(out, split.Speed{Name: b.siblingName(e.ID), Tokens: m.AnswerSpeed})
			}
		}
	}
	return out
}

// watchSplit waits for the end of a split model. Where a box was lost the house hears it: the
// answers are the small model's from now on.
func (b *Box) watchSplit(r *split.Running) {
	err := r.Err()
	b.splits.running.CompareAndSwap(r, nil)
	if err == nil {
		return
	}
	b.log.Error("the split model answers no more, the one of this box does", "err", err)
	b.splits.mu.Lock()
	b.splits.lost = err.Error()
	b.splits.mu.Unlock()
	box := "Cricket"
	if lost, ok := errors.AsType[*split.LostError](err); ok {
		box = lost.Name
	}
	if err := b.tellAloud(b.house.Now().Home.SplitLost(box), true); err != nil {
		b.log.Warn("nobody was told that the split model is lost", "err", err)
	}
}

// endSplit ends what is split from here.
func (b *Box) endSplit() {
	if r := b.splits.running.Load(); r != nil {
		r.Stop()
	}
}

func (b *Box) unsplit(w http.ResponseWriter, r *http.Request) { b.endSplit() }

func (b *Box) splitNow(w http.ResponseWriter, r *http.Request) {
	out := SplitReport{Shares: []split.Share{}}
	b.splits.mu.Lock()
	out.Lost = b.splits.lost
	b.splits.mu.Unlock()
	if node := b.splits.node.Load(); node != nil {
		if id := node.Borrower(); id != peer.ID("") {
			out.Lent = b.siblingName(id)
		}
	}
	if s := b.splits.running.Load(); s != nil {
		out.Model, out.Shares, out.Tokens, out.Sent, out.Received = filepath.Base(s.Model), s.Shares, s.Speed, s.Sent(), s.Received()
	}
	writeJSON(w, out)
}

// askSplit asks the model that runs on several boxes. ok is false where there is none that may
// be asked, or it was lost meanwhile: then this box's own answers.
func (b *Box) askSplit(ctx context.Context, q intent.Query) (t thought, ok bool) {
	r := b.splits.running.Load()
	if r == nil || b.stays(q.Room) != "" { // siblings compute with what was said
		return t, false
	}
	ctx, stop := context.WithTimeout(ctx, llm.Deadline/2) // the small one is to have some time left
	defer stop()
	question := llm.NewVocabulary(b.house.Now().Home.Names()).Question(q)
	var text strings.Builder
	d, err := route.NewLlama(r.Socket).Complete(ctx, prompt(question), route.Resume{}, func(p route.Piece) error {
		text.WriteString(p.Text)
		return nil
	})
	if err != nil {
		return t, false
	}
	a, err := question.Read(text.String(), d.Sure)
	if err != nil {
		return t, false
	}
	return thought{a, llm.Stats{Cached: d.Cached, Read: d.Read, Written: d.Written, ReadMS: d.ReadMS, WriteMS: d.WriteMS}, fmt.Sprintf("%d boxes together", 1+len(r.Shares)), true}, true
}
