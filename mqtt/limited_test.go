package mqtt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// packet is an MQTT packet with a body.
func packet(first byte, body []byte) []byte {
	p := []byte{first}
	for n := len(body); ; {
		b := byte(n & 0x7f)
		if n >>= 7; n > 0 {
			p = append(p, b|0x80)
			continue
		}
		return append(append(p, b), body...)
	}
}

func publishPacket(topic string, payload []byte) []byte {
	body := binary.BigEndian.AppendUint16(nil, uint16(len(topic)))
	return packet(0x30, append(append(body, topic...), payload...))
}

// reader is a connection that has this to read.
type reader struct {
	net.Conn
	io.Reader
}

func (r reader) Read(p []byte) (int, error) { return r.Reader.Read(p) }

func TestLongPublishIsLeftOut(t *testing.T) {
	long := make([]byte, maxReceived+70000)
	tests := []struct {
		name  string
		in    [][]byte
		kept  []int // of in
		drops string
		err   string
	}{
		{"nothing long", [][]byte{packet(0x20, []byte{0, 0}), publishPacket("a", nil), packet(0xd0, nil)}, []int{0, 1, 2}, "", "EOF"},
		{"a long one in the middle", [][]byte{publishPacket("a", []byte("x")), publishPacket("big", long), packet(0xd0, nil)}, []int{0, 2}, "big 1118576", "EOF"},
		{"two in a row", [][]byte{publishPacket("b1", long), publishPacket("b2", long), publishPacket("a", nil)}, []int{2}, "b1 1118576, b2 1118576", "EOF"},
		{"as long as may be", [][]byte{publishPacket(strings.Repeat("t", 65535), make([]byte, maxReceived+2))}, []int{0}, "", "EOF"},
		{"cut in the middle of it", [][]byte{publishPacket("a", nil), publishPacket("big", long)[:5000]}, []int{0}, "", "EOF"},
		{"a SUBACK of a megabyte", [][]byte{packet(0x90, make([]byte, 1<<20))}, nil, "", "an answer of 1048576 bytes"},
		{"a length of five bytes", [][]byte{{0x30, 0xff, 0xff, 0xff, 0xff, 1}}, nil, "", "length is not one"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var drops []string
			l := limit(reader{Reader: bytes.NewReader(slices.Concat(tt.in...))}, func(topic string, n int) { drops = append(drops, fmt.Sprint(topic, " ", n)) })
			got, err := io.ReadAll(l)
			if err == nil {
				err = io.EOF
			}
			var want []byte
			for _, i := range tt.kept {
				want = append(want, tt.in[i]...)
			}
			if !bytes.Equal(got, want) || strings.Join(drops, ", ") != tt.drops || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%d bytes, want %d; dropped %q; %v", len(got), len(want), drops, err)
			}
		})
	}
}

// A packet of 200 MB costs no memory.
func TestLongPublishCostsNothing(t *testing.T) {
	const size = 200 << 20
	head := publishPacket("big", nil)
	stream := io.MultiReader(bytes.NewReader([]byte{0x30, 0x80, 0x80, 0x80, 0x64}), // 100 << 21
		bytes.NewReader(head[2:]), io.LimitReader(zeros{}, size-5), bytes.NewReader(packet(0xd0, nil)))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	dropped := 0
	got, err := io.ReadAll(limit(reader{Reader: stream}, func(_ string, n int) { dropped = n }))
	runtime.ReadMemStats(&after)
	if err != nil || len(got) != 2 || dropped != size-5 {
		t.Fatalf("%d bytes, %d dropped, %v", len(got), dropped, err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("%d bytes were allocated", used)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// Whatever the packets, and however they come in pieces, the short ones come through as
// they were, and nothing else.
func FuzzLimited(f *testing.F) {
	f.Add(uint64(1))
	f.Add(uint64(7))
	f.Add(uint64(42))
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 1))
		var in, want []byte
		for range r.IntN(8) {
			size := []int{0, 1, 127, 128, 16384, maxPublish - 3, maxPublish - 2, maxPublish + 70000}[r.IntN(8)]
			p := publishPacket("t", make([]byte, size))
			in = append(in, p...)
			if size+3 <= maxPublish {
				want = append(want, p...)
			}
		}
		var got []byte
		l := limit(reader{Reader: bytes.NewReader(in)}, func(string, int) {})
		for {
			piece := make([]byte, 1+r.IntN(100000))
			n, err := l.Read(piece)
			if got = append(got, piece[:n]...); err != nil {
				break
			}
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%d bytes, want %d", len(got), len(want))
		}
	})
}
