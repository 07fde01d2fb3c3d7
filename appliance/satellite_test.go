package appliance

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/voice/wyoming"
)

// eveningAsSatellite is a box in a room that an assistant may run.
func eveningAsSatellite(t *testing.T, ears recognizer) *evening {
	t.Helper()
	h, err := home.Parse("home.toml", []byte(oneLamp))
	if err != nil {
		t.Fatal(err)
	}
	dir := shortDir(t)
	e := &evening{room: newRoom(), t: t, out: &voiceOver{}, board: &lights{presses: make(chan Press)}}
	c := free()
	c.Room, c.Wyoming.Satellite, c.Wyoming.Microphone = "hall", "127.0.0.1:0", "127.0.0.1:0"
	e.box, err = New(Options{Config: c, Home: h, Devices: true, StateDir: dir, RuntimeDir: dir, Log: slog.New(slog.DiscardHandler),
		Microphone: e.room, Loudspeaker: e.out, Board: e.board})
	if err != nil {
		t.Fatal(err)
	}
	e.box.ears = newEars([]candidate{{recognizer: ears, name: "fake"}}, "", e.box.log)
	run(t, e.box.Run)
	if err := e.box.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	return e
}

// Home Assistant's part is played by Debian's python3-wyoming. While it runs the satellite it
// answers; when it has paused, the box does.
func TestSatelliteOfHomeAssistant(t *testing.T) {
	packages := pythonPackages(t)
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CRICKET_NO_SKIP") == "1" {
			t.Fatal("python3 is missing: sudo apt-get install -y python3")
		}
		t.Skip("python3 is missing: sudo apt-get install -y python3")
	}
	ears := &listening{text: "turn on the lamp"}
	e := eveningAsSatellite(t, ears)
	_, port, _ := net.SplitHostPort(e.box.wyoming.satellite.Addr().String())
	cmd := exec.CommandContext(t.Context(), python, "testdata/wyoming_assistant.py", port)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+packages)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	lines := bufio.NewScanner(pipe)
	next := func() string {
		if !lines.Scan() {
			t.Fatal("the assistant ended")
		}
		return lines.Text()
	}
	if got := next(); got != "satellite: Hall Cricket Hall ['hey cricket'] 16000 22050" {
		t.Error(got)
	}
	before := len(ears.got)
	word, request := requestSound(t)
	e.wait(1)
	e.hear(slices.Concat(word, request))
	ended := make(chan []string)
	go func() {
		var all []string
		for lines.Scan() {
			all = append(all, lines.Text())
		}
		ended <- all
	}()
	var told []string
	for told == nil {
		select {
		case told = <-ended:
		default:
			e.wait(0.02)
		}
	}
	want := []string{"detection: hey cricket", "pipeline: asr tts hey cricket", "sound: a few seconds", "answer played", "announcement played", "paused"}
	if !slices.Equal(told, want) {
		t.Errorf("the assistant tells\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
	if r := e.box.Last(1); len(r) != 1 || r[0].Text != "is the coffee machine on" || r[0].Reply != "Yes, it is." || len(r[0].Actions) > 0 {
		t.Errorf("kept: %v", r)
	}
	if len(ears.got) > before {
		t.Error("the box's own recogniser heard what was the assistant's")
	}
	if did := e.out.all(); !slices.ContainsFunc(did, func(s string) bool { return strings.HasPrefix(s, "play 1") }) {
		t.Errorf("the loudspeaker did %q", did)
	}

	for e.box.wyoming.sat.Runs() { // until the box has heard that it is paused
		e.wait(0.02)
	}
	e.until(Idle)
	e.wait(1)
	e.hear(slices.Concat(word, request))
	e.until(Speaking)
	for e.box.Last(1)[0].Text == "is the coffee machine on" { // a result is kept when its device has confirmed it, after the reply
		e.wait(0.02)
	}
	if r := e.box.Last(1)[0]; r.Reply != "Lamp on." {
		t.Errorf("the box itself answers %s", r)
	}
}

// Who may hears the room, and nothing of it while the microphone is off.
func TestMicrophoneForOthers(t *testing.T) {
	e := eveningAsSatellite(t, &listening{text: "turn on the lamp"})
	conn, err := net.Dial("tcp", e.box.wyoming.microphone.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	chunks := make(chan wyoming.Event, 1000)
	go func() {
		for {
			ev, err := wyoming.Read(r)
			if err != nil {
				return
			}
			chunks <- ev
		}
	}()
	for len(chunks) < 3 {
		e.wait(0.02)
	}
	if first := <-chunks; first.Type != "audio-start" {
		t.Errorf("first comes %s", first.Type)
	}
	if err := e.box.Mute(within(t), true); err != nil {
		t.Fatal(err)
	}
	e.until(Muted)
	answers := func() (sounds int) { // what comes up to the answer to a ping
		t.Helper()
		if _, err := io.WriteString(conn, `{"type":"ping"}`+"\n"); err != nil {
			t.Fatal(err)
		}
		for ev := range chunks {
			if ev.Type == "pong" {
				break
			}
			sounds++
		}
		return sounds
	}
	e.wait(0.1)
	answers() // what was on its way
	answers()
	e.wait(1)
	if n := answers(); n > 0 {
		t.Errorf("%d pieces of a muted microphone were heard", n)
	}
}

// The doctor names each Wyoming port that is open, and each site of Hermes.
func TestDoctorNamesWhatIsOpen(t *testing.T) {
	e := eveningAsSatellite(t, &listening{})
	e.box.config.Hermes = Hermes{Enabled: true, Site: "box", Sites: map[string]string{"kitchen_satellite": "hall"}}
	var all []string
	for _, f := range e.box.Doctor(t.Context()) {
		all = append(all, f.Part+": "+f.Text)
	}
	text := strings.Join(all, "\n")
	for _, want := range []string{
		"satellite: no assistant runs it on " + e.box.wyoming.satellite.Addr().String(),
		"wyoming: whoever reaches " + e.box.wyoming.microphone.Addr().String() + " hears the room",
		`hermes: the sites "box", which is this box, and ["kitchen_satellite"] are served`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the doctor does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "understanding") {
		t.Errorf("a port that is closed is told as open:\n%s", text)
	}
}
