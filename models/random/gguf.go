package random

// GGUF's value types, of which these are used.
const (
	ggufU32    = 4
	ggufI32    = 5
	ggufF32    = 6
	ggufBool   = 7
	ggufString = 8
	ggufArray  = 9
)

// Tensor data starts at, and every tensor begins at, a multiple of this many bytes.
const ggufAlignment = 32

// gguf collects key-value pairs, whose number stands before them in the file.
type gguf struct {
	file *file
	keys []func()
}

func (g *gguf) key(name string, kind uint32, value func(*file)) {
	g.keys = append(g.keys, func() {
		g.file.text(name)
		g.file.u32(kind)
		value(g.file)
	})
}

func (g *gguf) number(name string, n int) {
	g.key(name, ggufU32, func(f *file) { f.u32(uint32(n)) })
}

func (g *gguf) text(name, value string) {
	g.key(name, ggufString, func(f *file) { f.text(value) })
}

func (g *gguf) array(name string, kind uint32, n int, element func(f *file, i int)) {
	g.key(name, ggufArray, func(f *file) {
		f.u32(kind)
		f.u64(uint64(n))
		for i := range n {
			element(f, i)
		}
	})
}

// write writes the header, the collected keys, the index of the tensors and their data.
func (g *gguf) write(tensors []tensor) error {
	f := g.file
	f.write([]byte("GGUF"))
	f.u32(3) // version
	f.u64(uint64(len(tensors)))
	f.u64(uint64(len(g.keys)))
	for _, k := range g.keys {
		k()
	}
	offset := 0 // from the first tensor's data
	for _, t := range tensors {
		f.text(t.name)
		f.u32(uint32(len(t.dims)))
		for _, d := range t.dims {
			f.u64(uint64(d))
		}
		f.u32(t.kind())
		f.u64(uint64(offset))
		offset += (t.size() + ggufAlignment - 1) / ggufAlignment * ggufAlignment
	}
	for _, t := range tensors {
		f.pad()
		f.data(t)
	}
	f.pad()
	return f.w.Flush()
}

func (f *file) pad() {
	for f.at%ggufAlignment != 0 {
		f.write([]byte{0})
	}
}

func (f *file) text(s string) {
	f.u64(uint64(len(s)))
	f.write([]byte(s))
}
