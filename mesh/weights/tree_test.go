package weights

import (
	"bytes"
	"encoding/hex"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// The vectors of Certificate Transparency's reference implementation.
func TestRoot(t *testing.T) {
	var leaves []Sum
	for _, c := range []struct{ leaf, root string }{
		{"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
		{"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
		{"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
		{"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
		{"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
		{"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
		{"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
		{"606162636465666768696a6b6c6d6e6f", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
	} {
		data, err := hex.DecodeString(c.leaf)
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, leaf(data))
		if got := (Tree{Leaves: leaves}).Root(); hex.EncodeToString(got[:]) != c.root {
			t.Errorf("%d leaves: %x", len(leaves), got)
		}
	}
}

func TestTreeOfAFile(t *testing.T) {
	for _, size := range []int{1, Chunk - 1, Chunk, Chunk + 1, 2 * Chunk} {
		data := content(size)
		path := filepath.Join(t.TempDir(), "model")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readTree(path, sumOf(data), func() error { return nil })
		if err != nil || got.Size != int64(size) || got.Root() != tree(data).Root() {
			t.Errorf("%d bytes: %d in %d chunks, %v", size, got.Size, len(got.Leaves), err)
		}
		if _, err := readTree(path, sumOf(nil), func() error { return nil }); err != errRotten {
			t.Errorf("another hash: %v", err)
		}
	}
}

// Whatever a sibling asks, it is understood or refused, and what is understood is asked the
// same way again.
func FuzzQuestion(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x02{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var q question
		if readFrame(bytes.NewReader(data), &q) != nil || q.check() != nil {
			return
		}
		var out bytes.Buffer
		var again question
		if err := writeFrame(&out, q); err != nil {
			t.Fatal(err)
		}
		if err := readFrame(&out, &again); err != nil || again != q {
			t.Fatalf("%+v is %+v, %v", q, again, err)
		}
	})
}

// copyTCP is what a copy costs where nothing is checked and nothing is secret.
func copyTCP(b *testing.B, data []byte) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Write(data)
			c.Close()
		}
	}()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{c}); err != nil {
			b.Fatal(err)
		}
		c.Close()
	}
}
