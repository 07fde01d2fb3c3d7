package microwakeword

import (
	"encoding/binary"
	"slices"
	"testing"
)

// checkParse is what must hold whatever the files hold: Parse gives an error, or
// a model within the limits that runs 100 steps.
func checkParse(t *testing.T, manifest, model []byte, pcm []int16) {
	m, err := Parse(manifest, model)
	if err != nil {
		if m != nil {
			t.Fatal("a model and an error")
		}
		return
	}
	if work := m.program.multiplyAdds + m.program.moved; work > maxWork {
		t.Fatalf("a step takes %d operations", work)
	}
	memory := 0
	for _, size := range m.program.sizes {
		memory += size
	}
	if memory > maxMemory {
		t.Fatalf("a stream takes %d bytes", memory)
	}
	s := m.NewStream()
	if p, _ := s.Push(pcm); p < 0 || p > 1 {
		t.Fatalf("a probability of %v", p)
	}
	for range 100 {
		s.step()
	}
	s.Reset()
	if raw := s.Raw(); raw != 0 {
		t.Fatalf("raw is %d after Reset", raw)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(smallManifest), file(small()...))
	pcm := talk(4800)
	f.Fuzz(func(t *testing.T, manifest, model []byte) { checkParse(t, manifest, model, pcm) })
}

// FuzzPatches changes a model that is whole: each four bytes of patches are a
// place in it and the new value there, so that most of it stays believable.
func FuzzPatches(f *testing.F) {
	whole := file(small()...)
	pcm := talk(4800)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, patches []byte) {
		model := slices.Clone(whole)
		for patch := range slices.Chunk(patches, 4) {
			if len(patch) == 4 {
				at := int(binary.LittleEndian.Uint16(patch)) % (len(model) - 1)
				copy(model[at:], patch[2:])
			}
		}
		checkParse(t, []byte(smallManifest), model, pcm)
	})
}
