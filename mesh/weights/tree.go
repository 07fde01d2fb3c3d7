package weights

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
)

// Chunk is the bytes of a leaf; the last one of a file may have fewer.
const Chunk = 4 << 20

// maxSize is the bytes of a file that is taken from siblings. Its list has 512 KiB.
const maxSize = 16384 * Chunk

// Sum is a SHA-256.
type Sum = [sha256.Size]byte

// Tree is the hash tree of a file.
type Tree struct {
	Size   int64 // bytes
	Leaves []Sum
}

// leaf is the hash of a chunk [RFC 6962, 2.1].
func leaf(chunk []byte) (s Sum) {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(chunk)
	h.Sum(s[:0])
	return s
}

// Root is the head of the tree [RFC 6962, 2.1].
func (t Tree) Root() Sum { return root(t.Leaves) }

func root(leaves []Sum) Sum {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	}
	k := 1 << (bits.Len(uint(len(leaves)-1)) - 1) // the largest power of two below
	left, right := root(leaves[:k]), root(leaves[k:])
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

// chunks is how many a file of that size has.
func chunks(size int64) int { return int((size + Chunk - 1) / Chunk) }

// length is the bytes of a chunk.
func (t Tree) length(i int) int { return int(min(Chunk, t.Size-int64(i)*Chunk)) }

// check refuses a tree that cannot be.
func (t Tree) check() error {
	if t.Size < 1 || t.Size > maxSize {
		return fmt.Errorf("its file has %d bytes; 1 to %d are taken", t.Size, int64(maxSize))
	}
	if len(t.Leaves) != chunks(t.Size) {
		return fmt.Errorf("it has %d chunks for %d bytes", len(t.Leaves), t.Size)
	}
	return nil
}

// errRotten says that a file has not the hash any more under which it is known.
var errRotten = errors.New("the file here has other bytes than it had when it was checked")

// readTree hashes a file. wait is called before each chunk, and its error ends the reading.
func readTree(path, sum string, wait func() error) (Tree, error) {
	f, err := os.Open(path)
	if err != nil {
		return Tree{}, err
	}
	defer f.Close()
	var t Tree
	whole, buf := sha256.New(), make([]byte, Chunk)
	for {
		if err := wait(); err != nil {
			return Tree{}, err
		}
		n, err := io.ReadFull(f, buf)
		if n > 0 {
			whole.Write(buf[:n])
			t.Size, t.Leaves = t.Size+int64(n), append(t.Leaves, leaf(buf[:n]))
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return Tree{}, err
		}
	}
	if hex.EncodeToString(whole.Sum(nil)) != sum {
		return Tree{}, errRotten
	}
	return t, t.check()
}
