package main

import "math"

// silent is true for PCM in which no microphone heard anything: at most 16 of
// 32768 at its loudest, -66 dB of full scale.
func silent(pcm []int16) bool {
	for _, s := range pcm {
		if s > 16 || s < -16 {
			return false
		}
	}
	return true
}

// floor adds noise to pcm, the same each time, so that the sound is at most
// decibels above it. The model was trained on rooms: it takes the logarithm of
// each band, and the emptiness between the words of a voice from a file, or
// behind a noise gate, shifts the mean that all of the utterance is measured by.
func floor(pcm []int16, decibels float64) {
	power := 0.0
	for _, s := range pcm {
		power += float64(s) * float64(s) / float64(len(pcm))
	}
	amplitude := math.Max(1, math.Sqrt(3*power)*math.Pow(10, -decibels/20))
	x := uint32(1)
	for i, s := range pcm {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		noise := amplitude * (float64(x)/(1<<31) - 1) // even from -amplitude to amplitude
		pcm[i] = int16(max(-32768, min(32767, math.Round(float64(s)+noise))))
	}
}
