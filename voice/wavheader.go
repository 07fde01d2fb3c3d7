package voice

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"unicode/utf8"
)

const (
	lowestRate   = 4000
	highestRate  = 384000
	mostChannels = 32
)

// streamed is the least length that stands for "not known" where the stream
// ends before it: 0x7ffff000 (espeak-ng, sox), 0x80000000 (arecord),
// 0xffffffff (ffmpeg). A writer that cannot seek back leaves one of these, or 0.
const streamed = 0x7ffff000

// readHeader reads up to the first sample. [RIFF WAVE 1991; EBU Tech 3306 for
// RF64 and BW64]
func (s *sound) readHeader() error {
	head, err := s.r.Peek(512)
	if err != nil && err != io.EOF {
		return fmt.Errorf("read WAV: %w", err)
	}
	if len(head) < 12 || !isWAV(head) {
		return &NotWAVError{looks(head)}
	}
	long := string(head[:4]) != "RIFF"
	riffBytes := uint64(binary.LittleEndian.Uint32(head[4:]))
	s.discard(12)
	at := uint64(12) // bytes read
	var longData uint64
	haveFormat := false
	for {
		var chunk [8]byte
		if _, err := io.ReadFull(s.r, chunk[:]); err != nil {
			return headerEnds("before its samples", err)
		}
		id, size := string(chunk[:4]), uint64(binary.LittleEndian.Uint32(chunk[4:]))
		at += 8
		switch {
		case id == "data" && !haveFormat:
			return fmt.Errorf("WAV has its samples before its format")
		case id == "data":
			if long && size == 0xffffffff {
				size = longData
			}
			more := riffBytes != 0xffffffff && riffBytes < streamed && riffBytes+8 > at // chunks follow
			return s.setLength(size, long, more)
		case id == "fmt ":
			body := make([]byte, min(size, 40))
			if _, err := io.ReadFull(s.r, body); err != nil {
				return headerEnds("inside its format", err)
			}
			if s.format, err = parseFormat(body); err != nil {
				return err
			}
			haveFormat = true
			err = s.discard(size + size%2 - uint64(len(body)))
		case id == "ds64" && size >= 16:
			var body [16]byte
			if _, err := io.ReadFull(s.r, body[:]); err != nil {
				return headerEnds("inside its ds64 chunk", err)
			}
			longData = binary.LittleEndian.Uint64(body[8:])
			err = s.discard(size + size%2 - 16)
		default:
			err = s.discard(size + size%2)
		}
		if err != nil {
			return headerEnds(fmt.Sprintf("inside its chunk %q", id), err)
		}
		at += size + size%2
	}
}

// setLength is told the size of the data chunk, and whether the file counts more after it.
func (s *sound) setLength(size uint64, long, more bool) error {
	const open = ^uint64(0)
	switch {
	case size == 0 && more:
		return ErrNoSound
	case size == 0, size == 0xffffffff && !long, size == open:
	case size >= streamed && !long:
		// A length or a place holder: at most this much, and no fault if it is less.
		s.r = readerOfAtMost(s.r, size)
	default:
		s.known, s.bytes = true, size/uint64(s.format.frameBytes())*uint64(s.format.frameBytes())
		if s.bytes == 0 {
			return ErrNoSound
		}
		return nil
	}
	if _, err := s.r.Peek(1); err == io.EOF {
		return ErrNoSound
	}
	return nil
}

func headerEnds(where string, err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("WAV ends %s: %w", where, io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("read WAV: %w", err)
}

func isWAV(head []byte) bool {
	id := string(head[:4])
	return (id == "RIFF" || id == "RF64" || id == "BW64") && string(head[8:12]) == "WAVE"
}

// looks says what a file that is no WAV seems to be.
func looks(head []byte) string {
	begins := func(at int, s string) bool { return len(head) >= at && bytes.HasPrefix(head[at:], []byte(s)) }
	switch {
	case len(head) == 0:
		return "an empty file"
	case begins(0, "RIFX"):
		return "a big-endian WAV (RIFX)"
	case begins(0, "RIFF") && len(head) < 12:
		return "the first bytes of a WAV, cut off"
	case begins(0, "RIFF"):
		return fmt.Sprintf("a RIFF file of type %q", head[8:12])
	case begins(0, "ID3"):
		return "MP3"
	case begins(0, "OggS"):
		return "Ogg"
	case begins(0, "fLaC"):
		return "FLAC"
	case begins(4, "ftyp"):
		return "M4A or MP4"
	case begins(0, "FORM"):
		return "AIFF"
	case begins(0, ".snd"):
		return "Sun audio"
	case begins(0, "caff"):
		return "Apple CAF"
	case begins(0, "\x1a\x45\xdf\xa3"):
		return "WebM or Matroska"
	case begins(0, "\xff\xf1"), begins(0, "\xff\xf9"):
		return "AAC"
	case len(head) > 1 && head[0] == 0xff && head[1]&0xe0 == 0xe0:
		return "MP3"
	case isText(head):
		return "text"
	}
	return "other data, perhaps raw samples without a header"
}

func isText(head []byte) bool {
	for i := 0; i < len(head); {
		r, n := utf8.DecodeRune(head[i:])
		if r == utf8.RuneError && n == 1 && i < len(head)-utf8.UTFMax {
			return false
		}
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' {
			return false
		}
		i += n
	}
	return true
}

// discard skips n bytes.
func (s *sound) discard(n uint64) error {
	for n > 0 {
		step := min(n, 1<<30)
		if _, err := s.r.Discard(int(step)); err != nil {
			return err
		}
		n -= step
	}
	return nil
}

func readerOfAtMost(r io.Reader, n uint64) *bufio.Reader {
	return bufio.NewReader(io.LimitReader(r, int64(n)))
}
