package voice

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// format is what a WAV's "fmt " chunk says, and how to decode the samples.
type format struct {
	rate        int // sample frames per second
	channels    int
	sampleBytes int // of one channel
	decode      func(to []float32, from []byte)
}

// frameBytes is the size of one sample of every channel.
func (f format) frameBytes() int { return f.channels * f.sampleBytes }

const (
	tagPCM        = 0x0001
	tagFloat      = 0x0003
	tagALaw       = 0x0006
	tagMuLaw      = 0x0007
	tagExtensible = 0xfffe
)

// subformatTail ends the GUID by which WAVE_FORMAT_EXTENSIBLE names a plain format tag.
var subformatTail = []byte("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71")

func parseFormat(b []byte) (format, error) {
	if len(b) < 16 {
		return format{}, fmt.Errorf("WAV has a format of %d bytes, 16 are the least", len(b))
	}
	tag := binary.LittleEndian.Uint16(b)
	channels := int(binary.LittleEndian.Uint16(b[2:]))
	rate := int(binary.LittleEndian.Uint32(b[4:]))
	block := int(binary.LittleEndian.Uint16(b[12:]))
	bits := int(binary.LittleEndian.Uint16(b[14:]))
	if tag == tagExtensible {
		if len(b) < 40 {
			return format{}, fmt.Errorf("WAV has an extensible format of %d bytes, 40 are the least", len(b))
		}
		if !bytes.Equal(b[26:40], subformatTail) {
			return format{}, &CodecError{tag, bits, fmt.Sprintf("GUID %x", b[24:40])}
		}
		tag = binary.LittleEndian.Uint16(b[24:])
	}
	if channels < 1 || channels > mostChannels {
		return format{}, fmt.Errorf("WAV has %d channels; 1 to %d are read", channels, mostChannels)
	}
	if rate < lowestRate || rate > highestRate {
		return format{}, fmt.Errorf("WAV has a rate of %d Hz; %d to %d are read", rate, lowestRate, highestRate)
	}
	width := (bits + 7) / 8
	if tag == tagPCM && block%channels == 0 && block/channels > width && block/channels <= 4 {
		width = block / channels // 24 bits at the top of 32, say
	}
	if block != 0 && block != channels*width {
		return format{}, fmt.Errorf("WAV has blocks of %d bytes for %d channels of %d bits", block, channels, bits)
	}
	f := format{rate: rate, channels: channels, sampleBytes: width}
	switch {
	case tag == tagPCM && width == 1:
		f.decode = decodeUint8
	case tag == tagPCM && width == 2:
		f.decode = decodeInt16
	case tag == tagPCM && width == 3:
		f.decode = decodeInt24
	case tag == tagPCM && width == 4:
		f.decode = decodeInt32
	case tag == tagFloat && bits == 32:
		f.decode = decodeFloat32
	case tag == tagFloat && bits == 64:
		f.decode = decodeFloat64
	case tag == tagALaw && bits == 8:
		f.decode = tableDecoder(aLaw)
	case tag == tagMuLaw && bits == 8:
		f.decode = tableDecoder(muLaw)
	default:
		return format{}, &CodecError{tag, bits, codecName(tag)}
	}
	return f, nil
}

func codecName(tag uint16) string {
	switch tag {
	case tagPCM:
		return "PCM of an odd width"
	case tagFloat:
		return "float of an odd width"
	case tagALaw, tagMuLaw:
		return "G.711 of an odd width"
	case 0x0002:
		return "Microsoft ADPCM"
	case 0x0011:
		return "IMA ADPCM"
	case 0x0031:
		return "GSM 6.10"
	case 0x0040, 0x0045, 0x0064:
		return "G.72x ADPCM"
	case 0x0050:
		return "MPEG layer 1 or 2"
	case 0x0055:
		return "MPEG layer 3"
	case 0x00ff, 0x1610:
		return "AAC"
	case 0x0161, 0x0162:
		return "Windows Media audio"
	case 0x2000:
		return "AC-3"
	case 0xf1ac:
		return "FLAC"
	case 0x6750, 0x676f, 0x6770, 0x6771, 0x566f:
		return "Vorbis"
	}
	return "unknown codec"
}

func decodeUint8(to []float32, from []byte) {
	for i := range to {
		to[i] = float32(int(from[i])-128) / 128
	}
}

func decodeInt16(to []float32, from []byte) {
	for i := range to {
		to[i] = float32(int16(binary.LittleEndian.Uint16(from[2*i:]))) / 32768
	}
}

func decodeInt24(to []float32, from []byte) {
	for i := range to {
		x := int32(from[3*i])<<8 | int32(from[3*i+1])<<16 | int32(from[3*i+2])<<24
		to[i] = float32(x) / (1 << 31)
	}
}

func decodeInt32(to []float32, from []byte) {
	for i := range to {
		to[i] = float32(int32(binary.LittleEndian.Uint32(from[4*i:]))) / (1 << 31)
	}
}

func decodeFloat32(to []float32, from []byte) {
	for i := range to {
		to[i] = finite(math.Float32frombits(binary.LittleEndian.Uint32(from[4*i:])))
	}
}

func decodeFloat64(to []float32, from []byte) {
	for i := range to {
		to[i] = finite(float32(math.Float64frombits(binary.LittleEndian.Uint64(from[8*i:]))))
	}
}

// finite keeps one broken sample from spoiling its neighbours in the resampler:
// what is no number is silence, what is beyond full scale is clipped.
func finite(x float32) float32 {
	if x != x || math.IsInf(float64(x), 0) {
		return 0
	}
	return max(-1, min(1, x))
}

func tableDecoder(law func(byte) int) func(to []float32, from []byte) {
	var table [256]float32
	for i := range table {
		table[i] = float32(law(byte(i))) / 32768
	}
	return func(to []float32, from []byte) {
		for i := range to {
			to[i] = table[from[i]]
		}
	}
}

// aLaw decodes one byte of [G.711] A-law to 16 bits.
func aLaw(b byte) int {
	b ^= 0x55
	x := int(b&0x0f)<<4 + 8
	if exponent := b >> 4 & 7; exponent > 0 {
		x = (x + 0x100) << (exponent - 1)
	}
	if b&0x80 == 0 {
		return -x
	}
	return x
}

// muLaw decodes one byte of [G.711] mu-law to 16 bits.
func muLaw(b byte) int {
	b = ^b
	x := (int(b&0x0f)<<3+0x84)<<(b>>4&7) - 0x84
	if b&0x80 != 0 {
		return -x
	}
	return x
}

// WriteWAV writes 16-bit mono PCM of the given rate as a WAV.
func WriteWAV(w io.Writer, rate int, pcm []int16) error {
	size := 2 * len(pcm)
	if size > streamed {
		return fmt.Errorf("write WAV: %d samples are more than one WAV holds", len(pcm))
	}
	b := bufio.NewWriter(w)
	head := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00")
	binary.LittleEndian.PutUint32(head[4:], uint32(36+size))
	head = binary.LittleEndian.AppendUint32(head, uint32(rate))
	head = binary.LittleEndian.AppendUint32(head, uint32(2*rate))
	head = append(head, "\x02\x00\x10\x00data"...)
	head = binary.LittleEndian.AppendUint32(head, uint32(size))
	b.Write(head)
	for _, x := range pcm {
		b.Write([]byte{byte(x), byte(uint16(x) >> 8)})
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write WAV: %w", err)
	}
	return nil
}
