package bucket

import (
	"testing"
	"time"
)

func TestBucket(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b := New(10, 2, now)
	for _, c := range []struct {
		name  string
		after time.Duration
		takes float64
		wait  time.Duration // afterwards, in whole seconds
	}{
		{"a part of it", 0, 9, 0},
		{"the rest", 0, 1, 1 * time.Second},
		{"nothing, a second later", time.Second, 0, 0},
		{"more than there is", 0, 22, 11 * time.Second},
		{"nothing, when it was said to be enough", 11 * time.Second, 0, 0},
		{"a part of what an hour has filled", time.Hour, 10, 1 * time.Second},
		{"what is given back", 0, -3, 0},
		{"nothing, while the clock was set back", -time.Hour, 3, 1 * time.Second},
	} {
		now = now.Add(c.after)
		b.Take(c.takes, now)
		if got := b.Wait(now).Round(time.Second); got != c.wait {
			t.Errorf("%s: wait %v, want %v", c.name, got, c.wait)
		}
	}
	if b := New(10, 2, now); !b.Full(now) {
		t.Error("a new one is not full")
	} else if b.Take(-5, now); b.left != 10 {
		t.Errorf("it holds %v of 10", b.left)
	} else if b.Take(4, now); b.Full(now.Add(time.Second)) || !b.Full(now.Add(2*time.Second)) {
		t.Error("it is full too soon, or too late")
	}
}
