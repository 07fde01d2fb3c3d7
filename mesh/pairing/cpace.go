package pairing

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha512"
	"encoding/binary"
	"errors"

	"github.com/gtank/ristretto255"
)

// Names of CPACE-RISTR255-SHA512, draft sections 6 and 8.3.
const (
	dsi       = "CPaceRistretto255"
	blockSize = sha512.BlockSize // H.s_in_bytes
	shareSize = 32
	tagSize   = sha512.Size
)

var errShare = errors.New("pair: the other's share is not a group element, or the neutral one")

// lvCat puts the length of each part, in LEB128, before it: draft section 6.3.
func lvCat(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(binary.AppendUvarint(out, uint64(len(p))), p...)
	}
	return out
}

// generatorString is draft section 8.1. The zeros fill the first block of the hash, so
// that it does not depend on what is public.
func generatorString(code, channel, session []byte) []byte {
	zeros := max(0, blockSize-1-len(lvCat(code))-len(lvCat([]byte(dsi))))
	return lvCat([]byte(dsi), code, make([]byte, zeros), channel, session)
}

func generator(code, channel, session []byte) (*ristretto255.Element, error) {
	sum := sha512.Sum512(generatorString(code, channel, session))
	return ristretto255.NewIdentityElement().SetUniformBytes(sum[:])
}

// exchange is one side of one run.
type exchange struct {
	session []byte
	scalar  *ristretto255.Scalar
	share   []byte // Ya or Yb
}

// begin draws a scalar, from random only in tests: 32 bytes with the bits above 252
// cleared, draft section 8.3.
func begin(code, channel, session, random []byte) (*exchange, error) {
	g, err := generator(code, channel, session)
	if err != nil {
		return nil, err
	}
	if random == nil {
		random = make([]byte, shareSize)
		rand.Read(random) // never fails
		random[31] &= 0x0f
	}
	y, err := ristretto255.NewScalar().SetCanonicalBytes(random)
	if err != nil {
		return nil, err
	}
	return &exchange{session, y, ristretto255.NewIdentityElement().ScalarMult(y, g).Bytes()}, nil
}

// secret is K: G.scalar_mult_vfy(y, Y), which aborts at the neutral element.
func (e *exchange) secret(theirs []byte) ([]byte, error) {
	y, err := ristretto255.NewIdentityElement().SetCanonicalBytes(theirs)
	if err != nil {
		return nil, errShare
	}
	k := ristretto255.NewIdentityElement().ScalarMult(e.scalar, y)
	if k.Equal(ristretto255.NewIdentityElement()) == 1 {
		return nil, errShare
	}
	return k.Bytes(), nil
}

// key is ISK, draft section 7.2, for the shares and identities of initiator (a) and
// responder (b).
func (e *exchange) key(secret, shareA, a, shareB, b []byte) []byte {
	h := sha512.New()
	h.Write(lvCat([]byte(dsi+"_ISK"), e.session, secret))
	h.Write(lvCat(shareA, a))
	h.Write(lvCat(shareB, b))
	return h.Sum(nil)
}

// confirmation is the tag over what one side has sent, draft section 10.4.
func (e *exchange) confirmation(key, share, id []byte) []byte {
	h := sha512.New()
	h.Write([]byte("CPaceMac"))
	h.Write(e.session)
	h.Write(key)
	tag := hmac.New(sha512.New, h.Sum(nil))
	tag.Write(lvCat(share, id))
	return tag.Sum(nil)
}
