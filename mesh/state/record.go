package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Bounds of a record. A box that needs more tells less.
const (
	MaxRecord   = 8 << 10 // bytes, signed
	maxModels   = 16
	maxPrefixes = 32
	maxRoles    = 8
	maxText     = 64 // bytes of a name
)

// Roles that a box has.
const (
	Brain = "brain" // it answers heavy prompts of siblings
	Ears  = "ears"  // it has a microphone
	Mouth = "mouth" // it has a loudspeaker
)

// Model is a language model that a box answers with.
type Model struct {
	Name      string `json:"name"`
	Hash      string `json:"hash"`      // of the file, SHA-256 in hex
	Tokenizer string `json:"tokenizer"` // models with the same one understand each other's token ids
	Millions  int    `json:"millions"`  // of parameters: what it is capable of, roughly
	Context   int    `json:"context"`   // tokens

	// Measured here: tokens per second of a prompt that is read and of an answer that is
	// written. 0: not measured yet.
	PromptSpeed float64 `json:"prompt_speed,omitempty"`
	AnswerSpeed float64 `json:"answer_speed,omitempty"`
}

// Record is what a box says about itself.
type Record struct {
	Version     uint64   `json:"version"` // rises with each record of a box
	Roles       []string `json:"roles,omitempty"`
	Models      []Model  `json:"models,omitempty"`
	Queue       int      `json:"queue,omitempty"`       // requests of siblings that run or wait
	Paused      bool     `json:"paused,omitempty"`      // its own household talks to it
	FreeMemory  int64    `json:"free_memory,omitempty"` // bytes
	Temperature float64  `json:"temperature,omitempty"` // degrees Celsius; 0: not known
	Battery     bool     `json:"battery,omitempty"`     // it does not run from the mains
	Warm        []string `json:"warm,omitempty"`        // prompts' beginnings that it has read: PrefixID
	Room        string   `json:"room,omitempty"`
	Site        string   `json:"site,omitempty"` // the house, where a home has two
}

var (
	// ErrForged says that a record is not signed by the box that it speaks of.
	ErrForged = errors.New("record is not signed by its box")
	// ErrOld says that a newer record of that box is known, or this one.
	ErrOld = errors.New("record is not newer than the one known")
	// ErrStranger says that a record is of a box that is not paired.
	ErrStranger = errors.New("record is of a box that is not paired")
)

// context of a signature: no other message of the mesh can be taken for a record.
const signed = "cricket state record 1\x00"

// The form of a signed record: a byte 1, the length of the peer id (one byte), the peer
// id, the Ed25519 signature (64 bytes), the record as JSON. Signed are the context, the
// peer id and the JSON. Fields that a newer box adds are ignored here and passed on
// as they are, because the bytes are.
const form = 1

// Sign makes a record of the box whose key it is.
func Sign(r Record, key crypto.PrivKey) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("sign record: %w", err)
	}
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("sign record: %w", err)
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("sign record: %w", err)
	}
	sum, err := key.Sign(append([]byte(signed+string(id)), text...))
	if err != nil {
		return nil, fmt.Errorf("sign record: %w", err)
	}
	if len(sum) != 64 || len(id) > 255 {
		return nil, fmt.Errorf("sign record: the key is not an Ed25519 key")
	}
	out := append([]byte{form, byte(len(id))}, id...)
	out = append(append(out, sum...), text...)
	if len(out) > MaxRecord {
		return nil, fmt.Errorf("sign record: it has %d bytes, and %d are allowed", len(out), MaxRecord)
	}
	return out, nil
}

// Open reads a signed record and whose it is.
func Open(data []byte) (peer.ID, Record, error) {
	var r Record
	if len(data) > MaxRecord {
		return "", r, fmt.Errorf("read record: it has %d bytes, and %d are allowed", len(data), MaxRecord)
	}
	if len(data) < 2 || data[0] != form {
		return "", r, fmt.Errorf("read record: it is not of form %d", form)
	}
	n := int(data[1])
	if len(data) < 2+n+64 {
		return "", r, fmt.Errorf("read record: it is cut off")
	}
	id, sum, text := peer.ID(data[2:2+n]), data[2+n:2+n+64], data[2+n+64:]
	if id.Validate() != nil {
		return "", r, fmt.Errorf("read record: %w", ErrForged)
	}
	// An Ed25519 peer id is the key itself; any other is refused.
	key, err := id.ExtractPublicKey()
	if err != nil || key.Type() != crypto.Ed25519 {
		return "", r, fmt.Errorf("read record: %w", ErrForged)
	}
	if ok, err := key.Verify(append([]byte(signed+string(id)), text...), sum); err != nil || !ok {
		return "", r, fmt.Errorf("read record: %w", ErrForged)
	}
	in := json.NewDecoder(bytes.NewReader(text))
	if err := in.Decode(&r); err != nil {
		return "", Record{}, fmt.Errorf("read record: %w", err)
	}
	if in.More() {
		return "", Record{}, fmt.Errorf("read record: there is something after it")
	}
	if err := r.check(); err != nil {
		return "", Record{}, fmt.Errorf("read record: %w", err)
	}
	return id, r, nil
}

func (r Record) check() error {
	if r.Version == 0 {
		return errors.New("it has no version")
	}
	if len(r.Models) > maxModels || len(r.Warm) > maxPrefixes || len(r.Roles) > maxRoles {
		return errors.New("it lists too much")
	}
	texts := append([]string{r.Room, r.Site}, r.Roles...)
	for _, m := range r.Models {
		texts = append(texts, m.Name, m.Hash, m.Tokenizer)
		if m.Millions < 0 || m.Context < 0 || !sane(m.PromptSpeed) || !sane(m.AnswerSpeed) {
			return errors.New("a number of a model is out of range")
		}
	}
	for _, t := range append(texts, r.Warm...) {
		if len(t) > maxText || !utf8.ValidString(t) {
			return errors.New("a name is too long or no text")
		}
	}
	if r.Queue < 0 || r.Queue > 1000 || r.FreeMemory < 0 || math.Abs(r.Temperature) > 200 || math.IsNaN(r.Temperature) {
		return errors.New("a number is out of range")
	}
	return nil
}

func sane(speed float64) bool { return speed >= 0 && speed < 1e6 }
