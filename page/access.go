package page

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/cricket-home/cricket/internal/durable"
)

// Role is what a visitor may do.
type Role string

const (
	Nobody Role = ""
	Guest  Role = "guest" // looks at rooms, timers and lists; hears nothing of what was said
	Owner  Role = "owner"
)

const (
	sessionTime = 30 * 24 * time.Hour // without a visit
	seenEvery   = time.Hour           // how exactly the last visit is kept on disk
	maxSessions = 50                  // the one that was longest away goes first
	maxTokens   = 20

	// hashRounds of PBKDF2 with SHA-256 are what OWASP asks for in 2023: about 0.2 s on a Pi 5.
	hashRounds = 600_000

	minPassword = 8   // characters
	maxPassword = 256 // bytes
)

// access is who may see the page. It is on the disk before anybody is let in.
type access struct {
	file   string
	now    func() time.Time
	rounds int

	mu   sync.Mutex
	kept keptAccess
	hash sync.Mutex // one password is hashed at a time: it costs a core
}

// keptAccess is the file. It has no secret in it that opens anything: passwords are
// hashed slowly, and keys, which are random, fast.
type keptAccess struct {
	Owner    *password `json:"owner,omitempty"`
	Guest    *password `json:"guest,omitempty"`
	Sessions []session `json:"sessions,omitempty"`
	Tokens   []token   `json:"tokens,omitempty"`
}

type password struct {
	Salt   []byte `json:"salt"`
	Hash   []byte `json:"hash"`
	Rounds int    `json:"rounds"`
}

// session is a browser that is logged in.
type session struct {
	Hash  string    `json:"hash"` // of its cookie
	Role  Role      `json:"role"`
	Since time.Time `json:"since"`
	Seen  time.Time `json:"seen"`
	Agent string    `json:"agent,omitempty"` // what the browser calls itself
}

// token is a program that may use the API.
type token struct {
	Name  string    `json:"name"`
	Hash  string    `json:"hash"`
	Role  Role      `json:"role"`
	Since time.Time `json:"since"`
}

// openAccess reads who may see the page. A file that cannot be read lets nobody in, and
// is an error: to begin anew would give the page to whoever comes first.
func openAccess(dir string, now func() time.Time) (*access, error) {
	a := &access{file: filepath.Join(dir, "access.json"), now: now, rounds: hashRounds}
	data, err := os.ReadFile(a.file)
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &a.kept)
	}
	if err != nil {
		return nil, fmt.Errorf("read who may see the house page: %s: %w", a.file, err)
	}
	return a, nil
}

// change makes a change and keeps it; with an error nothing is changed. a.mu is held.
func (a *access) change(f func(*keptAccess)) error {
	next := a.kept
	next.Sessions, next.Tokens = slices.Clone(a.kept.Sessions), slices.Clone(a.kept.Tokens)
	f(&next)
	data, err := json.MarshalIndent(next, "", "\t")
	if err == nil {
		err = durable.Replace(a.file, data)
	}
	if err != nil {
		return fmt.Errorf("keep who may see the house page: %w", err)
	}
	a.kept = next
	return nil
}

// owned says whether the owner has set a password.
func (a *access) owned() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.kept.Owner != nil
}

// Faults of a password that somebody would like to have.
var (
	errShort = errors.New("the password is too short")
	errLong  = errors.New("the password is too long")
	errOwned = errors.New("the owner's password is set")
)

func (a *access) newPassword(text string) (*password, error) {
	switch {
	case utf8.RuneCountInString(text) < minPassword:
		return nil, errShort
	case len(text) > maxPassword:
		return nil, errLong
	}
	p := &password{Salt: make([]byte, 16), Rounds: a.rounds}
	rand.Read(p.Salt)
	var err error
	a.hash.Lock()
	defer a.hash.Unlock()
	if p.Hash, err = pbkdf2.Key(sha256.New, text, p.Salt, p.Rounds, sha256.Size); err != nil {
		return nil, fmt.Errorf("hash password: %w", err)
	}
	return p, nil
}

// own sets the owner's first password.
func (a *access) own(text string) error {
	p, err := a.newPassword(text)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.kept.Owner != nil {
		return errOwned
	}
	return a.change(func(k *keptAccess) { k.Owner = p })
}

// reown sets another password of the owner, and ends all sessions.
func (a *access) reown(text string) error {
	p, err := a.newPassword(text)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.change(func(k *keptAccess) { k.Owner, k.Sessions = p, nil })
}

