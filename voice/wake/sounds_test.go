package wake

import (
	"math/rand/v2"
	"testing"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// noise is white noise of a root mean square, the same each time.
func noise(samples int, level float64) []int16 {
	r := rand.New(rand.NewPCG(1, 2))
	pcm := make([]int16, samples)
	for i := range pcm {
		pcm[i] = int16(r.NormFloat64() * level)
	}
	return pcm
}

// say is what espeak-ng says in a voice, with half a second of a quiet room
// around it, at a volume.
func say(t testing.TB, text, speaker string, volume float64) []int16 {
	t.Helper()
	pcm := append(make([]int16, voice.SampleRate/4), voicetest.Spoken(t, speaker, text, 0).PCM...)
	pcm = append(pcm, make([]int16, voice.SampleRate/2)...)
	room := noise(len(pcm), 20)
	for i, x := range pcm {
		pcm[i] = int16(float64(x)*volume) + room[i]
	}
	return pcm
}

// frames pushes a sound and returns all wakes.
func frames(d *Detector, pcm []int16) (wakes []voice.Wake) {
	for n := 0; len(pcm) >= voice.FrameSamples; n++ {
		wakes = append(wakes, d.Push(voice.Frame{PCM: pcm[:voice.FrameSamples]})...)
		pcm = pcm[voice.FrameSamples:]
	}
	return wakes
}

// faster is the sound played faster by a factor: a little higher and shorter, as
// nobody says a word twice alike.
func faster(pcm []int16, factor float64) []int16 {
	out := make([]int16, int(float64(len(pcm)-1)/factor))
	for i := range out {
		at := float64(i) * factor
		n := int(at)
		part := at - float64(n)
		out[i] = int16(float64(pcm[n])*(1-part) + float64(pcm[n+1])*part)
	}
	return out
}

// recorded is a person's recordings of a phrase, each a little different.
func recorded(t testing.TB, phrase, speaker string, factors ...float64) (r []Recording) {
	for i, f := range factors {
		r = append(r, Recording{Name: string(rune('a'+i)) + ".wav", PCM: faster(say(t, phrase, speaker, 0.6-0.1*float64(i)), f)})
	}
	return r
}

// someOthers is what else is said in the house.
func someOthers(t testing.TB) Others {
	var o Others
	for _, s := range []struct{ speaker, text string }{
		{"en-gb", "turn on the kitchen lights please and open the windows"},
		{"en-us+f3", "my sister would like to have some soup for dinner tonight"},
		{"en-us+m3", "hey you, could you come here and help me with the machine"},
		{"en-gb+f4", "what will the weather be like tomorrow, will it rain in the afternoon"},
	} {
		o.Speech = append(o.Speech, Recording{s.text, say(t, s.text, s.speaker, 0.5)})
	}
	for _, speaker := range []string{"en-us+f3", "en-gb-scotland+f2", "en-us+m5"} {
		o.Same = append(o.Same, Recording{speaker, say(t, "open sesame", speaker, 0.5)})
	}
	return o
}

// somePersonal is "open sesame" of a man.
func somePersonal(t testing.TB) *Personal {
	p, _, err := Enrol(Bundled(), "open sesame", "ali", recorded(t, "open sesame", "en-us", 0.98, 1, 1.02), someOthers(t), when())
	if err != nil {
		t.Fatal(err)
	}
	return p
}
