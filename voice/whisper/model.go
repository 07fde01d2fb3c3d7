package whisper

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/cricket-home/cricket/voice"
)

// ErrModel is wrapped by the errors about a file that is no Whisper model.
var ErrModel = errors.New("not a Whisper model in ggml format")

// Header is what a model file says about itself in its first bytes.
type Header struct {
	Vocabulary   int `json:"vocabulary"`    // tokens; 51864: English only
	AudioPlaces  int `json:"audio_places"`  // of 20 ms: the longest window
	AudioWidth   int `json:"audio_width"`   // of the encoder
	AudioHeads   int `json:"audio_heads"`   //
	AudioLayers  int `json:"audio_layers"`  //
	TextPlaces   int `json:"text_places"`   // tokens in the decoder's memory
	TextWidth    int `json:"text_width"`    // of the decoder
	TextHeads    int `json:"text_heads"`    //
	TextLayers   int `json:"text_layers"`   //
	MelBands     int `json:"mel_bands"`     // 80 or 128
	WeightFormat int `json:"weight_format"` // ggml's number
}

const samplesPerPlace = voice.SampleRate / 50

// ReadHeader reads the header of a model file and checks it, because
// whisper.cpp aborts the process on some that it does not like. The error
// wraps ErrModel where the bytes are no such header.
func ReadHeader(r io.Reader) (Header, error) {
	var raw struct {
		Magic uint32
		Dims  [11]int32
	}
	if err := binary.Read(r, binary.LittleEndian, &raw); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return Header{}, fmt.Errorf("%w: it ends in the header", ErrModel)
		}
		return Header{}, fmt.Errorf("read model header: %w", err)
	}
	switch raw.Magic {
	case 0x67676d6c: // "ggml"
	case 0x46554747: // "GGUF"
		return Header{}, fmt.Errorf("%w: it is a GGUF file", ErrModel)
	default:
		return Header{}, fmt.Errorf("%w: it begins with %#08x", ErrModel, raw.Magic)
	}
	d := raw.Dims
	h := Header{Vocabulary: int(d[0]), AudioPlaces: int(d[1]), AudioWidth: int(d[2]), AudioHeads: int(d[3]), AudioLayers: int(d[4]),
		TextPlaces: int(d[5]), TextWidth: int(d[6]), TextHeads: int(d[7]), TextLayers: int(d[8]), MelBands: int(d[9]), WeightFormat: int(d[10])}
	for _, limit := range []struct {
		name          string
		is, low, high int
	}{
		{"vocabulary", h.Vocabulary, 51864, 60000},
		{"audio places", h.AudioPlaces, 50, 1500},
		{"audio width", h.AudioWidth, 1, 8192},
		{"audio heads", h.AudioHeads, 1, 256},
		{"audio layers", h.AudioLayers, 1, 256},
		{"text places", h.TextPlaces, 8, 8192},
		{"text width", h.TextWidth, h.AudioWidth, h.AudioWidth},
		{"text heads", h.TextHeads, 1, 256},
		{"text layers", h.TextLayers, 1, 256},
		{"mel bands", h.MelBands, 1, 512},
		{"weight format", h.WeightFormat, 0, 10000},
	} {
		if limit.is < limit.low || limit.is > limit.high {
			return Header{}, fmt.Errorf("%w: %s is %d, not %d to %d", ErrModel, limit.name, limit.is, limit.low, limit.high)
		}
	}
	return h, nil
}

// Window is the longest utterance that the model hears at once, in samples.
// The encoder gets a little silence after the speech, so that the last word is
// not on its edge.
func (h Header) Window() int {
	return (h.AudioPlaces - min(25, h.AudioPlaces/10)) * samplesPerPlace
}

// Short says whether the model hears less than Whisper's 30 s at once. Those are
// trained by models/training: on utterances with a little silence round them,
// and to say nothing at all where there is no speech.
func (h Header) Short() bool { return h.AudioPlaces < 1500 }

// AudioContext is how many places the encoder should have for so many samples:
// 0 means all. A model of the full 30 s hears up to 13 s with half of them, at
// less than half the work. By reports (whisper.cpp issues 1855 and 1951) its
// word error rate stays, while below 512 it begins to repeat itself. A short
// model was trained with a quarter of a second of nothing after the utterance,
// more or less.
func (h Header) AudioContext(samples int) int {
	const half = 768
	switch {
	case h.Short():
		return min(h.AudioPlaces, max(60, samples/samplesPerPlace+15))
	case samples <= 13*voice.SampleRate:
		return half
	}
	return 0
}
