package mesh

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Member is a box of the home.
type Member struct {
	ID      peer.ID `json:"id"`
	Name    string  `json:"name"`
	Voucher peer.ID `json:"voucher"` // the box that admitted it; its own id: the one that began the home
}

// A cut is what the owner signs: the members as of an epoch, and everybody who was
// revoked until then. Number 0 begins the home. Whoever is revoked in any cut stays
// revoked.
type cut struct {
	Home    string   `json:"home"`
	Epoch   int      `json:"epoch"`
	Members []Member `json:"members"`
	Revoked []Member `json:"revoked"`
	Secret  []byte   `json:"secret"` // SHA-256 of the epoch's secret
}

// An admission is what a member signs for a box that it was paired with. It holds in
// its epoch only: a box that was revoked cannot admit anybody afterwards, nor before
// by writing an old number.
type admission struct {
	Home   string `json:"home"`
	Epoch  int    `json:"epoch"`
	Member Member `json:"member"`
}

// signed is a record with its signature; the body is kept as it was signed.
type signed struct {
	Body      []byte `json:"body"`
	Signature []byte `json:"signature"`
}

// What comes before a body where it is signed, so that no signature stands for
// something else.
const (
	cutContext       = "cricket mesh cut 1\n"
	admissionContext = "cricket mesh admission 1\n"
)

var errSignature = errors.New("its signature is wrong")

// signCut signs with the owner's key.
func signCut(c cut, owner ed25519.PrivateKey) (signed, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return signed{}, err
	}
	return signed{body, ed25519.Sign(owner, append([]byte(cutContext), body...))}, nil
}

// openCut checks a cut of the owner's.
func openCut(s signed, owner ed25519.PublicKey) (cut, error) {
	var c cut
	if len(s.Signature) != ed25519.SignatureSize || !ed25519.Verify(owner, append([]byte(cutContext), s.Body...), s.Signature) {
		return c, fmt.Errorf("read record of the owner: %w", errSignature)
	}
	if err := json.Unmarshal(s.Body, &c); err != nil {
		return c, fmt.Errorf("read record of the owner: %w", err)
	}
	if c.Home != homeOf(owner) || c.Epoch < 0 || len(c.Members) > MaxMembers || len(c.Revoked) > maxRevoked {
		return c, errors.New("read record of the owner: it is not one of this home")
	}
	for _, m := range append(c.Members[:len(c.Members):len(c.Members)], c.Revoked...) {
		if err := m.check(); err != nil {
			return c, err
		}
	}
	return c, nil
}

// signAdmission signs with the key of the box that vouches.
func signAdmission(a admission, voucher crypto.PrivKey) (signed, error) {
	body, err := json.Marshal(a)
	if err != nil {
		return signed{}, err
	}
	signature, err := voucher.Sign(append([]byte(admissionContext), body...))
	return signed{body, signature}, err
}

// openAdmission checks that the voucher in it has signed it. Whether that one may
// vouch is another question.
func openAdmission(s signed, home string) (admission, error) {
	var a admission
	if err := json.Unmarshal(s.Body, &a); err != nil {
		return a, fmt.Errorf("read admission: %w", err)
	}
	if err := a.Member.check(); err != nil {
		return a, err
	}
	if a.Home != home || a.Epoch < 0 || a.Member.ID == a.Member.Voucher {
		return a, errors.New("read admission: it is not one of this home")
	}
	key, err := a.Member.Voucher.ExtractPublicKey()
	if err != nil {
		return a, fmt.Errorf("read admission: %w", err)
	}
	if ok, err := key.Verify(append([]byte(admissionContext), s.Body...), s.Signature); err != nil || !ok {
		return a, fmt.Errorf("read admission of %s: %w", a.Member.ID, errSignature)
	}
	return a, nil
}

// maxName is how long a box's name is at most, in letters.
const maxName = 40

// CleanName makes a name that can be shown anywhere, or "".
func CleanName(name string) string { return clean(name, maxName) }

// clean leaves what can be printed on one line.
func clean(text string, most int) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if r := []rune(text); len(r) > most {
		text = strings.TrimSpace(string(r[:most]))
	}
	return text
}

func (m Member) check() error {
	if !utf8.ValidString(m.Name) || m.Name == "" || CleanName(m.Name) != m.Name {
		return fmt.Errorf("read member: the name %q is not one", m.Name)
	}
	for _, id := range []peer.ID{m.ID, m.Voucher} {
		key, err := id.ExtractPublicKey()
		if err != nil {
			return fmt.Errorf("read member %q: %w", m.Name, err)
		}
		if key.Type() != crypto.Ed25519 {
			return fmt.Errorf("read member %q: its key is not Ed25519", m.Name)
		}
	}
	return nil
}
