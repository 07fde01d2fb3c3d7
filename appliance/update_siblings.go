package appliance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/cricket-home/cricket/models"
)

// siblingsTries is how often siblings are asked for one bundle.
const siblingsTries = 4

// bring fetches the bundle that an index names, and says where it is: from a sibling that
// has it, or else from its address, while siblings wait for it. Without a SHA-256 nobody
// can be asked for it by name, and each box fetches its own.
func (u *Updates) bring(ctx context.Context, o offer) (string, error) {
	var siblings models.Siblings
	if u.Siblings != nil && o.SHA256 != "" {
		siblings = u.Siblings()
	}
	u.setWanted(o.SHA256)
	defer u.setWanted("")
	for range siblingsTries {
		if siblings == nil {
			break
		}
		has, done, err := siblings.Turn(ctx, o.SHA256, 0, func(line string) { u.set(func(s *UpdateStatus) { s.Step = line }) })
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if err != nil {
			u.Log.Warn("siblings cannot be asked for the update", "err", err)
			break
		}
		if !has {
			defer done()
			break
		}
		file, err := u.fromSiblings(ctx, siblings, o.SHA256)
		done()
		if err == nil || ctx.Err() != nil {
			return file, err
		}
		u.Log.Warn("the update did not come from siblings", "err", err)
	}
	if err := u.fetch(ctx, o.Bundle, u.bundleFile()); err != nil {
		return "", err
	}
	return u.shelve(u.bundleFile(), o.SHA256)
}

func (u *Updates) setWanted(sum string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.wanted = sum
}

// fromSiblings takes a bundle from siblings.
func (u *Updates) fromSiblings(ctx context.Context, siblings models.Siblings, sum string) (string, error) {
	body, _, err := siblings.Open(ctx, sum, 0, 0)
	if err != nil {
		return "", err
	}
	defer body.Close()
	u.set(func(s *UpdateStatus) { s.Step = "a sibling has it" })
	file, err := u.Take(body)
	if err != nil {
		return "", err
	}
	kept, err := u.shelve(file, sum)
	if errors.Is(err, errOtherSum) {
		siblings.Wrong(sum)
	}
	return kept, err
}

var errOtherSum = errors.New("its SHA-256 is another than the index says")

// shelve keeps a bundle for siblings in place of the one before, and says where. sum is
// the SHA-256 that it must have; "": any. A bundle that has another is removed.
func (u *Updates) shelve(file, sum string) (string, error) {
	real, err := sumOfFile(file)
	if err == nil && sum != "" && real != sum {
		err = errOtherSum
	}
	kept := u.shelfFile(real)
	if err == nil {
		err = os.Rename(file, kept)
	}
	if err != nil {
		u.removeBundle(file)
		return "", fmt.Errorf("keep bundle: %w", err)
	}
	for _, pattern := range []string{"bundle.*", "bundle-*"} { // also what a power cut left
		old, _ := filepath.Glob(filepath.Join(u.Dir, pattern)) // its only error is a bad pattern
		for _, name := range old {
			if name != kept {
				u.removeBundle(name)
			}
		}
	}
	return kept, nil
}

func (u *Updates) shelfFile(sum string) string { return filepath.Join(u.Dir, "bundle-"+sum) }

func sumOfFile(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Whole is where the bundle is that was installed last, if it has this SHA-256, or "".
func (u *Updates) Whole(sum string) string {
	if !isSum(sum) {
		return ""
	}
	file := u.shelfFile(sum)
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return file
}

// Begun is how many bytes are there of a bundle that is fetched.
func (u *Updates) Begun(sum string) int64 {
	u.mu.Lock()
	wanted := u.wanted
	u.mu.Unlock()
	info, err := os.Stat(u.bundleFile())
	if wanted != sum || err != nil {
		return 0
	}
	return info.Size()
}

// isSum says whether this is a SHA-256 in lower-case hex.
func isSum(s string) bool {
	sum, err := hex.DecodeString(s)
	return err == nil && len(sum) == sha256.Size && hex.EncodeToString(sum) == s
}
