package household

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"unicode/utf8"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Record is the newest word on one thing.
type Record struct {
	Home    string  `json:"home"` // the name of the home: one box's key may have been in another before
	Author  peer.ID `json:"author"`
	Key     string  `json:"key"`     // as Key makes it
	Version uint64  `json:"version"` // from 1 on
	Value   string  `json:"value,omitempty"`
	Gone    bool    `json:"gone,omitempty"`
}

// Signed is a record as it was signed.
type Signed struct {
	Body      []byte `json:"body"` // JSON of a Record
	Signature []byte `json:"signature"`
}

const (
	// MaxValue is how long a value may be, in bytes.
	MaxValue = 1024
	// MaxRecords is how many things a household has, those that are gone among them.
	MaxRecords = 4096

	removal    = 1 << 20 // a version that removes is the next multiple of this
	maxVersion = 1 << 53 // numbers in JSON are exact up to here
	maxBody    = 2*MaxValue + 512
	signs      = "cricket household record 1\n" // before a body where it is signed
)

var (
	errStranger = errors.New("its author is no member of the home")
	errForeign  = errors.New("it is of no kind that the household keeps")
)

// Key is the key of a thing of a kind. From it the thing can only be guessed.
func Key(home, kind, thing string) string {
	sum := sha256.Sum256([]byte("cricket household key 1\n" + home + "\n" + kind + "\n" + thing))
	return kind + "/" + hex.EncodeToString(sum[:16])
}

var keyForm = regexp.MustCompile(`^([a-z]{1,16})/[0-9a-f]{32}$`)

// kind is that of a key, or "".
func kind(key string) string {
	m := keyForm.FindStringSubmatch(key)
	if m == nil {
		return ""
	}
	return m[1]
}

// sign signs a record of the key's owner.
func sign(r Record, key crypto.PrivKey) (entry, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return entry{}, err
	}
	signature, err := key.Sign(append([]byte(signs), body...))
	return entry{r, Signed{body, signature}}, err
}

// entry is a record with the bytes that were signed.
type entry struct {
	Record
	signed Signed
}

// open checks a record by itself: that it is one, and that its author signed it.
func (s Signed) open() (entry, error) {
	var r Record
	if len(s.Body) > maxBody {
		return entry{}, fmt.Errorf("read record: it has %d bytes", len(s.Body))
	}
	if err := json.Unmarshal(s.Body, &r); err != nil {
		return entry{}, fmt.Errorf("read record: %w", err)
	}
	switch {
	case kind(r.Key) == "":
		return entry{}, fmt.Errorf("read record: %q is no key", r.Key)
	case r.Version < 1 || r.Version > maxVersion:
		return entry{}, fmt.Errorf("read record: its version is %d", r.Version)
	case len(r.Value) > MaxValue || !utf8.ValidString(r.Value) || r.Gone && r.Value != "":
		return entry{}, errors.New("read record: its value is none")
	}
	key, err := r.Author.ExtractPublicKey()
	if err != nil || key.Type() != crypto.Ed25519 { // others allow several signatures of one body
		return entry{}, errors.New("read record: its author has no key of a box")
	}
	if ok, err := key.Verify(append([]byte(signs), s.Body...), s.Signature); err != nil || !ok {
		return entry{}, errors.New("read record: its signature is wrong")
	}
	return entry{r, s}, nil
}

// order is the merge rule: of two records of one key the greater counts.
func (e entry) order(o entry) int {
	gone := func(r Record) int {
		if r.Gone {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(e.Version, o.Version), cmp.Compare(gone(e.Record), gone(o.Record)),
		cmp.Compare(e.Author, o.Author), bytes.Compare(e.signed.Body, o.signed.Body))
}

// mark stands for a record where two boxes compare what they have.
func (e entry) mark() string {
	sum := sha256.Sum256(e.signed.Body)
	return hex.EncodeToString(sum[:8])
}
