package appliance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/cricket-home/cricket/firmware/slots"
)

// offer is what the index of updates says. The bundle's own signature and version count;
// the index only says where to look.
type offer struct {
	Version string `json:"version"`
	Bundle  string `json:"bundle"` // its address, which may be relative to the index
	SHA256  string `json:"sha256"` // by which siblings are asked for it first; "": they are not
}

const (
	maxIndex   = 64 << 10 // bytes
	maxBundle  = 2 << 30  // bytes, as a slot has
	fetchTries = 5        // in a row that bring nothing
	fetchStall = 30 * time.Second
)

// UpdateConfig says where updates come from.
type UpdateConfig struct {
	URL string `toml:"url"`
}

func (c UpdateConfig) validate(fault func(format string, args ...any)) {
	if c.URL == "" {
		return
	}
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		fault("'update.url' must be http:// or https:// and a host, not %q", c.URL)
	}
}

// Check looks for a newer version, and says which it found; "" for none.
func (u *Updates) Check(ctx context.Context) (string, error) {
	if u.Slots == nil {
		return "", ErrNoSlots
	}
	if u.Index == "" {
		return "", ErrNoIndex
	}
	ctx, stop := context.WithTimeout(ctx, fetchStall)
	defer stop()
	o, err := readOffer(ctx, u.Index)
	if err != nil {
		return "", fmt.Errorf("look for updates: %w", err)
	}
	if slots.Compare(o.Version, u.Version) <= 0 {
		o = offer{}
	}
	u.mu.Lock()
	u.offer = o
	u.mu.Unlock()
	u.Told()
	return o.Version, nil
}

func readOffer(ctx context.Context, index string) (offer, error) {
	var o offer
	answer, err := get(ctx, index, 0, "")
	if err != nil {
		return o, err
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxIndex)).Decode(&o); err != nil {
		return o, fmt.Errorf("read %s: %w", index, err)
	}
	at, err := url.Parse(o.Bundle)
	if err != nil || o.Bundle == "" || o.Version == "" {
		return o, fmt.Errorf("read %s: it names no version and bundle", index)
	}
	if o.SHA256 != "" && !isSum(o.SHA256) {
		return o, fmt.Errorf("read %s: %q is no SHA-256", index, o.SHA256)
	}
	o.Bundle = answer.Request.URL.ResolveReference(at).String()
	return o, nil
}

// get asks for an address, from a byte on; tag is what the bytes before were of.
func get(ctx context.Context, address string, from int64, tag string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if from > 0 {
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
		r.Header.Set("If-Range", tag)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusPartialContent {
		answer.Body.Close()
		return nil, fmt.Errorf("get %s: %s", address, answer.Status)
	}
	return answer, nil
}

func (u *Updates) bundleFile() string { return filepath.Join(u.Dir, "bundle") }

// removeBundle removes a bundle of ours.
func (u *Updates) removeBundle(file string) {
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		u.Log.Warn("a bundle is left over", "err", err)
	}
}

// Take keeps a bundle, so that it can be installed.
func (u *Updates) Take(from io.Reader) (file string, err error) {
	if u.Slots == nil {
		return "", ErrNoSlots
	}
	if err := os.MkdirAll(u.Dir, 0o700); err != nil {
		return "", fmt.Errorf("keep bundle: %w", err)
	}
	f, err := os.CreateTemp(u.Dir, "bundle.*")
	if err != nil {
		return "", fmt.Errorf("keep bundle: %w", err)
	}
	n, err := io.Copy(f, io.LimitReader(from, maxBundle+1))
	if err == nil && n > maxBundle {
		err = fmt.Errorf("it is larger than %d bytes", int64(maxBundle))
	}
	if err = errors.Join(err, f.Close()); err != nil {
		u.removeBundle(f.Name())
		return "", fmt.Errorf("keep bundle: %w", err)
	}
	return f.Name(), nil
}

// fetch loads a bundle down. A connection that breaks is taken up where it broke.
func (u *Updates) fetch(ctx context.Context, address, file string) error {
	if err := os.MkdirAll(u.Dir, 0o700); err != nil {
		return fmt.Errorf("fetch update: %w", err)
	}
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("fetch update: %w", err)
	}
	defer f.Close()
	var size int64
	var tag string
	for tries := 1; ; tries++ {
		before := size
		if size, tag, err = u.fetchSome(ctx, address, f, size, tag); err == nil {
			break
		}
		if size > before {
			tries = 1
		}
		if tries == fetchTries || ctx.Err() != nil || errors.Is(err, errTooLarge) {
			f.Close()
			u.removeBundle(file)
			return fmt.Errorf("fetch update: %w", err)
		}
		pause(ctx, time.Duration(tries)*time.Second)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("fetch update: %w", err)
	}
	return nil
}

var errTooLarge = fmt.Errorf("it is larger than %d bytes", int64(maxBundle))

// fetchSome loads what is left, from byte size on, and says how much there is now.
func (u *Updates) fetchSome(ctx context.Context, address string, f *os.File, size int64, tag string) (int64, string, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	stall := time.AfterFunc(fetchStall, func() { stop(fmt.Errorf("no byte came for %v", fetchStall)) })
	defer stall.Stop()
	answer, err := get(ctx, address, size, tag)
	if err != nil {
		return size, tag, errors.Join(err, context.Cause(ctx))
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusOK {
		size, tag = 0, answer.Header.Get("ETag")
	}
	total := size + answer.ContentLength
	if answer.ContentLength < 0 {
		total = 0
	}
	if total > maxBundle {
		return size, tag, errTooLarge
	}
	if err := errors.Join(f.Truncate(size), seekTo(f, size)); err != nil {
		return size, tag, err
	}
	part := make([]byte, 256<<10)
	for {
		n, err := answer.Body.Read(part)
		if n > 0 {
			stall.Reset(fetchStall)
			if _, err := f.Write(part[:n]); err != nil {
				return size, tag, err
			}
			before := size
			if size += int64(n); size > maxBundle {
				return size, tag, errTooLarge
			}
			if percent := func(n int64) int { return int(n * 100 / max(total, 1)) }; total > 0 && percent(size) > percent(before) {
				p := percent(size)
				u.set(func(s *UpdateStatus) { s.Percent, s.Step = &p, "" })
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return size, tag, nil
		case err != nil:
			if tag == "" { // nobody can say whether the rest is of the same
				size = 0
			}
			return size, tag, errors.Join(err, context.Cause(ctx))
		}
	}
}

func seekTo(f *os.File, at int64) error {
	_, err := f.Seek(at, io.SeekStart)
	return err
}
