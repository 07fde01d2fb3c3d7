package appliance

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/intent/llm"
	"github.com/cricket-home/cricket/mesh"
	"github.com/cricket-home/cricket/mesh/route"
	"github.com/cricket-home/cricket/mesh/state"
)

// writing is a sibling's brain that writes an answer, piece by piece.
type writing struct {
	pieces []string
	sure   float64
	breaks bool            // after the last piece, without an end
	wait   <-chan struct{} // before the last piece; nil: none does
}

// answer serves a stream as mesh/route describes it.
func (w writing) answer(s network.Stream) {
	defer s.Close()
	if s.Write(make([]byte, 16)); len(w.pieces) == 0 {
		return
	}
	var size [4]byte
	io.ReadFull(s, size[:])
	io.ReadFull(s, make([]byte, binary.BigEndian.Uint32(size[:])))
	frame := func(kind byte, data []byte) {
		s.Write(append(binary.BigEndian.AppendUint16([]byte{kind}, uint16(len(data))), data...))
	}
	say := func(kind byte, v any) {
		data, _ := json.Marshal(v)
		frame(kind, data)
	}
	say(1, route.Accepted{Model: "big", Tokenizer: "x"})
	for i, p := range w.pieces {
		if w.wait != nil && i == len(w.pieces)-1 {
			<-w.wait
		}
		frame(10, binary.BigEndian.AppendUint32(nil, uint32(1e6*w.sure)))
		frame(2, append([]byte{1, 0, 0, 1, byte(i)}, p...))
	}
	if w.breaks {
		s.Reset()
		return
	}
	say(6, route.Done{Written: len(w.pieces), Sure: w.sure})
}

// besides gives a box a sibling that is better at heavy prompts than it is.
func besides(t *testing.T, b *Box, w writing) {
	t.Helper()
	own, other := siblingHost(t), siblingHost(t)
	log := slog.New(slog.DiscardHandler)
	m, err := mesh.Open(mesh.Options{StateDir: t.TempDir(), Name: "Hall", Listen: "127.0.0.1:0", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Members().Begin("Hall"); err != nil {
		t.Fatal(err)
	}
	if err := m.Members().Admit(other.ID(), "Attic"); err != nil {
		t.Fatal(err)
	}
	b.siblings.mesh = m
	here, err := state.NewNode(own, func() []peer.ID { return []peer.ID{other.ID()} }, log)
	if err != nil {
		t.Fatal(err)
	}
	there, err := state.NewNode(other, func() []peer.ID { return []peer.ID{own.ID()} }, log)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range []*state.Node{here, there} {
		run(t, func(ctx context.Context) error {
			if err := node.Run(ctx); !errors.Is(err, context.Canceled) {
				return err
			}
			return nil
		})
	}
	other.SetStreamHandler("/cricket/ask/1", w.answer)
	if err := other.Connect(t.Context(), peer.AddrInfo{ID: own.ID(), Addrs: own.Addrs()}); err != nil {
		t.Fatal(err)
	}
	if err := there.Tell(t.Context(), state.Record{Roles: []string{state.Brain}, Models: []state.Model{{Name: "big", Millions: 8000, Context: 4096, AnswerSpeed: 100, PromptSpeed: 1000}}}); err != nil {
		t.Fatal(err)
	}
	home := route.NewHome(route.HomeOptions{Host: own, Node: here, Self: func() state.Record { return state.Record{} }, Name: b.siblingName, Log: log})
	late := time.After(time.Minute)
	for {
		changed := here.Changed()
		if can, _ := home.Rank(route.Need{Heavy: true, Prompt: 100, Answer: 40}); len(can) == 1 {
			break
		}
		select {
		case <-changed:
		case <-late:
			t.Fatal("the sibling never offers itself")
		}
	}
	b.heavy.home.Store(home)
}

// A sibling's answer is begun to be spoken before it is whole. What was begun is not begun again
// by the model here, nor changed; what was not is.
func TestAnswerOfASiblingIsSpokenAsItComes(t *testing.T) {
	const far, says = "It is far away.", "The language model says: "
	ours := llm.Answer{Say: "Ask me another.", Confidence: 0.9}
	for _, tt := range []struct {
		name    string
		sibling writing
		begun   []string
		reply   string
	}{
		{"it comes whole", writing{pieces: []string{`{"say":"It is far away. N`, `obody walks there."}`}, sure: 0.9}, []string{says + far}, says + far + " Nobody walks there."},
		{"it has one sentence", writing{pieces: []string{`{"say":"It is `, `far away."}`}, sure: 0.9}, nil, says + far},
		{"it breaks off when it is heard", writing{pieces: []string{`{"say":"It is far away. N`, `obody`}, sure: 0.9, breaks: true}, []string{says + far}, says + far + " The language model broke off here."},
		{"it breaks off before", writing{pieces: []string{`{"say":"It is far`, ` away`}, sure: 0.9, breaks: true}, nil, says + ours.Say},
		{"it is not sure", writing{pieces: []string{`{"say":"It is far away. N`, `obody`}, sure: 0.3, breaks: true}, nil, says + ours.Say},
		{"it takes back what was heard", writing{pieces: []string{`{"say":"It is far away. N`, `obody.","say":"It is near."}`}, sure: 0.9}, []string{says + far}, says + far + " The language model broke off here."},
		{"it makes an action of it", writing{pieces: []string{`{"say":"It is far away. N`, `obody.","do":[{"turn_on":"Lamp"}]}`}, sure: 0.9}, []string{says + far}, says + far + " The language model broke off here."},
		{"an action breaks off", writing{pieces: []string{`{"do":[{"turn_on":"far away. A`, `b`}, sure: 0.9, breaks: true}, nil, says + ours.Say},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBox(t, oneLamp, free(), true)
			o := &oracle{answer: ours}
			b.model = o
			heard := make(chan struct{})
			if tt.begun != nil {
				tt.sibling.wait = heard // the rest is not written before the beginning was heard
			}
			besides(t, b, tt.sibling)
			for _, part := range []func(context.Context) error{b.broker.Run, b.house.Run, b.client.Run, b.follow, b.devices.Run} { // and not the mesh
				run(t, part)
			}
			if err := b.Ready(within(t)); err != nil {
				t.Fatal(err)
			}
			var begun []string
			r := b.Ask(within(t), "how far is it to the moon", Request{Taken: func(r Result) {
				if begun = append(begun, r.Reply); len(begun) == 1 {
					close(heard)
				}
			}})
			if !slices.Equal(begun, tt.begun) || r.Reply != tt.reply || len(r.Actions) > 0 {
				t.Errorf("begun %q, then %q, %v", begun, r.Reply, r.Actions)
			}
			if again := strings.Contains(tt.reply, ours.Say); again != (len(o.asked) > 0) {
				t.Errorf("the model here was asked %q", o.asked)
			}
		})
	}
}
