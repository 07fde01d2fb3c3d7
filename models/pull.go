package models

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

const (
	stallTime  = 30 * time.Second // without a byte, and the connection is given up
	firstWait  = time.Second      // before the second try; then twice as long each time
	maxTries   = 6                // in a row that bring less than progressed
	progressed = 64 << 10         // bytes
	syncEvery  = 16 << 20         // bytes
)

var errStalled = fmt.Errorf("no byte came for %v", stallTime)

// LicenceError says that a licence must be accepted first.
type LicenceError struct{ Licence Licence }

func (e *LicenceError) Error() string {
	return fmt.Sprintf("pull the model: its licence must be accepted first: %s, %s", e.Licence.Name, e.Licence.URL)
}

// Progress is how far a step has come; Total is -1 where it is not known.
type Progress struct {
	Step        string // "fetching" or "checking"
	File        string
	Done, Total int64 // bytes
}

// PullOptions says how to pull.
type PullOptions struct {
	From      string            // "": the catalogue's source; else a folder, or the URL of one
	Accept    bool              // the licence is accepted
	Say       func(line string) // what people should know; needed
	Progress  func(Progress)    // nil: nobody looks
	Transport http.RoundTripper // nil: the network, through the environment's proxies
	Siblings  Siblings          // nil: there are none. With From, they are not asked
}

type puller struct {
	s      *Store
	o      PullOptions
	m      *manifest
	client *http.Client
}

// Pull brings a model into the store: every file of it that is not there whole.
// It goes on where an earlier Pull ended. It tries again when a connection
// breaks or stalls, and gives up when that brings nothing any more; what came is
// kept. Errors wrap *LicenceError, *DamagedError, *FullError, ErrBusy or
// ErrRedirect, where it was that.
func (s *Store) Pull(ctx context.Context, model Model, o PullOptions) error {
	return s.change(func(m *manifest) error {
		if model.Licence.Accept && m.Accepted[model.LicenceID].IsZero() {
			if !o.Accept {
				return &LicenceError{model.Licence}
			}
			m.Accepted[model.LicenceID] = time.Now().UTC().Truncate(time.Second)
			if err := s.write(*m); err != nil {
				return err
			}
		}
		p := &puller{s: s, o: o, m: m}
		if o.Transport == nil {
			t := network()
			defer t.CloseIdleConnections()
			o.Transport = t
		}
		p.client = client(o.Transport)
		for _, f := range model.Files {
			if err := p.file(ctx, model, f); err != nil {
				return fmt.Errorf("pull %s: %w", f.Name, err)
			}
		}
		return nil
	})
}

func (p *puller) say(format string, args ...any) { p.o.Say(fmt.Sprintf(format, args...)) }

// file brings one file.
func (p *puller) file(ctx context.Context, model Model, f File) error {
	status, _, err := p.s.file(*p.m, f)
	if err != nil {
		return err
	}
	if status == Installed {
		return nil
	}
	if f.SHA256 == "" && p.m.Files[f.Name].Pinned {
		f.SHA256 = p.m.Files[f.Name].SHA256
	}
	if status == Unverified {
		if taken, err := p.takeOver(ctx, f); err != nil || taken {
			return err
		}
	}
	from, err := p.from(model, f)
	if err != nil {
		return err
	}
	if p.o.Siblings != nil && p.o.From == "" && f.SHA256 != "" {
		there, done, err := p.share(ctx, f)
		if there || err != nil {
			return err
		}
		defer done()
	}
	err = p.outside(ctx, f, from)
	if _, wrong := errors.AsType[*sharedError](err); wrong {
		p.say("%s: what siblings had sent before had other bytes; it is fetched from its start", f.Name)
		err = p.outside(ctx, f, from)
	}
	return err
}

// sharedError is a *DamagedError that siblings may have caused.
type sharedError struct{ err error }

func (e *sharedError) Error() string { return e.err.Error() }
func (e *sharedError) Unwrap() error { return e.err }

