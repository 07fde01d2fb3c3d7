package appliance

import (
	"bufio"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/voicetest"
	"github.com/cricket-home/cricket/voice/wyoming"
)

// A pipeline of Home Assistant's in one connection after another: it asks what
// there is, listens for the word, has a sentence understood and carried out, and
// has the reply spoken.
func TestWyomingClient(t *testing.T) {
	c := free()
	c.Wyoming.Listen = "127.0.0.1:0"
	b := newBox(t, hallWithDoor, c, true)
	run(t, b.Run)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, sends, want string }{
		{"what there is", `{"type":"describe"}`, `"phrase":"hey cricket"`},
		{"what it means", `{"type":"recognize","data":{"text":"turn on the lamp"}}`, `intent {"entities":[{"name":"name","value":"Lamp"}],"name":"HassTurnOn"`},
		{"what it does not mean", `{"type":"recognize","data":{"text":"purple monkey dishwasher"}}`, `not-recognized`},
		{"do it", `{"type":"transcript","data":{"text":"turn on the lamp"}}`, `handled-start`},
		{"open the house", `{"type":"transcript","data":{"text":"unlock the front door"}}`, `not-handled {"text":"I open or unlock the front door only for somebody in the room."}`},
		{"do nonsense", `{"type":"transcript","data":{"text":"purple monkey dishwasher"}}`, `not-handled {"text":"Sorry`},
		{"hear without a recogniser", `{"type":"audio-start","data":{"rate":16000,"width":2,"channels":1}}` + "\n" + `{"type":"audio-stop"}`, `error {"code":"unavailable"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := firstEvent(t, b, tt.sends)
			if got := e.Type + " " + string(e.Data); !strings.Contains(got, tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	t.Run("the doctor names the port", func(t *testing.T) {
		if f := b.checkFriends(); len(f) != 1 || !f[0].OK || !strings.Contains(f[0].Text, b.wyoming.services.Addr().String()) {
			t.Errorf("doctor: %+v", f)
		}
	})
	t.Run("say it", func(t *testing.T) {
		b := start(t, oneLamp, c, true)
		b.voices.all = []oneVoice{{name: "a tone", speak: func(_ context.Context, text string) (voice.Speech, error) {
			return voice.Speech{Text: text, Rate: 22050, PCM: make([]int16, 22050)}, nil
		}}}
		for _, tt := range []struct{ voice, want string }{
			{`{}`, "audio-start"}, {`{"name":"a tone"}`, "audio-start"}, {`{"language":"en-GB"}`, "audio-start"},
			{`{"name":"nobody"}`, `there is no voice \"nobody\" here`}, {`{"language":"de"}`, `not that of this home`},
		} {
			e := firstEvent(t, b, `{"type":"synthesize","data":{"text":"The lamp is on.","voice":`+tt.voice+`}}`)
			if got := e.Type + " " + string(e.Data); !strings.Contains(got, tt.want) {
				t.Errorf("with the voice %s: %s, want %s", tt.voice, got, tt.want)
			}
		}
	})
	t.Run("wake", func(t *testing.T) {
		u := voicetest.Spoken(t, "en-us", "hey cricket", 32000)
		var sound strings.Builder
		sound.WriteString(`{"type":"detect","data":{"names":["hey cricket"]}}` + "\n" + `{"type":"audio-start","data":{"rate":16000,"width":2,"channels":1}}` + "\n")
		chunk, err := wyoming.NewEvent("audio-chunk", map[string]int{"rate": 16000, "width": 2, "channels": 1}, child.PCM(u.PCM))
		if err != nil {
			t.Fatal(err)
		}
		if err := wyoming.Write(&sound, chunk); err != nil {
			t.Fatal(err)
		}
		if e := firstEvent(t, b, sound.String()+`{"type":"audio-stop"}`); e.Type != "detection" || !strings.Contains(string(e.Data), "hey cricket") {
			t.Errorf("%s %s", e.Type, e.Data)
		}
	})
}

// firstEvent is the first event of the answer to what a new client sends.
func firstEvent(t *testing.T, b *Box, sends string) wyoming.Event {
	t.Helper()
	conn, err := net.Dial("tcp", b.wyoming.services.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go io.WriteString(conn, sends+"\n")
	e, err := wyoming.Read(bufio.NewReader(conn))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// An independent client, made with Debian's python3-wyoming, speaks to the server.
func TestIndependentWyomingClient(t *testing.T) {
	packages := pythonPackages(t)
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CRICKET_NO_SKIP") == "1" {
			t.Fatal("python3 is missing: sudo apt-get install -y python3")
		}
		t.Skip("python3 is missing: sudo apt-get install -y python3")
	}
	c := free()
	c.Wyoming.Listen = "127.0.0.1:0"
	b := newBox(t, oneLamp, c, true)
	b.voices.all = []oneVoice{{name: "a tone", speak: func(_ context.Context, text string) (voice.Speech, error) {
		return voice.Speech{Text: text, Rate: 22050, PCM: make([]int16, 22050)}, nil
	}}}
	b.ears = newEars([]candidate{{recognizer: &listening{text: "turn on the lamp"}, name: "fake"}}, "", b.log)
	run(t, b.Run)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "word.raw")
	if err := os.WriteFile(file, child.PCM(voicetest.Spoken(t, "en-us", "hey cricket", 32000).PCM), 0o600); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(b.wyoming.services.Addr().String())
	cmd := exec.CommandContext(t.Context(), python, "testdata/wyoming_client.py", port, file)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+packages)
	out, err := cmd.CombinedOutput()
	want := `info: hey cricket | 1 asr 1 voice cricket cricket
pong: x
detection: hey cricket
silence: NotDetected
transcript: turn on the lamp | turn on the lamp en
intent: HassTurnOn {'name': 'Lamp'}
handled: Hall lamp on.
handled as it comes: ['handled-start', 'handled-chunk', 'handled', 'handled-stop'] Hall lamp on.
refused: NotHandled
speech: a second or two
as it comes: ['audio-start', 'audio-stop', 'synthesize-stopped'] 3 s
another language: language
no such voice: voice
a huge payload: protocol
huge data: protocol
a huge line: protocol
less than nothing: protocol
another protocol: protocol
pong: meanwhile
by the spoonful: 20 s
pong: still there
`
	if err != nil || string(out) != want {
		t.Errorf("%v\ngot\n%s\nwant\n%s", err, out, want)
	}
}

// pythonPackages is where Debian's Python packages of the tests are unpacked, or
// the test is skipped.
func pythonPackages(t *testing.T) string {
	t.Helper()
	bin, err := filepath.EvalSymlinks(voicetest.Program(t, "espeak-ng"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{filepath.Join(filepath.Dir(bin), "../root/usr/lib/python3/dist-packages"), "/usr/lib/python3/dist-packages"} {
		if _, err := os.Stat(filepath.Join(dir, "wyoming")); err == nil {
			return dir
		}
	}
	if os.Getenv("CRICKET_NO_SKIP") == "1" {
		t.Fatal("python3-wyoming is not there: make setup")
	}
	t.Skip("python3-wyoming is not there: make setup")
	return ""
}
