package mesh

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
)

// The owner's code is 80 random bits as 16 letters and digits, none of which looks
// like another. It is shown once, when a home begins, and kept nowhere: from it comes
// the key that signs who is no longer trusted. 80 bits need no slow hash.
const (
	codeLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford's base 32
	codeLength  = 16
)

// ErrOwnerCode says that a code is not that of this home's owner.
var ErrOwnerCode = errors.New("this is not the owner's code of this home")

// newOwnerCode makes a code, as it is shown: in groups of four.
func newOwnerCode() string {
	random := make([]byte, codeLength)
	rand.Read(random) // never fails
	var b strings.Builder
	for i, r := range random {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(codeLetters[r%32])
	}
	return b.String()
}

// ownerKey is the key of a code, however it was typed.
func ownerKey(code string) (ed25519.PrivateKey, error) {
	var letters []byte
	for _, r := range strings.ToUpper(code) {
		switch r {
		case '-', ' ', '\t', '\r', '\n':
			continue
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		if r > 127 || !strings.ContainsRune(codeLetters, r) {
			return nil, ErrOwnerCode
		}
		letters = append(letters, byte(r))
	}
	if len(letters) != codeLength {
		return nil, ErrOwnerCode
	}
	seed := sha256.Sum256(append([]byte("cricket owner 1\n"), letters...))
	return ed25519.NewKeyFromSeed(seed[:]), nil
}

// homeOf is the name of the home of an owner's public key.
func homeOf(owner ed25519.PublicKey) string {
	sum := sha256.Sum256(owner)
	return hex.EncodeToString(sum[:16])
}
