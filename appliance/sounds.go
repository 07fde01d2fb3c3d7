package appliance

import "math"

// soundRate is the rate of the sounds that are no speech, in samples per second.
const soundRate = 22050

// stroke is a struck note that dies away.
type stroke struct {
	hertz, length, fade float64 // Hz, s, 1/s
}

func strokes(loud float64, notes ...stroke) []int16 {
	var pcm []int16
	for _, n := range notes {
		for i := range int(n.length * soundRate) {
			t := float64(i) / soundRate
			pcm = append(pcm, int16(loud*math.Exp(-n.fade*t)*math.Sin(2*math.Pi*n.hertz*t)))
		}
	}
	return pcm
}

// chime is what rings: three soft strokes, each a fourth above the last.
func chime() []int16 {
	return strokes(9000, stroke{660, 0.3, 8}, stroke{880, 0.3, 8}, stroke{1174, 0.3, 8})
}

// gong goes before an announcement: two strokes down a third.
func gong() []int16 { return strokes(9000, stroke{784, 0.35, 6}, stroke{659, 0.6, 5}) }

// doorbell is a door bell: two long notes down a fourth.
func doorbell() []int16 { return strokes(11000, stroke{880, 0.6, 3}, stroke{659, 1.1, 2.5}) }

// beep is "done": two short strokes up a fifth.
func beep() []int16 { return strokes(6000, stroke{784, 0.08, 12}, stroke{1175, 0.16, 16}) }

// listens is one short stroke: the box was called, and waits.
func listens() []int16 { return strokes(6000, stroke{880, 0.14, 18}) }

// louder is sound at a volume of 0 to 100. Half of it sounds half as loud: the
// amplitude is its cube, as in PulseAudio and PipeWire.
func louder(pcm []int16, percent int) []int16 {
	gain := math.Pow(float64(percent)/100, 3)
	out := make([]int16, len(pcm))
	for i, x := range pcm {
		out[i] = int16(math.Round(float64(x) * gain))
	}
	return out
}
