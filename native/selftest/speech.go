package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

var phrases = [...]string{"close the blinds", "switch off the kitchen light"}

// say has espeak-ng write text to a WAV file.
func say(ctx context.Context, at place, text, file string) error {
	// This voice and speed suit pocketsphinx's model best of those tried.
	_, err := output(exec.CommandContext(ctx, filepath.Join(at.bin, "espeak-ng"), "-v", "en-us+f3", "-s", "120", "-w", file, text))
	return err
}

func speak(ctx context.Context, at place) (string, error) {
	file := filepath.Join(at.tmp, "speech.wav")
	if err := say(ctx, at, phrases[0], file); err != nil {
		return "", err
	}
	wav, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	const header = 44 // espeak-ng writes the plainest of WAV files: 16 bits, mono
	if len(wav) < header || string(wav[:4]) != "RIFF" || string(wav[8:12]) != "WAVE" {
		return "", fmt.Errorf("espeak-ng wrote %d bytes that are not a WAV file", len(wav))
	}
	rate := binary.LittleEndian.Uint32(wav[24:])
	loudest := 0
	for b := wav[header:]; len(b) >= 2; b = b[2:] {
		loudest = max(loudest, int(int16(binary.LittleEndian.Uint16(b))))
	}
	seconds := float64(len(wav)-header) / 2 / float64(rate)
	if seconds < 0.5 || seconds > 5 || loudest < 1000 {
		return "", fmt.Errorf("espeak-ng spoke %.1f s with a peak of %d for %q", seconds, loudest, phrases[0])
	}
	return fmt.Sprintf("%.1f s at %d Hz", seconds, rate), nil
}

func recognise(ctx context.Context, at place) (string, error) {
	grammar := filepath.Join(at.tmp, "two.jsgf")
	text := "#JSGF V1.0;\ngrammar two;\npublic <phrase> = " + strings.Join(phrases[:], " | ") + ";\n"
	if err := os.WriteFile(grammar, []byte(text), 0o600); err != nil {
		return "", err
	}
	model := filepath.Join(at.root, "usr/share/pocketsphinx/model/en-us")
	for _, phrase := range phrases {
		file := filepath.Join(at.tmp, "phrase.wav")
		if err := say(ctx, at, phrase, file); err != nil {
			return "", err
		}
		out, err := output(exec.CommandContext(ctx, filepath.Join(at.bin, "pocketsphinx"),
			"-hmm", filepath.Join(model, "en-us"), "-dict", filepath.Join(model, "cmudict-en-us.dict"),
			"-jsgf", grammar, "single", file))
		if err != nil {
			return "", err
		}
		var heard struct {
			Text string `json:"t"`
		}
		if err := json.Unmarshal(out, &heard); err != nil {
			return "", fmt.Errorf("read pocketsphinx's answer %q: %w", out, err)
		}
		if heard.Text != phrase {
			return "", fmt.Errorf("espeak-ng said %q and pocketsphinx heard %q", phrase, heard.Text)
		}
	}
	return "both heard", nil
}

// output runs cmd and returns what it wrote to stdout. An error carries the end of what it wrote to stderr.
func output(cmd *exec.Cmd) ([]byte, error) {
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("run %s: %w%s", cmd.Args[0], err, lastLines(complaint.String()))
	}
	return out.Bytes(), nil
}

// lastLines is the end of a program's complaint, below the error that it belongs to.
func lastLines(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	lines := strings.Split(s, "\n")
	return "\n\t" + strings.Join(lines[max(0, len(lines)-8):], "\n\t")
}