// letGuests sets the guests' password, or with "" lets no guest in any more.
func (a *access) letGuests(text string) error {
	var p *password
	if text != "" {
		var err error
		if p, err = a.newPassword(text); err != nil {
			return err
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.change(func(k *keptAccess) {
		k.Guest = p
		k.Sessions = slices.DeleteFunc(k.Sessions, func(s session) bool { return s.Role == Guest })
	})
}

// disown forgets the owner's password and everybody who is let in.
func (a *access) disown() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.change(func(k *keptAccess) { *k = keptAccess{} })
}

// role is whose password this is.
func (a *access) role(text string) Role {
	a.mu.Lock()
	owner, guest := a.kept.Owner, a.kept.Guest
	a.mu.Unlock()
	a.hash.Lock()
	defer a.hash.Unlock()
	if owner.is(text) {
		return Owner
	}
	if guest.is(text) {
		return Guest
	}
	return Nobody
}

func (p *password) is(text string) bool {
	if p == nil || len(text) > maxPassword {
		return false
	}
	hash, err := pbkdf2.Key(sha256.New, text, p.Salt, p.Rounds, len(p.Hash))
	return err == nil && subtle.ConstantTimeCompare(hash, p.Hash) == 1
}

// newKey is a random key, and what is kept of it.
func newKey() (key, hash string) {
	key = rand.Text() + rand.Text() // 260 bits
	return key, hashOf(key)
}

func hashOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// enter begins a session and returns its cookie.
func (a *access) enter(role Role, agent string) (string, error) {
	key, hash := newKey()
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.change(func(k *keptAccess) {
		k.Sessions = slices.DeleteFunc(k.Sessions, func(s session) bool { return now.Sub(s.Seen) > sessionTime })
		k.Sessions = append(k.Sessions, session{Hash: hash, Role: role, Since: now, Seen: now, Agent: cut(agent, 200)})
		if len(k.Sessions) > maxSessions {
			slices.SortStableFunc(k.Sessions, func(x, y session) int { return x.Seen.Compare(y.Seen) })
			k.Sessions = k.Sessions[1:]
		}
	})
	return key, err
}

// of is the session of a cookie.
func (a *access) of(cookie string) (session, bool) {
	hash, now := hashOf(cookie), a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.kept.Sessions, func(s session) bool { return s.Hash == hash })
	if i < 0 || now.Sub(a.kept.Sessions[i].Seen) > sessionTime {
		return session{}, false
	}
	s := a.kept.Sessions[i]
	if now.Sub(s.Seen) > seenEvery || now.Before(s.Seen) { // the clock may have been set back
		// A visit that cannot be noted is no reason to send the visitor away.
		_ = a.change(func(k *keptAccess) { k.Sessions[i].Seen = now })
	}
	return s, true
}

// leave ends the session with this hash.
func (a *access) leave(hash string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.change(func(k *keptAccess) {
		k.Sessions = slices.DeleteFunc(k.Sessions, func(s session) bool { return s.Hash == hash })
	})
}

// errTokens says that there are enough.
var errTokens = fmt.Errorf("there are %d tokens; take one away first", maxTokens)

// newToken makes a token for a program; it can be read this once.
func (a *access) newToken(name string, role Role) (string, error) {
	key, hash := newKey()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.kept.Tokens) >= maxTokens {
		return "", errTokens
	}
	return key, a.change(func(k *keptAccess) {
		k.Tokens = append(k.Tokens, token{Name: cut(name, 60), Hash: hash, Role: role, Since: a.now()})
	})
}

// dropToken takes a token away.
func (a *access) dropToken(hash string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.change(func(k *keptAccess) {
		k.Tokens = slices.DeleteFunc(k.Tokens, func(t token) bool { return t.Hash == hash })
	})
}

// program is the role of a token.
func (a *access) program(key string) Role {
	hash := hashOf(key)
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, t := range a.kept.Tokens {
		if subtle.ConstantTimeCompare([]byte(t.Hash), []byte(hash)) == 1 {
			return t.Role
		}
	}
	return Nobody
}

// who are the sessions and tokens there are, the newest first.
func (a *access) who() (sessions []session, tokens []token, guests bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	sessions, tokens = slices.Clone(a.kept.Sessions), slices.Clone(a.kept.Tokens)
	slices.Reverse(sessions)
	slices.Reverse(tokens)
	return sessions, tokens, a.kept.Guest != nil
}

// cut is a text of at most n bytes.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
