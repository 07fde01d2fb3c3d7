package split

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cricket-home/cricket/models/random"
)

func TestLayersOfAModel(t *testing.T) {
	file := plainModel(t)
	layers, err := Layers(file)
	if err != nil {
		t.Fatal(err)
	}
	const layer = 2*(4*256*256+3*256*512) + 4*2*256 // matrices of 16 bits, norms of 32
	const words = 2*354*256 + 4*256
	if want := []int64{layer, layer, layer, layer, words}; !slices.Equal(layers[:4], want[:4]) || layers[4] < words || layers[4] > words+64<<10 {
		t.Errorf("the layers have %d bytes, not %d", layers, want)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, damaged := range [][]byte{nil, whole[:20], []byte("ggml" + string(whole[4:])), whole[:2000]} {
		if err := os.WriteFile(file, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if layers, err := Layers(file); err == nil {
			t.Errorf("a file of %d bytes has layers of %d", len(damaged), layers)
		}
	}
}

func FuzzTensors(f *testing.F) {
	var b bytes.Buffer
	if err := random.Llama(&b, random.LlamaShape{Ctx: 8, State: 4, Head: 1, Layer: 1, Feed: 4}, 1); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		file := filepath.Join(t.TempDir(), "model.gguf")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		tensors, err := readTensors(bufio.NewReader(bytes.NewReader(data)))
		layers, wrong := Layers(file)
		if err != nil && wrong == nil || len(tensors) > len(data) {
			t.Errorf("%d tensors, %v; layers %d, %v", len(tensors), err, layers, wrong)
		}
		for _, l := range layers {
			if l < 0 {
				t.Errorf("layers of %d bytes", layers)
			}
		}
	})
}

func FuzzQuestion(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x0e{\"ask\":\"look\"}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var q, again question
		if readFrame(bytes.NewReader(data), &q) != nil {
			return
		}
		var out bytes.Buffer
		if err := writeFrame(&out, q); err != nil {
			t.Fatal(err)
		}
		if out.Len() > 4+maxFrame { // what JSON writes longer than it came
			return
		}
		if err := readFrame(&out, &again); err != nil || again != q {
			t.Errorf("%+v became %+v, %v", q, again, err)
		}
	})
}
