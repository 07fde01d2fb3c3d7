package voice

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// chunk is one RIFF chunk, padded to an even length.
func chunk(id string, body []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(id), uint32(len(body)))
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

func riff(chunks ...[]byte) []byte {
	body := append([]byte("WAVE"), bytes.Join(chunks, nil)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func formatChunk(tag, channels, rate, bits int) []byte {
	width := channels * ((bits + 7) / 8)
	b := binary.LittleEndian.AppendUint16(nil, uint16(tag))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*width))
	b = binary.LittleEndian.AppendUint16(b, uint16(width))
	return chunk("fmt ", binary.LittleEndian.AppendUint16(b, uint16(bits)))
}

func extensibleChunk(tag, channels, rate, bits, validBits int, tail []byte) []byte {
	b := formatChunk(tagExtensible, channels, rate, bits)[8:]
	b = binary.LittleEndian.AppendUint16(b, 22)
	b = binary.LittleEndian.AppendUint16(b, uint16(validBits))
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(tag))
	return chunk("fmt ", append(b, tail...))
}

// int16s are little-endian samples.
func int16s(x ...int16) []byte {
	var b []byte
	for _, v := range x {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}

func float32s(x ...float32) []byte {
	var b []byte
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func float64s(x ...float64) []byte {
	var b []byte
	for _, v := range x {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

// readAll returns the samples of all frames and the error that ended them (nil for io.EOF).
func readAll(t testing.TB, r io.Reader) ([]int16, error) {
	t.Helper()
	w, err := NewWAV(r, "test")
	if err != nil {
		return nil, err
	}
	var pcm []int16
	for n := 0; ; n++ {
		f, err := w.Next()
		if err == io.EOF {
			return pcm, nil
		}
		if err != nil {
			if _, again := w.Next(); again != err {
				t.Errorf("after the end, Next gave %v and then %v", err, again)
			}
			return pcm, err
		}
		if len(f.PCM) != FrameSamples || f.Mic != "test" || f.Time != time.Duration(n)*20*time.Millisecond {
			t.Fatalf("frame %d: %d samples of %q at %v", n, len(f.PCM), f.Mic, f.Time)
		}
		pcm = append(pcm, f.PCM...)
	}
}

// Every coding of the same four samples gives the same four numbers.
func TestCodings(t *testing.T) {
	cases := []struct {
		name   string
		format []byte
		data   []byte
		want   []int16
	}{
		{"16 bit", formatChunk(tagPCM, 1, 16000, 16), int16s(0, 1000, -1000, 32767), []int16{0, 1000, -1000, 32767}},
		{"8 bit unsigned", formatChunk(tagPCM, 1, 16000, 8), []byte{128, 192, 64, 255, 0}, []int16{0, 16384, -16384, 32512, -32768}},
		{"24 bit", formatChunk(tagPCM, 1, 16000, 24), []byte{0, 0, 0, 0, 232, 3, 0, 24, 252}, []int16{0, 1000, -1000}},
		{"32 bit", formatChunk(tagPCM, 1, 16000, 32), []byte{0, 0, 232, 3, 0, 0, 24, 252}, []int16{1000, -1000}},
		{"float 32", formatChunk(tagFloat, 1, 16000, 32), float32s(0, 0.5, -0.5, 2, -2), []int16{0, 16384, -16384, 32767, -32768}},
		{"float 64", formatChunk(tagFloat, 1, 16000, 64), float64s(0, 0.5, -0.5, 1e300), []int16{0, 16384, -16384, 0}},
		{"A-law", formatChunk(tagALaw, 1, 16000, 8), []byte{0xd5, 0x55, 0xaa, 0x2a, 0x80}, []int16{8, -8, 32256, -32256, 5504}},
		{"mu-law", formatChunk(tagMuLaw, 1, 16000, 8), []byte{0xff, 0x7f, 0x80, 0x00, 0xbe}, []int16{0, 0, 32124, -32124, 2108}},
		{"stereo, the mean", formatChunk(tagPCM, 2, 16000, 16), int16s(1000, 3000, -8, -2), []int16{2000, -5}},
		{"32 channels", formatChunk(tagPCM, 32, 16000, 16), int16s(append(make([]int16, 31), 3200)...), []int16{100}},
		{"extensible 16 bit", extensibleChunk(tagPCM, 1, 16000, 16, 16, subformatTail), int16s(7, -7), []int16{7, -7}},
		{"extensible 24 bit in 32", extensibleChunk(tagPCM, 1, 16000, 32, 24, subformatTail), []byte{0, 0, 232, 3}, []int16{1000}},
		{"extensible float", extensibleChunk(tagFloat, 1, 16000, 32, 32, subformatTail), float32s(0.25), []int16{8192}},
		{"not a number, infinite", formatChunk(tagFloat, 1, 16000, 32),
			float32s(0.5, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0.5), []int16{16384, 0, 0, 0, 16384}},
		{"a part of a sample at the end", formatChunk(tagPCM, 1, 16000, 16), append(int16s(5, 6), 7), []int16{5, 6}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			data := riff(chunk("LIST", []byte("odd")), c.format, chunk("fact", []byte{1, 2, 3, 4}), chunk("data", c.data), chunk("LIST", []byte("after")))
			got, err := readAll(t, iotest.OneByteReader(bytes.NewReader(data)))
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != FrameSamples {
				t.Fatalf("%d samples, want one frame", len(got))
			}
			for i, x := range got {
				if want := append(c.want, make([]int16, FrameSamples)...)[i]; x != want {
					t.Errorf("sample %d is %d, want %d", i, x, want)
				}
			}
		})
	}
}

// Writers that cannot seek back leave a length that is not one.
func TestStreamedLengths(t *testing.T) {
	samples := int16s(make([]int16, 3*FrameSamples)...)
	plain := func(riffSize, dataSize uint32, after ...byte) []byte {
		b := riff(formatChunk(tagPCM, 1, 16000, 16), chunk("data", samples))
		binary.LittleEndian.PutUint32(b[4:], riffSize)
		binary.LittleEndian.PutUint32(b[40:], dataSize)
		return append(b, after...)
	}
	long := func(id string, dataSize uint64, after ...byte) []byte {
		ds64 := binary.LittleEndian.AppendUint64(make([]byte, 8), dataSize)
		b := riff(chunk("ds64", append(ds64, make([]byte, 12)...)), formatChunk(tagPCM, 1, 16000, 16), chunk("data", samples))
		copy(b, id)
		binary.LittleEndian.PutUint32(b[4:], 0xffffffff)
		binary.LittleEndian.PutUint32(b[len(b)-len(samples)-4:], 0xffffffff)
		return append(b, after...)
	}
	for name, data := range map[string][]byte{
		"ffmpeg to a pipe":         plain(0xffffffff, 0xffffffff),
		"espeak-ng and sox":        plain(0x7ffff024, 0x7ffff000),
		"arecord":                  plain(0x80000024, 0x80000000),
		"never finished":           plain(0, 0),
		"finished without lengths": plain(36, 0),
		"RF64":                     long("RF64", uint64(len(samples)), chunk("LIST", make([]byte, 5000))...),
		"BW64":                     long("BW64", uint64(len(samples)), chunk("LIST", make([]byte, 5000))...),
		"RF64 never finished":      long("RF64", 0),
		"RF64 open":                long("RF64", math.MaxUint64),
		"a chunk after the data":   append(riff(formatChunk(tagPCM, 1, 16000, 16), chunk("data", samples)), chunk("LIST", make([]byte, 5000))...),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readAll(t, bytes.NewReader(data))
			if err != nil || len(got) != 3*FrameSamples {
				t.Errorf("%d samples and %v, want %d", len(got), err, 3*FrameSamples)
			}
		})
	}
}

func TestUnreadable(t *testing.T) {
	pcm := formatChunk(tagPCM, 1, 16000, 16)
	whole := riff(pcm, chunk("data", make([]byte, 64000)))
	cases := []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "not a WAV: it looks like an empty file"},
		{"text", []byte("turn on the lights, bitte schön\n"), "not a WAV: it looks like text"},
		{"MP3 with tags", []byte("ID3\x04\x00\x00\x00\x00\x00\x00TIT2\x00"), "looks like MP3"},
		{"MP3", []byte("\xff\xfb\x90\x64\x00\x00\x00\x00\x00\x00\x00\x00"), "looks like MP3"},
		{"AAC", []byte("\xff\xf1\x50\x80\x00\x1f\xfc\xde\x02\x00\x4c\x61"), "looks like AAC"},
		{"Ogg", []byte("OggS\x00\x02\x00\x00\x00\x00\x00\x00"), "looks like Ogg"},
		{"FLAC", []byte("fLaC\x00\x00\x00\x22\x10\x00\x10\x00"), "looks like FLAC"},
		{"M4A", []byte("\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00"), "looks like M4A"},
		{"AVI", []byte("RIFF\x00\x00\x00\x00AVI LIST"), `a RIFF file of type "AVI "`},
		{"big-endian", []byte("RIFX\x00\x00\x00\x00WAVEfmt "), "big-endian WAV"},
		{"raw", []byte("\x00\x01\x02\x03\x10\x20\x30\x40\x50\x60\x70\x80\x90"), "perhaps raw samples"},
		{"cut in the first bytes", whole[:8], "cut off"},
		{"cut in the format", whole[:30], "WAV ends inside its format: unexpected EOF"},
		{"no data chunk", riff(pcm), "WAV ends before its samples: unexpected EOF"},
		{"a chunk longer than the file", riff([]byte("LIST\xf0\xff\xff\xffx")), `WAV ends inside its chunk "LIST": unexpected EOF`},
		{"data before format", riff(chunk("data", make([]byte, 8)), pcm), "samples before its format"},
		{"short format", riff(chunk("fmt ", make([]byte, 14))), "format of 14 bytes"},
		{"no samples, another chunk", riff(pcm, chunk("data", nil), chunk("LIST", make([]byte, 8))), "holds no sound"},
		{"no samples", riff(pcm, chunk("data", nil)), "holds no sound"},
		{"less than a sample", riff(pcm, chunk("data", []byte{1})), "holds no sound"},
		{"MPEG in WAV", riff(formatChunk(0x55, 1, 44100, 0)), "coded as MPEG layer 3 (format 0x0055, 0 bits)"},
		{"ADPCM", riff(formatChunk(0x11, 1, 16000, 4)), "coded as IMA ADPCM (format 0x0011, 4 bits)"},
		{"a codec nobody knows", riff(formatChunk(0x4242, 1, 16000, 16)), "coded as unknown codec (format 0x4242, 16 bits)"},
		{"float 16", riff(formatChunk(tagFloat, 1, 16000, 16)), "float of an odd width"},
		{"another GUID", riff(extensibleChunk(tagPCM, 1, 16000, 16, 16, make([]byte, 14))), "coded as GUID 0100"},
		{"no channels", riff(formatChunk(tagPCM, 0, 16000, 16)), "0 channels; 1 to 32"},
		{"33 channels", riff(formatChunk(tagPCM, 33, 16000, 16)), "33 channels; 1 to 32"},
		{"too slow", riff(formatChunk(tagPCM, 1, 3999, 16)), "rate of 3999 Hz; 4000 to 384000"},
		{"too fast", riff(formatChunk(tagPCM, 1, 384001, 16)), "rate of 384001 Hz"},
		{"cut in the samples", whole[:len(whole)-32000], "WAV is cut off: 1.00 s read of 2.00 s promised"},
		{"cut at the samples", whole[:44], "WAV is cut off: 0.00 s read of 2.00 s promised"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := readAll(t, bytes.NewReader(c.data))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
			if cut := strings.Contains(c.name, "cut "); cut && len(c.data) > 12 && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%v does not wrap io.ErrUnexpectedEOF", err)
			}
		})
	}
}

