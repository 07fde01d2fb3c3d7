package intercom

import (
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

func newHost(t *testing.T) host.Host {
	t.Helper()
	h, err := libp2p.New(libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.Transport(tcp.NewTCPTransport), libp2p.Security(noise.ID, noise.New), libp2p.DisableRelay())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// speech is something with the swing of a voice.
func speech(samples int) []int16 {
	pcm := make([]int16, samples)
	for i := range pcm {
		x := float64(i) / Rate
		pcm[i] = int16(6000 * math.Sin(2*math.Pi*3*x) * (math.Sin(2*math.Pi*180*x) + 0.5*math.Sin(2*math.Pi*1240*x)))
	}
	return pcm
}

// portions gives samples a block at a time.
func portions(pcm []int16) func() ([]int16, error) {
	return func() ([]int16, error) {
		if len(pcm) == 0 {
			return nil, io.EOF
		}
		n := min(Block, len(pcm))
		out := pcm[:n]
		pcm = pcm[n:]
		return out, nil
	}
}

func noiseOf(want, got []int16) (db float64) {
	var signal, noise float64
	for i := range want {
		signal += float64(want[i]) * float64(want[i])
		noise += math.Pow(float64(want[i])-float64(got[i]), 2)
	}
	return 10 * math.Log10(signal/noise)
}

func TestSoundOfFourBits(t *testing.T) {
	pcm := speech(Rate)
	var c coder
	var back []int16
	for next := portions(pcm); ; {
		block, err := next()
		if err != nil {
			break
		}
		coded := c.encode(block)
		part, ok := decode(coded)
		if len(coded) != blockBytes || !ok {
			t.Fatalf("a block of %d bytes is read: %v", len(coded), ok)
		}
		back = append(back, part...)
	}
	if db := noiseOf(pcm, back); db < 20 {
		t.Errorf("the noise is only %.0f dB below the voice", db)
	}
	for _, loud := range []int16{32767, -32768} { // as hard as it comes
		square := make([]int16, Block)
		for i := range square {
			if square[i] = loud; i/8%2 == 0 {
				square[i] = -loud - 1
			}
		}
		if _, ok := decode(c.encode(square)); !ok {
			t.Error("a square wave is no sound")
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(make([]byte, blockBytes))
	f.Fuzz(func(t *testing.T, block []byte) {
		if pcm, ok := decode(block); ok && len(pcm) != Block {
			t.Errorf("%d samples", len(pcm))
		}
	})
}

// pair is two connected boxes, of which the second notes what it hears.
func pair(t *testing.T, refuses func(Message) error) (a *Node, other host.Host, heard func() []Message) {
	t.Helper()
	own, other := newHost(t), newHost(t)
	var mu sync.Mutex
	var all []Message
	log := slog.New(slog.DiscardHandler)
	NewNode(other, func() []peer.ID { return []peer.ID{own.ID()} }, func(_ peer.ID, m Message) error {
		mu.Lock()
		defer mu.Unlock()
		if err := refuses(m); err != nil {
			return err
		}
		if m.Text != "" || m.PCM != nil {
			all = append(all, m)
		}
		return nil
	}, log)
	if err := own.Connect(t.Context(), peer.AddrInfo{ID: other.ID(), Addrs: other.Addrs()}); err != nil {
		t.Fatal(err)
	}
	return NewNode(own, func() []peer.ID { return []peer.ID{other.ID()} }, func(peer.ID, Message) error { return nil }, log), other,
		func() []Message { mu.Lock(); defer mu.Unlock(); return all }
}

func TestMessagesAreHeard(t *testing.T) {
	quiet := errors.New("people sleep there")
	n, other, heard := pair(t, func(m Message) error {
		if m.Room == "bedroom" {
			return quiet
		}
		return nil
	})
	if err := n.Tell(t.Context(), other.ID(), Message{Text: "dinner is ready", Room: "attic"}, nil); err != nil {
		t.Fatal(err)
	}
	pcm := speech(2 * Rate)
	if err := n.Tell(t.Context(), other.ID(), Message{}, portions(pcm)); err != nil {
		t.Fatal(err)
	}
	all := heard()
	if len(all) != 2 || all[0].Text != "dinner is ready" || all[0].Room != "attic" || len(all[1].PCM) != len(pcm) {
		t.Fatalf("%d messages were heard", len(all))
	}
	if db := noiseOf(pcm, all[1].PCM); db < 20 {
		t.Errorf("%.0f dB", db)
	}
	// Where it is not wanted no sound is sent.
	asked := 0
	for _, sound := range []func() ([]int16, error){nil, func() ([]int16, error) { asked++; return nil, io.EOF }} {
		m := Message{Room: "bedroom"}
		if sound == nil {
			m.Text = "wake up"
		}
		err := n.Tell(t.Context(), other.ID(), m, sound)
		if r, refused := errors.AsType[*RefusedError](err); !refused || r.Why != quiet.Error() {
			t.Errorf("%v", err)
		}
	}
	if asked != 0 || len(heard()) != 2 {
		t.Error("somebody who sleeps was spoken to")
	}
	// A message ends after half a minute, however long somebody talks.
	if err := n.Tell(t.Context(), other.ID(), Message{}, func() ([]int16, error) { return make([]int16, Block), nil }); err != nil || len(heard()[2].PCM) != MaxSound {
		t.Errorf("%v", err)
	}
	// The microphone is switched off meanwhile: nothing is heard.
	if err := n.Tell(t.Context(), other.ID(), Message{}, func() ([]int16, error) { return nil, errors.New("muted") }); err == nil || len(heard()) != 3 {
		t.Errorf("%v", err)
	}
}

func TestWhatIsNoMessageIsNotHeard(t *testing.T) {
	n, other, heard := pair(t, func(Message) error { return nil })
	frame := func(text string) string {
		return string(binary.BigEndian.AppendUint32(nil, uint32(len(text)))) + text
	}
	for _, raw := range []string{"", "\xff\xff\xff\xff", frame("{]"), frame(`{}`), frame(`{"text":"` + strings.Repeat("x", 1001) + `"}`), frame(`{"text":"x","sound":true}`),
		frame(`{"sound":true}`), frame(`{"sound":true}`) + "half a block", frame(`{"sound":true}`) + strings.Repeat("\xff", blockBytes)} {
		s, err := n.host.NewStream(network.WithNoDial(t.Context(), "test"), other.ID(), Protocol)
		if err != nil {
			t.Fatal(err)
		}
		s.Write([]byte(raw))
		s.CloseWrite()
		s.SetReadDeadline(time.Now().Add(time.Minute))
		for err == nil {
			_, err = s.Read(make([]byte, 100))
		}
		s.Reset()
	}
	if len(heard()) != 0 {
		t.Errorf("%v were heard", heard())
	}
}
