package pairing

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/gtank/ristretto255"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The published vectors of the draft: appendix A.1 for the strings, B.3 for
// ristretto255 with SHA-512.
const (
	vectorCode    = "Password"
	vectorChannel = "6f630b425f726573706f6e6465720b415f696e69746961746f72"
	vectorSession = "7e4b4791d6a8ef019b936c79fb7f2c57"
	vectorG       = "a6fc82c3b8968fbb2e06fee81ca858586dea50d248f0c7ca6a18b0902a30b36b"
	vectorScalarA = "da3d23700a9e5699258aef94dc060dfda5ebb61f02a5ea77fad53f4ff0976d08"
	vectorShareA  = "d40fb265a7abeaee7939d91a585fe59f7053f982c296ec413c624c669308f87a"
	vectorScalarB = "d2316b454718c35362d83d69df6320f38578ed5984651435e2949762d900b80d"
	vectorShareB  = "08bcf6e9777a9c313a3db6daa510f2d398403319c2341bd506a92e672eb7e307"
	vectorK       = "e22b1ef7788f661478f3cddd4c600774fc0f41e6b711569190ff88fa0e607e09"
	vectorISK     = "4c5469a16b2364c4b944ebc1a79e51d1674ad47db26e8718154f59faebfaa52d8346f30aa58377117eb20d527f2cbc5c76381f7fd372e89df8239f87f2e02ed1"
)

func TestTheDraftsStrings(t *testing.T) {
	up := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(i)
		}
		return b
	}
	long := hex.EncodeToString(up(128))
	for _, c := range []struct {
		name  string
		parts [][]byte
		want  string
	}{
		{"empty", [][]byte{nil}, "00"},
		{"four letters", [][]byte{[]byte("1234")}, "0431323334"},
		{"127 bytes", [][]byte{up(127)}, "7f" + long[:254]},
		{"128 bytes", [][]byte{up(128)}, "8001" + long},
		{"several", [][]byte{[]byte("1234"), []byte("5"), nil, []byte("6789")}, "04313233340135000436373839"},
		{"transcript", [][]byte{[]byte("123"), []byte("PartyA"), []byte("234"), []byte("PartyB")}, "03313233065061727479410332333406506172747942"},
		{"transcript of four letters", [][]byte{[]byte("3456"), []byte("PartyA"), []byte("2345"), []byte("PartyB")}, "043334353606506172747941043233343506506172747942"},
	} {
		if got := hex.EncodeToString(lvCat(c.parts...)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	want := "11" + hex.EncodeToString([]byte(dsi)) + "08" + hex.EncodeToString([]byte(vectorCode)) + "64" + strings.Repeat("00", 100) + "1a" + vectorChannel + "10" + vectorSession
	if got := hex.EncodeToString(generatorString([]byte(vectorCode), unhex(t, vectorChannel), unhex(t, vectorSession))); got != want {
		t.Errorf("generator string %s, want %s", got, want)
	}
}

func TestTheDraftsExchange(t *testing.T) {
	code, channel, session := []byte(vectorCode), unhex(t, vectorChannel), unhex(t, vectorSession)
	g, err := generator(code, channel, session)
	if err != nil {
		t.Fatal(err)
	}
	a, err := begin(code, channel, session, unhex(t, vectorScalarA))
	if err != nil {
		t.Fatal(err)
	}
	b, err := begin(code, channel, session, unhex(t, vectorScalarB))
	if err != nil {
		t.Fatal(err)
	}
	ka, errA := a.secret(b.share)
	kb, errB := b.secret(a.share)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	for _, c := range []struct{ name, want, got string }{
		{"generator", vectorG, hex.EncodeToString(g.Bytes())},
		{"Ya", vectorShareA, hex.EncodeToString(a.share)},
		{"Yb", vectorShareB, hex.EncodeToString(b.share)},
		{"K of A", vectorK, hex.EncodeToString(ka)},
		{"K of B", vectorK, hex.EncodeToString(kb)},
		{"ISK of A", vectorISK, hex.EncodeToString(a.key(ka, a.share, []byte("ADa"), b.share, []byte("ADb")))},
		{"ISK of B", vectorISK, hex.EncodeToString(b.key(kb, a.share, []byte("ADa"), b.share, []byte("ADb")))},
	} {
		if c.got != c.want {
			t.Errorf("%s is %s, want %s", c.name, c.got, c.want)
		}
	}
}

func TestTheDraftsValidAndInvalidShares(t *testing.T) {
	s, err := ristretto255.NewScalar().SetCanonicalBytes(unhex(t, "7cd0e075fa7955ba52c02759a6c90dbbfc10e6d40aea8d283e407d88cf538a05"))
	if err != nil {
		t.Fatal(err)
	}
	e := &exchange{scalar: s}
	for _, c := range []struct{ name, share, want string }{
		{"valid", "2c3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c", "7c13645fe790a468f62c39beb7388e541d8405d1ade69d1778c5fe3e7f6b600e"},
		{"Y_i1, not an element", "2b3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c", ""},
		{"Y_i2, the neutral element", strings.Repeat("00", 32), ""},
		{"too short", "2c3c", ""},
		{"too long", strings.Repeat("00", 33), ""},
		{"empty", "", ""},
	} {
		k, err := e.secret(unhex(t, c.share))
		if got := hex.EncodeToString(k); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
		}
	}
}

func TestScalarsAreFresh(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		e, err := begin([]byte("123456"), nil, nil, nil)
		if err != nil || seen[string(e.share)] {
			t.Fatalf("share %x twice, or %v", e.share, err)
		}
		seen[string(e.share)] = true
		if bytes.Equal(e.share, make([]byte, 32)) {
			t.Fatal("the neutral element")
		}
	}
}
