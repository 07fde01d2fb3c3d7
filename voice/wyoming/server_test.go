package wyoming

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cricket-home/cricket/voice"
)

// echo is a house that hears how long a sound is, says a tone, wakes for sound
// that is loud, and does what begins with "turn".
func echo() Services {
	return Services{
		Info: func() Info {
			return Info{ASR: []Program{{About: About{Name: "cricket", Installed: true}, Models: []Model{{About: About{Name: "m"}, Languages: []string{"en"}}}}}}
		},
		Transcribe: func(_ context.Context, u voice.Utterance, language string) (voice.Transcript, error) {
			if len(u.PCM) == 0 {
				return voice.Transcript{}, errors.New("the recogniser is down")
			}
			return voice.Transcript{Text: fmt.Sprintf("%.1f s, loudest %d00", u.Duration().Seconds(), loudest(u.PCM)/100), Language: language}, nil
		},
		Synthesize: func(_ context.Context, text, name, language string) (voice.Speech, error) {
			if name == "nobody" {
				return voice.Speech{}, errors.New("no such voice")
			}
			return voice.Speech{Text: text, Rate: 22050, PCM: make([]int16, 100*len(text))}, nil
		},
		Detector: func(names []string) (Detector, error) { return &loud{names[0]}, nil },
		Recognize: func(_ context.Context, text string) (Intent, bool) {
			return Intent{Name: "HassTurnOn", Entities: []Entity{{"name", "Lamp"}}}, strings.HasPrefix(text, "turn")
		},
		Handle: func(_ context.Context, text string) (string, bool) {
			return "you said " + text, strings.HasPrefix(text, "turn")
		},
	}
}

func loudest(pcm []int16) int16 {
	most := int16(0)
	for _, s := range pcm {
		most = max(most, s)
	}
	return most
}

type loud struct{ word string }

func (l *loud) Push(f voice.Frame) []voice.Wake {
	if loudest(f.PCM) > 10000 {
		return []voice.Wake{{Word: l.word, End: f.Time}}
	}
	return nil
}

// sounding is an event's payload: so many samples of one value, 16 bits.
func sounding(n int, value int16) string {
	var b []byte
	for range n {
		b = binary.LittleEndian.AppendUint16(b, uint16(value))
	}
	return string(b)
}

func chunkOf(rate, channels, frames int, value int16) string {
	payload := sounding(frames*channels, value)
	return fmt.Sprintf(`{"type":"audio-chunk","data":{"rate":%d,"width":2,"channels":%d},"payload_length":%d}`+"\n%s", rate, channels, len(payload), payload)
}

