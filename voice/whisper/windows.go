package whisper

import "github.com/cricket-home/cricket/voice"

// Windows cuts pcm into parts of at most longest samples that follow each other
// without a gap. Each cut is in the quietest 40 ms of the last quarter of its
// window, which is between words where there is such a place.
func Windows(pcm []int16, longest int) [][]int16 {
	const quiet = voice.SampleRate / 25
	var parts [][]int16
	for len(pcm) > longest {
		cut, least := longest, int64(-1)
		for from := longest * 3 / 4; from+quiet <= longest; from += quiet / 4 {
			var power int64
			for _, s := range pcm[from : from+quiet] {
				power += int64(s) * int64(s)
			}
			if least < 0 || power <= least { // the last of equals: the fewest windows
				cut, least = from+quiet/2, power
			}
		}
		parts = append(parts, pcm[:cut])
		pcm = pcm[cut:]
	}
	return append(parts, pcm)
}
