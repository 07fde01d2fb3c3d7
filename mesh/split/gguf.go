package split

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

var errGGUF = errors.New("it is no GGUF file of version 2 or 3")

// maxEntries bounds what a file says about itself.
const maxEntries = 1 << 20

// Layers reads how many bytes each layer of a model has, the first one first and at last what
// turns the result into words. What comes before the first layer is not among them: it is never
// lent. docs/gguf.md of the ggml project.
func Layers(file string) (bytes []int64, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	tensors, err := readTensors(bufio.NewReaderSize(f, 1<<16))
	if err != nil {
		return nil, fmt.Errorf("read model %s: %w", file, err)
	}
	slices.SortFunc(tensors, func(a, b tensor) int { return int(a.offset - b.offset) })
	var first, last int64 // bytes of the words on their way in and out
	for i, t := range tensors {
		size := info.Size() - t.offset // of the last: with the head of the file, which is little
		if i+1 < len(tensors) {
			size = tensors[i+1].offset - t.offset
		}
		if size < 0 {
			return nil, fmt.Errorf("read model %s: %w", file, errGGUF)
		}
		number, of, _ := strings.Cut(strings.TrimPrefix(t.name, "blk."), ".")
		n, err := strconv.Atoi(number)
		switch {
		case strings.HasPrefix(t.name, "blk.") && of != "" && err == nil && n >= 0 && n < 1024:
			for len(bytes) <= n {
				bytes = append(bytes, 0)
			}
			bytes[n] += size
		case strings.HasPrefix(t.name, "output"):
			last += size
		case t.name == "token_embd.weight":
			first = size
		}
	}
	if len(bytes) == 0 {
		return nil, fmt.Errorf("read model %s: it has no layers", file)
	}
	if last < first/4 { // the words on their way out are those on their way in
		last += first
	}
	return append(bytes, last), nil
}

// tensor is one array of a file.
type tensor struct {
	name   string
	offset int64
}

// reader reads numbers, and remembers what went wrong first.
type reader struct {
	*bufio.Reader
	err error
}

func (r *reader) number(bytes int) uint64 {
	var b [8]byte
	if _, err := io.ReadFull(r, b[:bytes]); err != nil && r.err == nil {
		r.err = err
	}
	return binary.LittleEndian.Uint64(b[:])
}

func (r *reader) text() string {
	n := r.number(8)
	if n > 1<<16 {
		r.skip(n)
		return ""
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil && r.err == nil {
		r.err = err
	}
	return string(b)
}

func (r *reader) skip(n uint64) {
	if n > 1<<30 {
		n, r.err = 0, errGGUF
	}
	if _, err := r.Discard(int(n)); err != nil && r.err == nil {
		r.err = err
	}
}

// sizes are those of GGUF's plain types, in bytes.
var sizes = map[uint64]uint64{0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}

// value skips a value of a kind. In: the numbers of GGUF's types; 8 is text, 9 an array.
func (r *reader) value(kind uint64) {
	switch size, plain := sizes[kind]; {
	case plain:
		r.skip(size)
	case kind == 8:
		r.skip(r.number(8))
	case kind == 9:
		of, n := r.number(4), r.number(8)
		if n > maxEntries || of == 9 {
			r.err = errGGUF
			return
		}
		for i := uint64(0); i < n && r.err == nil; i++ {
			r.value(of)
		}
	default:
		r.err = errGGUF
	}
}

func readTensors(b *bufio.Reader) ([]tensor, error) {
	r := &reader{Reader: b}
	magic, version := r.number(4), r.number(4)
	n, keys := r.number(8), r.number(8)
	if r.err != nil || magic != 0x46554747 || version < 2 || version > 3 || n > maxEntries || keys > maxEntries {
		return nil, errors.Join(errGGUF, r.err)
	}
	for i := uint64(0); i < keys && r.err == nil; i++ {
		r.text()
		r.value(r.number(4))
	}
	var out []tensor
	for i := uint64(0); i < n && r.err == nil; i++ {
		t := tensor{name: r.text()}
		dims := r.number(4)
		if dims > 8 {
			return nil, errGGUF
		}
		r.skip(8 * dims)
		r.number(4) // type of the elements
		t.offset = int64(r.number(8))
		if t.offset < 0 {
			return nil, errGGUF
		}
		out = append(out, t)
	}
	return out, r.err
}
