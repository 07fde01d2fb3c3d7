package voice

import "time"

// SampleRate is the rate of all sound inside Cricket, in samples per second.
const SampleRate = 16000

// FrameSamples is the length of a Frame: 20 ms.
const FrameSamples = SampleRate / 50

// Frame is 20 ms of 16 kHz mono PCM from one microphone.
type Frame struct {
	Mic  string        // name of the microphone, or of the file
	Time time.Duration // of the first sample, since the stream began
	PCM  []int16       // FrameSamples samples; the last frame of a file is padded with zeros
}

// Wake says that a wake word was heard.
type Wake struct {
	Word       string
	Person     string  // whose own word it is; "" for a word that anybody may say
	Score      float64 // 0..1
	Start, End time.Duration
	SNR        float64 // decibel
}

// Utterance is one spoken request, trimmed to the speech and a little around it.
type Utterance struct {
	Mic        string
	Start, End time.Duration // first and last spoken sample, since the stream began
	PCM        []int16       // 16 kHz mono
	Wake       *Wake         // nil where no wake word was asked for
	Truncated  bool          // speech went on past the longest request and was cut here
}

// Duration is how long the PCM lasts.
func (u Utterance) Duration() time.Duration {
	return time.Duration(len(u.PCM)) * time.Second / SampleRate
}

// Transcript is what a recogniser heard in an utterance. An empty Text means
// that no words were heard.
type Transcript struct {
	Text         string
	Language     string  // BCP 47: "en"
	Confidence   float64 // 0..1
	NotCommand   bool    // a closed-phrase recogniser heard something that is none of its phrases
	Alternatives []Alternative
	Tokens       []Token
}

// Alternative is another reading of the same utterance, where the engine gives it.
type Alternative struct {
	Text       string
	Confidence float64 // 0..1
}

// Token is one word or sub-word of a transcript.
type Token struct {
	Text        string
	Probability float64 // 0..1
	Start, End  time.Duration
}

// Speech is text and the PCM that says it.
type Speech struct {
	Text string
	Rate int     // samples per second
	PCM  []int16 // mono
}