// outside brings a file from where the catalogue, or the owner, says that it is.
func (p *puller) outside(ctx context.Context, f File, from source) error {
	part, err := p.s.openPart(f, from.name())
	if err != nil {
		return err
	}
	defer part.close()
	if part.have > 0 {
		p.say("%s: going on after the first %s", f.Name, Bytes(part.have))
	}
	if err := p.fetch(ctx, part, from); err != nil {
		return err
	}
	shared := part.note.Shared
	err = p.install(ctx, part)
	if _, damaged := errors.AsType[*DamagedError](err); damaged && shared {
		return &sharedError{err}
	}
	return err
}

// takeOver checks a file that somebody else put there.
func (p *puller) takeOver(ctx context.Context, f File) (taken bool, err error) {
	sum, size, err := hashFile(ctx, filepath.Join(p.s.dir, f.Name), p.o.Progress)
	if err != nil {
		return false, err
	}
	if f.SHA256 != "" && sum != f.SHA256 {
		p.say("%s was there, with other bytes; it is fetched", f.Name)
		return false, nil
	}
	p.m.Files[f.Name] = record{SHA256: sum, Size: size, Pinned: f.SHA256 == "" || p.m.Files[f.Name].Pinned}
	p.verified(f, sum, size)
	return true, p.s.write(*p.m)
}

func (p *puller) verified(f File, sum string, size int64) {
	if f.SHA256 == "" {
		p.say("%s: %s; no hash of it was published: from now on it must be SHA-256 %s", f.Name, Bytes(size), sum)
	} else {
		p.say("%s: %s, SHA-256 verified", f.Name, Bytes(size))
	}
}

// fetch fills the part, in as many tries as it takes.
func (p *puller) fetch(ctx context.Context, part *part, from source) error {
	wait, tries, reached := firstWait, 0, false
	for {
		had := part.have
		done, opened, err := p.attempt(ctx, part, from)
		reached = reached || opened
		if done {
			return nil
		}
		retry, worth := errors.AsType[*retryError](err)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		// A wrong name, or a machine without a network, is told at once.
		if _, asking := errors.AsType[*url.Error](err); !worth || asking && !reached {
			return err
		}
		if errors.Is(err, errOther) {
			if err := part.restart(); err != nil {
				return err
			}
		} else if part.have-had >= progressed {
			wait, tries = firstWait, 0
		}
		if tries++; tries >= maxTries {
			return fmt.Errorf("gave up after %d tries that brought nothing; the %s that came before are kept: %w", tries, Bytes(part.have), err)
		}
		pause := max(wait, retry.after)
		p.say("%s: %v; trying again in %v", part.f.Name, err, pause)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		wait *= 2
	}
}

