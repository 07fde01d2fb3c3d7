package page

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	codeTime  = 10 * time.Minute
	codeTries = 5
)

// presence is the code by which whoever sets the owner's password shows to be in the
// room: the box speaks it.
type presence struct {
	now func() time.Time
	own string // the owner's own code, from the card; "": there is none

	mu    sync.Mutex
	code  string
	until time.Time
	tries int
}

// next is a new code, six digits. The one before it is over.
func (p *presence) next() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.code, p.until, p.tries = fmt.Sprintf("%06d", n), p.now().Add(codeTime), 0
	return p.code
}

// ShortestCode is how many characters the owner's own code has: how often codes may be tried
// is limited, but not for how long.
const ShortestCode = 8

// isOwn says whether this is the owner's own code.
func (p *presence) isOwn(typed string) bool {
	return utf8.RuneCountInString(p.own) >= ShortestCode && subtle.ConstantTimeCompare([]byte(strings.TrimSpace(typed)), []byte(p.own)) == 1
}

// is says whether this is the code. A code can be tried a few times, and is used once.
func (p *presence) is(typed string) bool {
	typed = strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, typed)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.code == "" || p.now().After(p.until) {
		return false
	}
	if p.tries++; p.tries > codeTries {
		p.code = ""
		return false
	}
	return subtle.ConstantTimeCompare([]byte(typed), []byte(p.code)) == 1
}

// over ends the code.
func (p *presence) over() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.code = ""
}