// Each story is what a client sends, and the events that it gets.
func TestServer(t *testing.T) {
	start := `{"type":"audio-start","data":{"rate":16000,"width":2,"channels":1}}` + "\n"
	stop := `{"type":"audio-stop"}` + "\n"
	for _, tt := range []struct{ name, sends, want string }{
		{"describe", `{"type":"describe"}` + "\n", `info {"asr":[{"name":"cricket"`},
		{"ping", `{"type":"ping","data":{"text":"x"}}` + "\n", `pong {"text":"x"}`},
		{"hear", `{"type":"transcribe","data":{"language":"en"}}` + "\n" + start + chunkOf(16000, 1, 8000, 5000) + chunkOf(16000, 1, 8000, 5000) + stop,
			`transcript {"language":"en","text":"1.0 s, loudest 5000"}`},
		{"hear stereo of 44.1 kHz", `{"type":"audio-start","data":{"rate":44100,"width":2,"channels":2}}` + "\n" + chunkOf(44100, 2, 44100, 5000) + stop,
			`transcript {"language":"","text":"1.0 s, loudest 5`},
		{"hear nothing", start + stop, `error {"code":"recogniser","text":"the recogniser is down"}`},
		{"two requests on one connection", start + chunkOf(16000, 1, 1600, 5000) + stop + start + chunkOf(16000, 1, 3200, 5000) + stop,
			`transcript {"language":"","text":"0.1 s, loudest 5000"} | transcript {"language":"","text":"0.2 s, loudest 5000"}`},
		{"wake", `{"type":"detect","data":{"names":["hey cricket"]}}` + "\n" + start + chunkOf(16000, 1, 320, 0) + chunkOf(16000, 1, 320, 20000) + stop,
			`detection {"name":"hey cricket","timestamp":20}`},
		{"no wake", `{"type":"detect","data":{"names":["hey cricket"]}}` + "\n" + start + chunkOf(16000, 1, 320, 0) + stop, `not-detected`},
		{"say", `{"type":"synthesize","data":{"text":"hello hello hello"}}` + "\n",
			`audio-start {"rate":22050,"width":2,"channels":1} | audio-chunk {"rate":22050,"width":2,"channels":1,"timestamp":0} +2048 | audio-chunk {"rate":22050,"width":2,"channels":1,"timestamp":46} +1352 | audio-stop {"timestamp":77}`},
		{"say nothing", `{"type":"synthesize","data":{"text":" "}}` + "\n", `audio-start {"rate":22050,"width":2,"channels":1} | audio-stop {"timestamp":0}`},
		{"say as it comes", `{"type":"synthesize-start"}` + "\n" + `{"type":"synthesize-chunk","data":{"text":"he"}}` + "\n" + `{"type":"synthesize-chunk","data":{"text":"llo"}}` + "\n" +
			`{"type":"synthesize","data":{"text":"hello"}}` + "\n" + `{"type":"synthesize-stop"}` + "\n",
			`audio-start {"rate":22050,"width":2,"channels":1} | audio-chunk {"rate":22050,"width":2,"channels":1,"timestamp":0} +1000 | audio-stop {"timestamp":23} | synthesize-stopped`},
		{"a voice that is not there", `{"type":"synthesize","data":{"text":"hello","voice":{"name":"nobody"}}}` + "\n", `error {"code":"voice","text":"no such voice"}`},
		{"recognise", `{"type":"recognize","data":{"text":"turn on the lamp"}}` + "\n", `intent {"name":"HassTurnOn","entities":[{"name":"name","value":"Lamp"}]}`},
		{"recognise nonsense", `{"type":"recognize","data":{"text":"blah"}}` + "\n", `not-recognized {"text":"blah"}`},
		{"handle", `{"type":"transcript","data":{"text":"turn on the lamp"}}` + "\n", `handled {"text":"you said turn on the lamp"}`},
		{"handle nonsense", `{"type":"transcript","data":{"text":"blah"}}` + "\n", `not-handled {"text":"you said blah"}`},
		{"data after the line", `{"type":"recognize","data":{"text":"blah"},"data_length":27}` + "\n" + `{"text":"turn on the lamp"}`, `intent {"name":"HassTurnOn","entities":[{"name":"name","value":"Lamp"}]}`},
		{"an event of the future", `{"type":"levitate","data":{"height":3}}` + "\n" + `{"type":"ping"}` + "\n", `pong`},

		{"text", "GET / HTTP/1.1\r\n\r\n", `error {"code":"protocol","text":"not a Wyoming event`},
		{"no type", "{}\n", `error {"code":"protocol","text":"not a Wyoming event: it has no type"}`},
		{"a huge payload", `{"type":"audio-chunk","payload_length":99999999999}` + "\n", `error {"code":"protocol"`},
		{"less than nothing", `{"type":"audio-chunk","payload_length":-1}` + "\n", `error {"code":"protocol"`},
		{"a line without end", `{"type":"` + strings.Repeat("a", maxLine) + `"}` + "\n", `error {"code":"protocol"`},
		{"data of another kind", `{"type":"synthesize","data":["text"]}` + "\n", `error {"code":"protocol"`},
		{"sound of no rate", `{"type":"audio-start","data":{"rate":0,"width":2,"channels":1}}` + "\n", `error {"code":"protocol"`},
		{"a chunk of another format", start + chunkOf(8000, 1, 100, 0), `error {"code":"protocol"`},
		{"a question within sound", start + `{"type":"describe"}` + "\n", `error {"code":"protocol"`},
		{"half a header", `{"type":"desc`, ``},
		{"half a payload", start + `{"type":"audio-chunk","data":{"rate":16000,"width":2,"channels":1},"payload_length":100}` + "\nabc", ``},
		{"too long a text", `{"type":"recognize","data":{"text":"` + strings.Repeat("a", maxText+1) + `"}}` + "\n", `error {"code":"protocol"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			here, there := net.Pipe()
			s := NewServer(echo(), slog.New(slog.DiscardHandler))
			over := make(chan struct{})
			go func() { s.serve(t.Context(), there); close(over) }()
			go func() {
				io.WriteString(here, tt.sends)
				if strings.HasPrefix(tt.name, "half") {
					here.Close()
				}
			}()
			want := strings.Split(tt.want, " | ")
			r := bufio.NewReader(here)
			for _, w := range want {
				if w == "" {
					break
				}
				e, err := Read(r)
				if err != nil {
					t.Fatalf("%v, want %s", err, w)
				}
				got := strings.TrimSpace(e.Type + " " + string(e.Data))
				if len(e.Payload) > 0 {
					got += fmt.Sprintf(" +%d", len(e.Payload))
				}
				if !strings.HasPrefix(canonical(got), canonical(w)) {
					t.Errorf("got  %s\nwant %s", got, w)
				}
			}
			here.Close()
			<-over
		})
	}
}

// canonical has the fields of an event's data in the order in which maps write them.
func canonical(s string) string {
	name, data, ok := strings.Cut(s, " {")
	if !ok {
		return s
	}
	data = "{" + data
	end := strings.LastIndex(data, "}") + 1
	m, err := merged(nil, []byte(data[:end]))
	if err != nil { // the beginning of an object
		return s
	}
	return name + " " + string(m) + data[end:]
}

// A client that does not read, and one that says nothing, are let go.
func TestServerLetsGo(t *testing.T) {
	for _, tt := range []struct {
		name, sends string
		after       time.Duration
	}{
		{"who says nothing", "", maxIdle},
		{"who stops in the middle", `{"type":"audio-start","data":{"rate":16000,"width":2,"channels":1}}` + "\n", maxIdle},
		{"who does not read", `{"type":"synthesize","data":{"text":"hello"}}` + "\n", writeWait},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				here, there := net.Pipe()
				over := make(chan struct{})
				began := time.Now()
				go func() { NewServer(echo(), slog.New(slog.DiscardHandler)).serve(t.Context(), there); close(over) }()
				if _, err := io.WriteString(here, tt.sends); err != nil {
					t.Fatal(err)
				}
				<-over
				if took := time.Since(began); took != tt.after {
					t.Errorf("it was let go after %v, want %v", took, tt.after)
				}
			})
		})
	}
}

func TestServerHasPlacesForSome(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- NewServer(echo(), slog.New(slog.DiscardHandler)).Run(ctx, l) }()
	for i := range maxClients + 1 {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, `{"type":"ping"}`+"\n")
		e, err := Read(bufio.NewReader(conn))
		if want := map[bool]string{true: "pong", false: "error"}[i < maxClients]; err != nil || e.Type != want {
			t.Errorf("client %d: %q, %v, want %s", i, e.Type, err, want)
		}
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}

func TestMissingServices(t *testing.T) {
	here, there := net.Pipe()
	defer here.Close()
	go NewServer(Services{}, slog.New(slog.DiscardHandler)).serve(t.Context(), there)
	r := bufio.NewReader(here)
	for _, sends := range []string{
		`{"type":"synthesize","data":{"text":"hello"}}`, `{"type":"recognize","data":{"text":"hello"}}`, `{"type":"transcript","data":{"text":"hello"}}`,
		`{"type":"audio-start","data":{"rate":16000,"width":2,"channels":1}}` + "\n" + `{"type":"audio-stop"}`,
		`{"type":"detect"}` + "\n" + `{"type":"audio-start","data":{"rate":16000,"width":2,"channels":1}}` + "\n" + `{"type":"audio-stop"}`,
	} {
		go io.WriteString(here, sends+"\n")
		if e, err := Read(r); err != nil || e.Type != "error" || !strings.Contains(string(e.Data), "unavailable") {
			t.Errorf("%s: %s %s, %v", sends, e.Type, e.Data, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"type":"describe"}` + "\n"))
	f.Add([]byte(`{"type":"recognize","data":{"text":"a"},"data_length":12}` + "\n" + `{"text":"bc"}`))
	f.Add([]byte(`{"type":"audio-chunk","payload_length":4}` + "\nabcd"))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := Read(bufio.NewReader(strings.NewReader(string(data))))
		if err != nil {
			return
		}
		// What can be read can be written, and is then the same.
		var b strings.Builder
		if err := Write(&b, e); err != nil {
			t.Fatal(err)
		}
		again, err := Read(bufio.NewReader(strings.NewReader(b.String())))
		if err != nil || again.Type != e.Type || canonical("x "+string(again.Data)) != canonical("x "+string(e.Data)) || string(again.Payload) != string(e.Payload) {
			t.Errorf("%q is read again as %+v, %v", b.String(), again, err)
		}
	})
}
