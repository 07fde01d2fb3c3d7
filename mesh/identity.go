package mesh

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/internal/durable"
)

// The files of the mesh, in a folder of their own in the state directory. Who
// deletes the whole folder has a box that was never paired.
const (
	keyFile     = "device-key.pem"
	membersFile = "members.json"
	addressFile = "addresses.json"
)

// Identity is the key of this box.
type Identity struct {
	Key crypto.PrivKey
	ID  peer.ID
}

// KeyError says why the key cannot be used, and Hint what the owner can do.
type KeyError struct {
	File string
	Hint string
	Err  error
}

func (e *KeyError) Error() string { return fmt.Sprintf("read device key %s: %v", e.File, e.Err) }
func (e *KeyError) Unwrap() error { return e.Err }

// OpenIdentity reads the key in dir, or makes one for a box that never had one. A
// key that is damaged, or gone from a box that was paired, is an error: with a
// new key the box would be a stranger to its siblings, and nobody would know why.
func OpenIdentity(dir string) (Identity, error) {
	file := filepath.Join(dir, keyFile)
	again := "restore the file from a backup of this box, or delete the folder " + dir + " and pair the box again: cricket mesh pair"
	refuse := func(hint string, err error) (Identity, error) {
		return Identity{}, &KeyError{File: file, Hint: hint, Err: err}
	}
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(dir, membersFile)); err == nil {
			return refuse(again, errors.New("it is gone, and this box was paired with it"))
		}
		return makeIdentity(file)
	}
	if err != nil {
		return refuse("ls -l "+dir, err)
	}
	if mode := info.Mode(); !mode.IsRegular() || mode.Perm()&0o077 != 0 {
		return refuse("chmod 600 "+file, fmt.Errorf("others than the owner can read it (%v)", mode))
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return refuse("ls -l "+file, err)
	}
	id, err := decodeIdentity(text)
	if err != nil {
		return refuse(again, err)
	}
	return id, nil
}

func makeIdentity(file string) (Identity, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Identity{}, fmt.Errorf("make device key: %w", err)
	}
	id, err := identityOf(private)
	if err != nil {
		return Identity{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return Identity{}, fmt.Errorf("make device key: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Headers: map[string]string{"Peer": id.ID.String()}, Bytes: der})
	if err := durable.Create(file, text); err != nil {
		return Identity{}, fmt.Errorf("write device key: %w", err)
	}
	return id, nil
}

// decodeIdentity reads PKCS #8 in PEM. The header "Peer" is what tells a key with a
// flipped bit from a good one: any 32 bytes are an Ed25519 key.
func decodeIdentity(text []byte) (Identity, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return Identity{}, errDamaged
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, ok := key.(ed25519.PrivateKey)
	if err != nil || !ok {
		return Identity{}, errDamaged
	}
	id, err := identityOf(private)
	if err != nil || block.Headers["Peer"] != id.ID.String() {
		return Identity{}, errDamaged
	}
	return id, nil
}

func identityOf(private ed25519.PrivateKey) (Identity, error) {
	key, err := crypto.UnmarshalEd25519PrivateKey(private)
	if err != nil {
		return Identity{}, fmt.Errorf("use device key: %w", err)
	}
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		return Identity{}, fmt.Errorf("use device key: %w", err)
	}
	return Identity{Key: key, ID: id}, nil
}
