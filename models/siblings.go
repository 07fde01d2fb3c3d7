package models

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
)

// Siblings are the other boxes of the home. A file is named by its SHA-256.
type Siblings interface {
	// Turn waits until a sibling has a file, or until it is this box's turn to fetch it
	// from outside for all of them, which it keeps until it calls done.
	Turn(ctx context.Context, sha256 string, size int64, say func(string)) (has bool, done func(), err error)
	// Open is the file from byte from on, and its size.
	Open(ctx context.Context, sha256 string, size, from int64) (body io.ReadCloser, total int64, err error)
	// Wrong says that what they sent has another SHA-256.
	Wrong(sha256 string)
}

const (
	siblingsName  = "siblings" // in a note
	siblingsTries = 4          // of one pull, at a file; what comes each time is kept
)

// fromSiblings is a source: the other boxes of the home.
type fromSiblings struct {
	Siblings
	f File
}

func (s fromSiblings) name() string { return siblingsName }

func (s fromSiblings) open(ctx context.Context, have int64, _ note) (answer, error) {
	body, total, err := s.Open(ctx, s.f.SHA256, s.f.Size, have)
	return answer{body: body, start: have, total: total, delimited: true}, err
}

// share brings a file from siblings, or waits for the turn to fetch it from outside, which
// it has until done is called.
func (p *puller) share(ctx context.Context, f File) (there bool, done func(), err error) {
	for range siblingsTries {
		has, done, err := p.o.Siblings.Turn(ctx, f.SHA256, f.Size, func(line string) { p.say("%s: %s", f.Name, line) })
		if ctx.Err() != nil {
			return false, nil, ctx.Err()
		}
		if err != nil {
			p.say("%s: siblings cannot be asked (%v)", f.Name, err)
			break
		}
		if !has {
			return false, done, nil
		}
		err = p.take(ctx, f)
		done()
		if err == nil || ctx.Err() != nil || !fromElsewhere(err) {
			return err == nil, nil, err
		}
		p.say("%s: %v", f.Name, err)
	}
	return false, func() {}, nil
}

// fromElsewhere says whether it may help to take a file from somebody else.
func fromElsewhere(err error) bool {
	_, full := errors.AsType[*FullError](err)
	_, disk := errors.AsType[*diskError](err)
	return !full && !disk
}

// diskError is an error of this box's own disk.
type diskError struct{ err error }

func (e *diskError) Error() string { return e.err.Error() }
func (e *diskError) Unwrap() error { return e.err }

// take brings a file from siblings.
func (p *puller) take(ctx context.Context, f File) error {
	from := fromSiblings{p.o.Siblings, f}
	part, err := p.s.openPart(f, from.name())
	if err != nil {
		return &diskError{err}
	}
	defer part.close()
	if part.have > 0 {
		p.say("%s: going on after the first %s, with what siblings have", f.Name, Bytes(part.have))
	}
	part.note.Shared = true
	if done, _, err := p.attempt(ctx, part, from); !done {
		return err
	}
	err = p.install(ctx, part)
	if _, damaged := errors.AsType[*DamagedError](err); damaged {
		p.o.Siblings.Wrong(f.SHA256)
		return err
	}
	if err != nil {
		return &diskError{fmt.Errorf("install %s: %w", filepath.Base(part.out.Name()), err)}
	}
	return nil
}
