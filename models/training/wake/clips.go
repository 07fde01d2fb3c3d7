package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// clip is one spoken text, cut to its sound.
type clip struct {
	Family  string // "word 0" for the first wake word, "sentences", or a family of near-misses
	Text    string
	Speaker string // "espeak", "flite", "festival"
	Voice   string
	Sounds  []string // phonemes of the text, espeak-ng's mnemonics
	Offset  int64    // samples in the file
	Samples int

	file *os.File
}

// shelf is a folder of clips: NAME.pcm holds the sound (16 kHz, int16, one clip
// after another) and NAME.json a line for each clip.
type shelf struct{ dir string }

// write stores clips as they come from next until it returns io.EOF. The shelf's
// part is there only when it is complete.
func (s shelf) write(name string, next func() (clip, []int16, error)) (err error) {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	path := filepath.Join(s.dir, name)
	pcm, err := os.Create(path + ".pcm")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pcm.Close()) }()
	index, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, index.Close()) }()
	out, lines := bufio.NewWriter(pcm), json.NewEncoder(index)
	for offset := int64(0); ; {
		c, samples, err := next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		c.Offset, c.Samples = offset, len(samples)
		if err := binary.Write(out, binary.LittleEndian, samples); err != nil {
			return err
		}
		if err := lines.Encode(c); err != nil {
			return err
		}
		offset += int64(len(samples))
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return os.Rename(path+".new", path+".json")
}

func (s shelf) has(name string) bool {
	_, err := os.Stat(filepath.Join(s.dir, name+".json"))
	return err == nil
}

// read opens the part name. The files stay open until the program ends.
func (s shelf) read(name string) ([]clip, error) {
	pcm, err := os.Open(filepath.Join(s.dir, name+".pcm"))
	if err != nil {
		return nil, err
	}
	index, err := os.Open(filepath.Join(s.dir, name+".json"))
	if err != nil {
		return nil, err
	}
	defer index.Close()
	var clips []clip
	for lines := json.NewDecoder(index); ; {
		c := clip{file: pcm}
		if err := lines.Decode(&c); errors.Is(err, io.EOF) {
			return clips, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the clips of %q: %w", name, err)
		}
		clips = append(clips, c)
	}
}

// sound reads the clip, full scale 1.
func (c clip) sound() ([]float32, error) {
	raw := make([]byte, 2*c.Samples)
	if _, err := c.file.ReadAt(raw, 2*c.Offset); err != nil {
		return nil, fmt.Errorf("read the clip %q: %w", c.Text, err)
	}
	x := make([]float32, c.Samples)
	for i := range x {
		x[i] = float32(int16(binary.LittleEndian.Uint16(raw[2*i:]))) / 32768
	}
	return x, nil
}