// attempt makes one request and writes what it brings. opened is whether the
// source answered at all.
func (p *puller) attempt(ctx context.Context, part *part, from source) (done, opened bool, err error) {
	if f := part.f; part.have > 0 && part.have == max(f.Size, part.note.Total) {
		return true, false, nil // the last pull ended before its check
	}
	if part.have > 0 && !part.certain() {
		if err := part.restart(); err != nil {
			return false, false, err
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := time.AfterFunc(stallTime, func() { cancel(errStalled) })
	defer stall.Stop()
	again := func(err error) error {
		if errors.Is(context.Cause(ctx), errStalled) {
			err = errStalled
		}
		if retry, ok := errors.AsType[*retryError](err); ok {
			return retry
		}
		return &retryError{err: err}
	}

	a, err := from.open(ctx, part.have, part.note)
	if err != nil {
		if final(err) {
			return false, false, err
		}
		return false, false, again(err)
	}
	defer a.body.Close()
	stall.Reset(stallTime)
	if err := p.accept(part, from, &a); err != nil {
		return false, true, err
	}
	if err := p.copy(part, a, stall); err != nil {
		if _, reading := errors.AsType[*retryError](err); reading {
			return false, true, again(err)
		}
		return false, true, p.s.full(err, max(0, a.total-part.have))
	}
	return true, true, nil
}

// final is whether it is no use to ask again.
func final(err error) bool {
	if _, retry := errors.AsType[*retryError](err); retry {
		return false
	}
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, plain := errors.AsType[tls.RecordHeaderError](err)
	_, asked := errors.AsType[*url.Error](err) // the only errors of a client
	return untrusted || plain || !asked || errors.Is(err, ErrRedirect)
}

// accept looks at an answer before a byte of it is written, and makes room.
func (p *puller) accept(part *part, from source, a *answer) error {
	f := part.f
	switch {
	case a.total == 0:
		return fmt.Errorf("%s is empty there", f.Name)
	case f.Size > 0 && a.total >= 0 && a.total != f.Size:
		return fmt.Errorf("%s has %d bytes there, and must have %d: nothing of it was taken", f.Name, a.total, f.Size)
	case f.Size > 0:
		a.total = f.Size
	case a.total < 0 && !a.delimited && f.SHA256 == "":
		return fmt.Errorf("the server does not say how long %s is, and nobody knows its hash: a cut would not be noticed", f.Name)
	}
	if a.start == 0 && part.have > 0 {
		p.say("%s: from the start again: what is there changed, or cannot be sent in parts", f.Name)
		if err := part.restart(); err != nil {
			return err
		}
	}
	free, err := p.s.free()
	if err != nil {
		return err
	}
	if need := a.total - part.have; a.total >= 0 && need > free {
		return &FullError{Dir: p.s.dir, Need: need, Free: free}
	}
	n := note{Source: from.name(), Validator: a.validator, Total: a.total, Synced: part.note.Synced, Shared: part.note.Shared}
	if part.have == 0 {
		n.Synced = 0
	}
	return part.describe(n)
}

// copy appends the body to the part. Errors of reading are *retryError.
func (p *puller) copy(part *part, a answer, stall *time.Timer) error {
	if _, err := part.out.Seek(part.have, io.SeekStart); err != nil {
		return err
	}
	buf := make([]byte, 128<<10)
	for unsynced := int64(0); ; {
		n, readErr := a.body.Read(buf)
		if n > 0 {
			stall.Reset(stallTime)
			if a.total >= 0 && part.have+int64(n) > a.total {
				return errors.Join(fmt.Errorf("more than the %d bytes of %s came: they were removed", a.total, part.f.Name), part.remove())
			}
			w, err := part.out.Write(buf[:n])
			part.have += int64(w)
			if err != nil {
				return err
			}
			if unsynced += int64(n); unsynced >= syncEvery {
				unsynced = 0
				if err := part.sync(); err != nil {
					return err
				}
			}
			if p.o.Progress != nil {
				p.o.Progress(Progress{Step: "fetching", File: part.f.Name, Done: part.have, Total: a.total})
			}
		}
		switch {
		case readErr == io.EOF && a.total >= 0 && part.have < a.total:
			return &retryError{err: fmt.Errorf("%w after %s of %s", io.ErrUnexpectedEOF, Bytes(part.have), Bytes(a.total))}
		case readErr == io.EOF:
			return part.sync()
		case readErr != nil:
			return &retryError{err: readErr}
		}
	}
}

// install checks the whole file and gives it its name.
func (p *puller) install(ctx context.Context, part *part) error {
	f := part.f
	sum, size, err := hashFile(ctx, part.out.Name(), p.o.Progress)
	if err != nil {
		return err
	}
	if f.SHA256 != "" && sum != f.SHA256 {
		err := &DamagedError{f.Name, sum, f.SHA256}
		return errors.Join(fmt.Errorf("%w: the file was removed", err), part.remove())
	}
	r := record{SHA256: sum, Size: size, Pinned: f.SHA256 == "" || p.m.Files[f.Name].Pinned}
	// First the record, then the name: what is there under its name is known.
	path := filepath.Join(p.s.dir, f.Name)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	p.m.Files[f.Name] = r
	if err := p.s.write(*p.m); err != nil {
		return err
	}
	if err := os.Rename(part.out.Name(), path); err != nil {
		return err
	}
	if err := errors.Join(removeIfThere(part.notePath()), p.s.syncDir()); err != nil {
		return err
	}
	p.verified(f, sum, size)
	return nil
}
