package microwakeword

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// reader reads a FlatBuffers file (flatbuffers.dev/internals) with every offset
// checked. The first fault is kept in err; reads after it give zeros, so that a
// caller may read a whole table and look once.
type reader struct {
	data []byte
	err  error
	// left is how many more bytes may be taken out of the file. Vectors may
	// overlap, so a small file could describe more than memory holds.
	left int
}

var errTruncated = errors.New("the model file is damaged: an offset points outside it")

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// bytes are the n bytes at an offset; nil where they are not all in the file.
func (r *reader) bytes(at, n int) []byte {
	if r.err != nil || at < 0 || n < 0 || at > len(r.data) || n > len(r.data)-at {
		r.fail(errTruncated)
		return nil
	}
	return r.data[at : at+n]
}

func (r *reader) uint16(at int) int {
	if b := r.bytes(at, 2); b != nil {
		return int(binary.LittleEndian.Uint16(b))
	}
	return 0
}

func (r *reader) uint32(at int) uint32 {
	if b := r.bytes(at, 4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// follow is where the unsigned offset stored at a place leads to.
func (r *reader) follow(at int) int { return at + int(r.uint32(at)) }

// table is a FlatBuffers table: fields found by number through its vtable.
type table struct {
	r      *reader
	at     int
	size   int // of the fields, from at
	vtable []byte
}

// table reads the table whose offset is stored at a place.
func (r *reader) table(at int) table {
	t := table{r: r, at: r.follow(at)}
	vtable := t.at - int(int32(r.uint32(t.at)))
	length := r.uint16(vtable)
	t.size = r.uint16(vtable + 2)
	if length < 4 {
		r.fail(errTruncated)
	}
	r.bytes(t.at, t.size)
	t.vtable = r.bytes(vtable, length)
	return t
}

// field is where field n with a width in bytes lies; 0 where the table has no such field.
func (t table) field(n, width int) int {
	at := 4 + 2*n
	if at+2 > len(t.vtable) {
		return 0
	}
	offset := int(binary.LittleEndian.Uint16(t.vtable[at:]))
	if offset == 0 {
		return 0
	}
	if offset+width > t.size {
		t.r.fail(errTruncated)
		return 0
	}
	return t.at + offset
}

func (t table) byte(n int) int {
	if at := t.field(n, 1); at != 0 {
		if b := t.r.bytes(at, 1); b != nil {
			return int(b[0])
		}
	}
	return 0
}

func (t table) int32(n, otherwise int) int {
	if at := t.field(n, 4); at != 0 {
		return int(int32(t.r.uint32(at)))
	}
	return otherwise
}

// vector is where the elements of a vector lie and how many there are. A vector
// longer than limit is a fault.
func (t table) vector(n, width, limit int, what string) (at, count int) {
	field := t.field(n, 4)
	if field == 0 {
		return 0, 0
	}
	start := t.r.follow(field)
	length := t.r.uint32(start)
	if t.r.err == nil && int64(length) > int64(limit) {
		t.r.fail(fmt.Errorf("the model has %d %s, more than %d", length, what, limit))
	}
	count = int(length)
	if t.r.err == nil && count*width > t.r.left {
		t.r.fail(fmt.Errorf("the model needs more than %d bytes of memory", maxMemory))
	}
	t.r.bytes(start+4, count*width)
	if t.r.err != nil {
		return 0, 0
	}
	t.r.left -= count * width
	return start + 4, count
}

func (t table) string(n int) string {
	at, count := t.vector(n, 1, maxName, "bytes in a name")
	return string(t.r.bytes(at, count))
}

func (t table) ints(n, limit int, what string) []int {
	at, count := t.vector(n, 4, limit, what)
	list := make([]int, count)
	for i := range list {
		list[i] = int(int32(t.r.uint32(at + 4*i)))
	}
	return list
}

func (t table) floats(n, limit int, what string) []float32 {
	at, count := t.vector(n, 4, limit, what)
	list := make([]float32, count)
	for i := range list {
		list[i] = math.Float32frombits(t.r.uint32(at + 4*i))
	}
	return list
}

func (t table) longs(n, limit int, what string) []int64 {
	at, count := t.vector(n, 8, limit, what)
	list := make([]int64, count)
	for i := range list {
		list[i] = int64(uint64(t.r.uint32(at+8*i)) | uint64(t.r.uint32(at+8*i+4))<<32)
	}
	return list
}

// tables are the tables that a vector of offsets points to.
func (t table) tables(n, limit int, what string) []table {
	at, count := t.vector(n, 4, limit, what)
	list := make([]table, 0, count)
	for i := range count {
		if t.r.err != nil {
			return nil
		}
		list = append(list, t.r.table(at+4*i))
	}
	return list
}