// What stands before the cut is delivered.
func TestTruncatedDeliversWhatIsThere(t *testing.T) {
	whole := riff(formatChunk(tagPCM, 2, 48000, 16), chunk("data", make([]byte, 48000*4)))
	got, err := readAll(t, bytes.NewReader(whole[:44+48000*4/2+3]))
	var cut *TruncatedError
	if !errors.As(err, &cut) || cut.Read != 500*time.Millisecond || cut.Promised != time.Second {
		t.Errorf("error %v", err)
	}
	if len(got) != 25*FrameSamples {
		t.Errorf("%d samples before the cut, want %d", len(got), 25*FrameSamples)
	}
}

func TestReaderFaultIsReturnedAfterTheSamplesBeforeIt(t *testing.T) {
	whole := riff(formatChunk(tagPCM, 1, 16000, 16), chunk("data", make([]byte, 64000)))
	broken := errors.New("card pulled out")
	got, err := readAll(t, io.MultiReader(bytes.NewReader(whole[:44+32000]), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) || len(got) != 16000 {
		t.Errorf("%d samples and %v", len(got), err)
	}
}

// Two gigabytes are read with the memory of one block.
func TestTwoGigabytes(t *testing.T) {
	if testing.Short() {
		t.Skip("reads a sparse 2 GB file; run without -short")
	}
	const size = 2_000_000_000
	name := filepath.Join(t.TempDir(), "long.wav")
	// 32 channels at 384 kHz: the most bytes for the least arithmetic.
	head := riff(formatChunk(tagPCM, 32, 384000, 32), chunk("data", nil))
	binary.LittleEndian.PutUint32(head[4:], 36+size)
	binary.LittleEndian.PutUint32(head[40:], size)
	if err := os.WriteFile(name, head, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, int64(len(head))+size); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := NewWAV(f, "test")
	if err != nil {
		t.Fatal(err)
	}
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	frames := 0
	for {
		_, err := w.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		frames++
	}
	runtime.ReadMemStats(&now)
	const samples = size / 128 / 24 // bytes of a frame; 384 kHz to 16 kHz
	if want := (samples + FrameSamples - 1) / FrameSamples; frames < want || frames > want+1 {
		t.Errorf("%d frames, want %d", frames, want)
	}
	// Besides a frame's own samples almost nothing is allocated.
	if extra := int64(now.TotalAlloc-before.TotalAlloc) - int64(frames)*FrameSamples*2; extra > 1<<20 {
		t.Errorf("%d bytes allocated beyond the frames", extra)
	}
}

func TestWriteAndReadSpeech(t *testing.T) {
	pcm := []int16{0, 1, -1, 32767, -32768}
	var b bytes.Buffer
	if err := WriteWAV(&b, 22050, pcm); err != nil {
		t.Fatal(err)
	}
	got, err := ReadSpeech(bytes.NewReader(b.Bytes()), time.Second)
	if err != nil || got.Rate != 22050 || len(got.PCM) != len(pcm) {
		t.Fatalf("%+v, %v", got, err)
	}
	for i := range pcm {
		if got.PCM[i] != pcm[i] {
			t.Errorf("sample %d is %d, want %d", i, got.PCM[i], pcm[i])
		}
	}
	if _, err := ReadSpeech(bytes.NewReader(b.Bytes()), 200*time.Microsecond); err == nil {
		t.Error("a WAV longer than was asked for is no error")
	}
}

// FuzzWAV: any bytes give frames of 320 samples or an error, and no more frames
// than the header and the input's length allow.
func FuzzWAV(f *testing.F) {
	f.Add(riff(formatChunk(tagPCM, 1, 16000, 16), chunk("data", int16s(1, 2, 3))))
	f.Add(riff(formatChunk(tagPCM, 2, 8000, 8), chunk("data", []byte{128, 128, 1, 2})))
	f.Add(riff(chunk("LIST", []byte("odd")), extensibleChunk(tagFloat, 1, 44100, 32, 32, subformatTail), chunk("data", float32s(1, -1))))
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := NewWAV(bytes.NewReader(data), "fuzz")
		if err != nil {
			return
		}
		samples := 0
		for {
			frame, err := w.Next()
			if err != nil {
				break
			}
			if len(frame.PCM) != FrameSamples {
				t.Fatalf("frame of %d samples", len(frame.PCM))
			}
			samples += FrameSamples
			if len(w.waiting) > 2*blockFrames*SampleRate/lowestRate {
				t.Fatalf("%d samples are waiting", len(w.waiting))
			}
		}
		form := w.sound.format
		most := (len(data)/form.frameBytes()*SampleRate+form.rate-1)/form.rate + FrameSamples
		if samples > most {
			t.Fatalf("%d samples from %d bytes at %d Hz", samples, len(data), form.rate)
		}
		want := (int(w.sound.read)/form.frameBytes()*SampleRate + form.rate - 1) / form.rate
		if samples < want || samples >= want+FrameSamples {
			t.Fatalf("%d samples, want %d and the filling of the last frame", samples, want)
		}
	})
}
