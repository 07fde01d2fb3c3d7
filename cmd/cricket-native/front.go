package main

/*
#cgo LDFLAGS: -lspeexdsp
#include <speex/speex_echo.h>
#include <speex/speex_preprocess.h>
*/
import "C"

import (
	"errors"
	"math"
	"unsafe"

	"github.com/cricket-home/cricket/voice"
)

const (
	// echoTail is how much of the past of the loudspeaker may still be heard: how
	// far the reference runs ahead of the microphone, and the room's echo.
	echoTail = 192 * voice.SampleRate / 1000
	// lowest is the lowest frequency that is kept, in Hz: below are hum and rumble.
	lowest = 80
	// suppressed is by how much steady noise is lowered, in dB: more makes the
	// recognisers worse, which were trained on rooms.
	suppressed = -12
	// echoSuppressed is by how much what is left of the echo is lowered, in dB:
	// while only the loudspeaker speaks, and while somebody speaks too.
	echoSuppressed, echoSuppressedBeside = -60, -20
)

// front is what sound passes before anybody hears it: high-pass, echo
// cancelling, noise suppression and automatic gain, by SpeexDSP. One goroutine.
type front struct {
	echo    *C.SpeexEchoState
	process *C.SpeexPreprocessState
	pass    highPass
	played  *reference
	mic     []int16
	far     []int16
	out     []int16

	impulse []int32 // the echo canceller's idea of the room
	sounded int     // frames of the loudspeaker since the echo's delay was looked at
	delay   float64 // of the echo then, in samples; 0: not known
}

// driftEvery is after how many frames with sound in them the echo's delay is looked at.
const driftEvery = 25

// newFront returns a front end for frames of 20 ms; close frees it.
func newFront(gain bool) (*front, error) {
	f := &front{echo: C.speex_echo_state_init(voice.FrameSamples, echoTail), process: C.speex_preprocess_state_init(voice.FrameSamples, voice.SampleRate),
		pass: newHighPass(lowest), played: newReference(), mic: make([]int16, voice.FrameSamples), far: make([]int16, voice.FrameSamples), out: make([]int16, voice.FrameSamples)}
	if f.echo == nil || f.process == nil {
		return nil, errors.New("start the front end: SpeexDSP has no memory")
	}
	var size C.int
	C.speex_echo_ctl(f.echo, C.SPEEX_ECHO_GET_IMPULSE_RESPONSE_SIZE, unsafe.Pointer(&size))
	f.impulse = make([]int32, size)
	rate := C.int(voice.SampleRate)
	C.speex_echo_ctl(f.echo, C.SPEEX_ECHO_SET_SAMPLING_RATE, unsafe.Pointer(&rate))
	C.speex_preprocess_ctl(f.process, C.SPEEX_PREPROCESS_SET_ECHO_STATE, unsafe.Pointer(f.echo))
	set := func(request C.int, value int) {
		v := C.int(value)
		C.speex_preprocess_ctl(f.process, request, unsafe.Pointer(&v))
	}
	set(C.SPEEX_PREPROCESS_SET_DENOISE, 1)
	set(C.SPEEX_PREPROCESS_SET_NOISE_SUPPRESS, suppressed)
	set(C.SPEEX_PREPROCESS_SET_ECHO_SUPPRESS, echoSuppressed)
	set(C.SPEEX_PREPROCESS_SET_ECHO_SUPPRESS_ACTIVE, echoSuppressedBeside)
	if gain {
		set(C.SPEEX_PREPROCESS_SET_AGC, 1)
		set(C.SPEEX_PREPROCESS_SET_AGC_TARGET, 8000)
		set(C.SPEEX_PREPROCESS_SET_AGC_MAX_GAIN, 24)
	}
	return f, nil
}

func (f *front) close() {
	C.speex_preprocess_state_destroy(f.process)
	C.speex_echo_state_destroy(f.echo)
}

// hear returns what is left of a frame of the microphone when what the
// loudspeaker plays is taken away. The result is valid until the next call.
func (f *front) hear(mic []int16) []int16 {
	f.pass.filter(f.mic, mic)
	if f.played.read(f.far) {
		f.track()
	} else {
		f.sounded, f.delay = 0, 0
	}
	C.speex_echo_cancellation(f.echo, pcm(f.mic), pcm(f.far), pcm(f.out))
	C.speex_preprocess_run(f.process, pcm(f.out))
	return f.out
}

// track follows the echo's delay: where it moves, the clocks of microphone and
// loudspeaker differ, and the canceller, which must learn the room anew all the
// time, leaves more of the echo.
func (f *front) track() {
	if f.sounded++; f.sounded < driftEvery {
		return
	}
	C.speex_echo_ctl(f.echo, C.SPEEX_ECHO_GET_IMPULSE_RESPONSE, unsafe.Pointer(&f.impulse[0]))
	now := peak(f.impulse)
	if moved := now - f.delay; f.delay != 0 && now != 0 && math.Abs(moved) < 8 {
		f.played.drifted(moved, f.sounded*voice.FrameSamples)
	}
	f.sounded, f.delay = 0, now
}

// peak is where the largest of x is, between samples: the top of a parabola
// through it and its neighbours. 0: it does not stand out.
func peak(x []int32) float64 {
	at, most, sum := 0, 0.0, 0.0
	for i, v := range x {
		a := math.Abs(float64(v))
		if sum += a; a > most {
			at, most = i, a
		}
	}
	if at == 0 || at == len(x)-1 || most < 8*sum/float64(len(x)) {
		return 0
	}
	a, c := math.Abs(float64(x[at-1])), math.Abs(float64(x[at+1]))
	return float64(at) + 0.5*(a-c)/(a-2*most+c)
}

func pcm(x []int16) *C.spx_int16_t { return (*C.spx_int16_t)(unsafe.Pointer(&x[0])) }

// highPass is a Butterworth filter of the second order. Robert Bristow-Johnson,
// "Cookbook formulae for audio equalizer biquad filter coefficients".
type highPass struct{ b0, b1, b2, a1, a2, x1, x2, y1, y2 float64 }

func newHighPass(hertz float64) highPass {
	w := 2 * math.Pi * hertz / voice.SampleRate
	alpha, cos := math.Sin(w)/math.Sqrt2, math.Cos(w)
	a0 := 1 + alpha
	return highPass{b0: (1 + cos) / 2 / a0, b1: -(1 + cos) / a0, b2: (1 + cos) / 2 / a0, a1: -2 * cos / a0, a2: (1 - alpha) / a0}
}

func (h *highPass) filter(to, from []int16) {
	for i, s := range from {
		x := float64(s)
		y := h.b0*x + h.b1*h.x1 + h.b2*h.x2 - h.a1*h.y1 - h.a2*h.y2
		h.x2, h.x1, h.y2, h.y1 = h.x1, x, h.y1, y
		to[i] = int16(max(-32768, min(32767, math.Round(y))))
	}
}
