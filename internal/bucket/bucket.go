package bucket

import "time"

// Bucket is one user's allowance. It is not safe for several goroutines.
type Bucket struct {
	size, rate float64 // of a full one; per second
	left       float64
	at         time.Time // when left was true
}

// New returns a full bucket that fills at rate per second.
func New(size, rate float64, now time.Time) *Bucket {
	return &Bucket{size: size, rate: rate, left: size, at: now}
}

// Take takes n out, whether there is so much or not. A negative n gives back.
func (b *Bucket) Take(n float64, now time.Time) {
	b.fill(now)
	b.left = min(b.left-n, b.size)
}

// Wait is how long until there is anything in it; 0: there is.
func (b *Bucket) Wait(now time.Time) time.Duration {
	b.fill(now)
	if b.left > 0 {
		return 0
	}
	return time.Duration((1-b.left)/b.rate*float64(time.Second)) + 1
}

// Full tells whether nothing is missing: then it can be forgotten.
func (b *Bucket) Full(now time.Time) bool {
	b.fill(now)
	return b.left >= b.size
}

func (b *Bucket) fill(now time.Time) {
	if d := now.Sub(b.at); d > 0 {
		b.left = min(b.size, b.left+d.Seconds()*b.rate)
		b.at = now
	}
}
