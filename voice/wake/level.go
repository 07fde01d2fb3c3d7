package wake

import (
	"math"
	"slices"
)

// keptFrames is how much of the sound a Detector remembers: 3 s.
const keptFrames = 150

const (
	quietShare  = 5  // one frame in five of the last three seconds is taken for noise alone
	leastPower  = 1  // of a frame: one step of the converter
	gapFrames   = 8  // 160 ms near the noise end the search for a word's beginning
	gapOver     = 4  // near the noise: less than four times its power, 6 dB
	longestWord = 75 // 1.5 s
	highestSNR  = 60 // decibel: no room is quieter

	// A word ends about when it is detected, less its model's delay, and where the
	// sound is weakest: a pause, or the closure of a consonant.
	earliestEnd  = 15  // frames before the detection,
	latestEnd    = 3   // and after it
	perFrameAway = 1.6 // decibel that the sound must be weaker for each frame from where the end is expected
)

// levels is the power of the last frames.
type levels struct {
	power  [keptFrames]float32 // mean square about the mean, of frame n at n%keptFrames
	sorted [keptFrames]float32 // scratch
	frames int
}

func (l *levels) push(pcm []int16) {
	var sum, squares float32
	for _, x := range pcm {
		y := float32(x)
		sum += y
		squares += y * y
	}
	n := float32(len(pcm))
	mean := sum / n
	l.power[l.frames%keptFrames] = max(leastPower, squares/n-mean*mean)
	l.frames++
}

// noise is the mean power of the quietest frames remembered.
func (l *levels) noise() float32 {
	kept := l.sorted[:copy(l.sorted[:], l.power[:min(l.frames, keptFrames)])]
	slices.Sort(kept)
	quiet := kept[:max(1, len(kept)/quietShare)]
	sum := float32(0)
	for _, p := range quiet {
		sum += p
	}
	return sum / float32(len(quiet))
}

// at is the power of frame n, which must be remembered.
func (l *levels) at(n int) float32 { return l.power[n%keptFrames] }

func (l *levels) oldest() int { return max(0, l.frames-keptFrames) }

// onset is the frame with which the word that ends before frame end began: after
// the last gap before it, or as long ago as a word can be.
func (l *levels) onset(end int) int {
	floor := l.noise() * gapOver
	begin, gap := end, 0
	for n := end - 1; n >= max(l.oldest(), end-longestWord); n-- {
		if l.at(n) > floor {
			begin, gap = n, 0
		} else if gap++; gap >= gapFrames && begin < end {
			break
		}
	}
	return begin
}

// boundary is the frame with which what follows a word begins that was detected after
// frame detected by a model of that delay, as well as the frames so far tell.
func (l *levels) boundary(detected, delay int) int {
	best, least := detected, math.Inf(1)
	for n := max(l.oldest(), detected-earliestEnd); n < min(l.frames, detected+latestEnd); n++ {
		away := math.Abs(float64(n - (detected - delay)))
		if cost := 10*math.Log10(float64(l.at(n))) + perFrameAway*away; cost < least {
			best, least = n, cost
		}
	}
	return best
}

// snr is the mean power of the frames from begin to end over the noise, in decibel.
func (l *levels) snr(begin, end int) float64 {
	noise := l.noise()
	sum := float32(0)
	for n := begin; n < end; n++ {
		sum += l.at(n)
	}
	return decibel(sum/float32(max(1, end-begin)), noise)
}

// decibel is how much louder than noise the rest of a power is that has noise in it.
func decibel(power, noise float32) float64 {
	noise = max(noise, leastPower)
	return min(highestSNR, 10*math.Log10(float64(max(power-noise, noise/1000)/noise)))
}
