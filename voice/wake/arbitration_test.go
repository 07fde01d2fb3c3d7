package wake

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// at is a moment, in milliseconds.
func at(ms int) time.Time { return time.Time{}.Add(time.Duration(ms) * time.Millisecond) }

func TestWinner(t *testing.T) {
	for _, tt := range []struct {
		name   string
		claims []Claim
		want   string
	}{
		{"alone", []Claim{{Box: "hall", Score: 0.6, SNR: 3}}, "hall"},
		{"as certain and as clear: the first", []Claim{{Box: "a", Score: 0.9, SNR: 20, At: at(40)}, {Box: "b", Score: 0.88, SNR: 18}}, "b"},
		{"a little clearer is a tie", []Claim{{Box: "a", Score: 0.9, SNR: 25, At: at(40)}, {Box: "b", Score: 0.9, SNR: 20}}, "b"},
		{"6 dB are a tie", []Claim{{Box: "a", Score: 0.9, SNR: 26, At: at(40)}, {Box: "b", Score: 0.9, SNR: 20}}, "b"},
		{"a little more than 6 dB are none", []Claim{{Box: "a", Score: 0.9, SNR: 26.2, At: at(40)}, {Box: "b", Score: 0.9, SNR: 20}}, "a"},
		{"0.14 more certain is a tie", []Claim{{Box: "a", Score: 0.9, SNR: 20, At: at(40)}, {Box: "b", Score: 0.76, SNR: 20}}, "b"},
		{"0.16 more certain is none", []Claim{{Box: "a", Score: 0.9, SNR: 20, At: at(40)}, {Box: "b", Score: 0.74, SNR: 20}}, "a"},
		{"far clearer, and later", []Claim{{Box: "near", Score: 0.9, SNR: 28, At: at(60)}, {Box: "far", Score: 0.85, SNR: 9}}, "near"},
		{"far more certain, in more noise", []Claim{{Box: "sure", Score: 0.95, SNR: 10, At: at(60)}, {Box: "hardly", Score: 0.55, SNR: 25}}, "sure"},
		{"the room where somebody is, whatever the sound", []Claim{{Box: "bedroom", Score: 0.6, SNR: 4, Own: true, At: at(300)}, {Box: "hall", Score: 0.99, SNR: 30}}, "bedroom"},
		{"two of their own room: the clearer", []Claim{{Box: "a", Score: 0.9, SNR: 9, Own: true}, {Box: "b", Score: 0.9, SNR: 20, Own: true, At: at(90)}, {Box: "c", Score: 1, SNR: 40}}, "b"},
		{"the clearest is not certain enough", []Claim{{Box: "a", Score: 0.5, SNR: 40}, {Box: "b", Score: 0.9, SNR: 15, At: at(20)}, {Box: "c", Score: 0.9, SNR: 14, At: at(10)}}, "c"},
		{"a broken score", []Claim{{Box: "a", Score: math.NaN(), SNR: math.Inf(-1)}, {Box: "b", Score: 0.9, SNR: 20, At: at(20)}}, "b"},
		{"at the same moment", []Claim{{Box: "b", Score: 0.9, SNR: 20}, {Box: "a", Score: 0.9, SNR: 20}}, "a"},
		// a ties with b and b with c, but a is plainly clearer than c, which was the first.
		{"a chain of ties", []Claim{{Box: "a", SNR: 20, At: at(20)}, {Box: "b", SNR: 15, At: at(10)}, {Box: "c", SNR: 10}}, "b"},
	} {
		if got := Winner(tt.claims); got.Box != tt.want {
			t.Errorf("%s: %q wins, want %q", tt.name, got.Box, tt.want)
		}
	}
}

// Every box has the claims in another order, and all decide for the same one of them.
func TestEveryBoxDecidesTheSame(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for range 5000 {
		var claims []Claim
		for i := range 1 + random.IntN(6) {
			claims = append(claims, Claim{Box: string(rune('a' + i)), Score: float64(random.IntN(8)) / 8, SNR: float64(random.IntN(10)) * 3,
				Own: random.IntN(4) == 0, At: at(random.IntN(4) * 20)})
		}
		want := Winner(slices.Clone(claims))
		if !slices.Contains(claims, want) {
			t.Fatalf("%+v is none of %+v", want, claims)
		}
		for range 6 {
			random.Shuffle(len(claims), func(i, j int) { claims[i], claims[j] = claims[j], claims[i] })
			before := slices.Clone(claims)
			if got := Winner(claims); got != want {
				t.Fatalf("%+v and %+v win of %+v", got, want, claims)
			}
			if !slices.Equal(before, claims) {
				t.Fatal("the claims were changed")
			}
		}
	}
}
