package page

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// microphone is what a daemon hears: a quiet room, in which the test speaks.
type microphone struct {
	t    *testing.T
	path string
	said chan []int16
}

const (
	rate  = 16000
	frame = rate / 50
)

// plugIn makes a microphone of a pipe.
func plugIn(t *testing.T, dir string) *microphone {
	t.Helper()
	m := &microphone{t: t, path: filepath.Join(dir, "microphone"), said: make(chan []int16, 1)}
	if err := syscall.Mkfifo(m.path, 0o600); err != nil {
		t.Fatal(err)
	}
	pipe, err := os.OpenFile(m.path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pipe.Close() })
	go func() {
		tick := time.NewTicker(time.Second * frame / rate)
		defer tick.Stop()
		noise := rand.New(rand.NewPCG(1, 2))
		var left []int16
		for range tick.C {
			if len(left) == 0 {
				select {
				case left = <-m.said:
				default:
				}
			}
			pcm := make([]int16, frame)
			left = left[copy(pcm, left):]
			for i := range pcm {
				pcm[i] += int16(10 * noise.NormFloat64())
			}
			if binary.Write(pipe, binary.LittleEndian, pcm) != nil {
				return // it was closed
			}
		}
	}()
	return m
}

// say speaks a text into the microphone, at a pace in words a minute.
func (m *microphone) say(text string, pace int) {
	m.t.Helper()
	wav, err := exec.Command(filepath.Join(os.Getenv("CRICKET_BIN"), "espeak-ng"), "-v", "en-us", "-s", strconv.Itoa(pace), "--stdout", text).Output()
	if err != nil || len(wav) < 44 {
		m.t.Fatalf("say %q: %v", text, err)
	}
	from := float64(binary.LittleEndian.Uint32(wav[24:])) / rate
	sample := func(i int) float64 { return float64(int16(binary.LittleEndian.Uint16(wav[44+2*i:]))) }
	n := (len(wav) - 44) / 2
	var pcm []int16
	for at := 0.0; int(at)+1 < n; at += from {
		i := int(at)
		pcm = append(pcm, int16((sample(i)+(sample(i+1)-sample(i))*(at-float64(i)))/2))
	}
	m.said <- pcm
}

// The owner sees what the microphone hears, teaches the box a word, wakes it by that, and has
// it forget the word.
func TestTeachAWakeWord(t *testing.T) {
	dir := shortDir(t)
	m := plugIn(t, dir)
	d := startHearing(t, dir, "kitchen", "enabled = false", "file:"+m.path, "file:/dev/null")
	b := open(t, d)
	b.enter(d)
	b.visit("/voice")
	b.sees("hey cricket: 0.0")
	if is := value[float64](b, `document.getElementById("level").value`); is > -50 {
		t.Errorf("a quiet room has %.0f dB", is)
	}
	m.say("hey cricket", 170)
	b.waits(`document.getElementById("level").value > -40`)
	b.waits(`document.getElementById("meter-woke").textContent.startsWith("“hey cricket” woke the box")`)
	b.shots("voice-meter")
	teach := func() {
		t.Helper()
		d.idle()
		b.do(chromedp.SetValue("form[action='/voice/enrol'] [name=word]", "open sesame"), chromedp.SetValue("form[action='/voice/enrol'] [name=person]", "Ali"),
			chromedp.Click("form[action='/voice/enrol'] button"))
	}
	teach()
	b.sees("Say “open sesame” now, once: 1 of 4.")
	b.do(chromedp.Click("form[action='/voice/enrol/stop'] button"))
	b.waits(`document.querySelector("form[action='/voice/enrol']") !== null`)
	teach()
	for n, pace := range []int{165, 170, 175, 168} {
		b.sees("Say “open sesame” now, once: " + strconv.Itoa(n+1) + " of 4.")
		if n == 1 {
			b.shots("voice-enrol")
		}
		m.say("open sesame", pace)
	}
	b.sees("“open sesame” wakes the box when Ali says it.")
	m.say("open sesame", 172)
	b.waits(`document.getElementById("meter-woke").textContent.startsWith("“open sesame” woke the box")`)
	b.visit("/voice")
	b.waits(`document.querySelector("form[action='/voice/words/forget'] [name=word]").value === "open sesame"`)
	b.do(chromedp.Click("form[action='/voice/words/forget'] button"))
	b.waits(`document.querySelector("form[action='/voice/words/forget']") === null`)
	b.visit("/voice")
	b.untroubled()
}
