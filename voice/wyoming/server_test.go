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
	"os"
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
			return Info{ASR: []ASR{{Program: Program{About: About{Name: "cricket", Installed: true}, Models: []Model{{About: About{Name: "m"}, Languages: []string{"en"}}}}}}}
		},
		Transcribe: func(_ context.Context, u voice.Utterance, language string) (voice.Transcript, error) {
			if len(u.PCM) == 0 {
				return voice.Transcript{}, errors.New("the recogniser is down")
			}
			if loudest(u.PCM) == 0 {
				return voice.Transcript{Language: language}, nil
			}
			return voice.Transcript{Text: fmt.Sprintf("%.1f s, loudest %d00", u.Duration().Seconds(), loudest(u.PCM)/100), Language: language}, nil
		},
		Synthesize: func(_ context.Context, text, name, language string) (voice.Speech, error) {
			if name == "nobody" {
				return voice.Speech{}, errors.New("no such voice")
			}
			return voice.Speech{Text: text, Rate: 22050, PCM: make([]int16, 100*len(text))}, nil
		},
		Detector: func(names []string) (Detector, error) {
			if len(names) == 0 {
				return nil, errors.New("no word is named")
			}
			return &loud{names[0]}, nil
		},
		Recognize: func(_ context.Context, text string) ([]Intent, bool) {
			on := Intent{Name: "HassTurnOn", Entities: []Entity{{"name", "Lamp"}}}
			if strings.Contains(text, " and ") {
				return []Intent{on, {Name: "HassTurnOff", Entities: []Entity{{"name", "Fan"}}}}, true
			}
			return []Intent{on}, strings.HasPrefix(text, "turn")
		},
		Handle: func(_ context.Context, s Said) (string, bool) {
			reply := "you said " + s.Text
			if s.Device != "" {
				reply += " to " + s.Device
			}
			return reply, strings.HasPrefix(s.Text, "turn")
		},
		Speaks: func(language string) error {
			if language == "tlh" {
				return errors.New("nobody speaks that here")
			}
			return nil
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
			`transcript-start {"language":"en"} | transcript-chunk {"text":"1.0 s, loudest 5000"} | transcript {"language":"en","text":"1.0 s, loudest 5000"} | transcript-stop`},
		{"hear, with a context", `{"type":"transcribe","data":{"context":{"id":7}}}` + "\n" + start + chunkOf(16000, 1, 1600, 5000) + stop,
			`transcript-start {"language":""} | transcript-chunk {"text":"0.1 s, loudest 5000"} | transcript {"context":{"id":7},"language":"","text":"0.1 s, loudest 5000"} | transcript-stop`},
		{"hear too much", start + strings.Repeat(chunkOf(16000, 1, 16000, 5000), 61) + stop, `error {"code":"too-long","text":"a request of more than 1m0s"} | the end`},
		{"hear stereo of 44.1 kHz", `{"type":"audio-start","data":{"rate":44100,"width":2,"channels":2}}` + "\n" + chunkOf(44100, 2, 44100, 5000) + stop,
			`transcript-start {"language":""} | transcript-chunk {"text":"1.0 s, loudest 5`},
		{"hear nothing", start + stop, `error {"code":"recogniser","text":"the recogniser is down"} | the end`},
		{"two requests on one connection", start + chunkOf(16000, 1, 1600, 5000) + stop + start + chunkOf(16000, 1, 3200, 5000) + stop,
			`transcript-start | transcript-chunk {"text":"0.1 s, loudest 5000"} | transcript {"language":"","text":"0.1 s, loudest 5000"} | transcript-stop` +
				` | transcript-start | transcript-chunk {"text":"0.2 s, loudest 5000"} | transcript {"language":"","text":"0.2 s, loudest 5000"} | transcript-stop`},
		{"hear nothing in words", start + chunkOf(16000, 1, 1600, 0) + stop, `transcript {"language":"","text":""}`},
		{"wake", `{"type":"detect","data":{"names":["hey cricket"]}}` + "\n" + start + chunkOf(16000, 1, 320, 0) + chunkOf(16000, 1, 320, 20000) + stop,
			`detection {"name":"hey cricket","timestamp":20}`},
		{"no wake", `{"type":"detect","data":{"names":["hey cricket"]}}` + "\n" + start + chunkOf(16000, 1, 320, 0) + stop, `not-detected`},
		{"say", `{"type":"synthesize","data":{"text":"hello hello hello"}}` + "\n",
			`audio-start {"rate":22050,"width":2,"channels":1} | audio-chunk {"rate":22050,"width":2,"channels":1,"timestamp":0} +2048 | audio-chunk {"rate":22050,"width":2,"channels":1,"timestamp":46} +1352 | audio-stop {"timestamp":77}`},
		{"say nothing", `{"type":"synthesize","data":{"text":" "}}` + "\n", `audio-start {"rate":22050,"width":2,"channels":1} | audio-stop {"timestamp":0}`},
		{"say as it comes", `{"type":"synthesize-start"}` + "\n" + `{"type":"synthesize-chunk","data":{"text":"he"}}` + "\n" + `{"type":"synthesize-chunk","data":{"text":"llo"}}` + "\n" +
			`{"type":"synthesize","data":{"text":"hello"}}` + "\n" + `{"type":"synthesize-stop"}` + "\n",
			`audio-start {"rate":22050,"width":2,"channels":1} | audio-chunk {"rate":22050,"width":2,"channels":1,"timestamp":0} +1000 | audio-stop {"timestamp":23} | synthesize-stopped`},
		{"say sentence after sentence", `{"type":"synthesize-start"}` + "\n" + `{"type":"synthesize-chunk","data":{"text":"Lamp on. Fan "}}` + "\n" +
			`{"type":"synthesize-chunk","data":{"text":"off. "}}` + "\n" + `{"type":"synthesize-chunk","data":{"text":"Bye"}}` + "\n" + `{"type":"synthesize-stop"}` + "\n",
			`audio-start {"rate":22050,"width":2,"channels":1} | audio-chunk {"rate":22050,"width":2,"channels":1,"timestamp":0} +1600 | audio-chunk {"rate":22050,"width":2,"channels":1,"timestamp":36} +1600 | ` +
				`audio-chunk {"rate":22050,"width":2,"channels":1,"timestamp":73} +600 | audio-stop {"timestamp":86} | synthesize-stopped`},
		{"say nothing as it comes", `{"type":"synthesize-start"}` + "\n" + `{"type":"synthesize-stop"}` + "\n",
			`audio-start {"rate":22050,"width":2,"channels":1} | audio-stop {"timestamp":0} | synthesize-stopped`},
		{"as it comes, in a voice that is not there", `{"type":"synthesize-start","data":{"voice":{"name":"nobody"}}}` + "\n" + `{"type":"synthesize-chunk","data":{"text":"One. Two. Three."}}` + "\n" +
			`{"type":"synthesize-stop"}` + "\n", `error {"code":"voice","text":"no such voice"} | the end`},
		{"marks instead of text", `{"type":"synthesize","data":{"text":"<speak>hello</speak>","text_format":"ssml"}}` + "\n", `error {"code":"text-format","text":"text of the format \"ssml\" is not spoken here, only \"text\""} | the end`},
		{"marks as they come", `{"type":"synthesize-start","data":{"text_format":"ssml"}}` + "\n", `error {"code":"text-format"`},
		{"text that says it is text", `{"type":"synthesize","data":{"text":" ","text_format":"text"}}` + "\n", `audio-start {"rate":22050,"width":2,"channels":1} | audio-stop {"timestamp":0}`},
		{"a piece of nothing", `{"type":"synthesize-chunk","data":{"text":"One."}}` + "\n", `error {"code":"protocol"`},
		{"a voice that is not there", `{"type":"synthesize","data":{"text":"hello","voice":{"name":"nobody"}}}` + "\n", `error {"code":"voice","text":"no such voice"} | the end`},
		{"recognise", `{"type":"recognize","data":{"text":"turn on the lamp"}}` + "\n", `intent {"name":"HassTurnOn","entities":[{"name":"name","value":"Lamp"}]}`},
		{"recognise two things", `{"type":"recognize","data":{"text":"turn on the lamp and off the fan"}}` + "\n",
			`intents-start | intent {"entities":[{"name":"name","value":"Lamp"}],"name":"HassTurnOn"} | intent {"entities":[{"name":"name","value":"Fan"}],"name":"HassTurnOff"} | intents-stop`},
		{"handle nothing", `{"type":"transcript","data":{"text":" "}}` + "\n", `not-handled {"text":""}`},
		{"recognise nonsense", `{"type":"recognize","data":{"text":"blah"}}` + "\n", `not-recognized {"text":"blah"}`},
		{"handle", `{"type":"transcript","data":{"text":"turn on the lamp"}}` + "\n", `handled-start | handled-chunk {"text":"you said turn on the lamp"} | handled {"text":"you said turn on the lamp"} | handled-stop`},
		{"handle two sentences", `{"type":"transcript","data":{"text":"turn it on.  Now."}}` + "\n", `handled-start | handled-chunk {"text":"you said turn it on.  "} | handled-chunk {"text":"Now."} | handled {"text":"you said turn it on.  Now."} | handled-stop`},
		{"handle, as Home Assistant asks", `{"type":"transcript","data":{"text":"turn on the lamp","language":"en","context":{"conversation_id":"c","device_id":"d1"}}}` + "\n",
			`handled-start {"context":{"conversation_id":"c","device_id":"d1"}} | handled-chunk {"text":"you said turn on the lamp to d1"} | ` +
				`handled {"context":{"conversation_id":"c","device_id":"d1"},"text":"you said turn on the lamp to d1"} | handled-stop`},
		{"handle with a strange context", `{"type":"transcript","data":{"text":"blah","context":[1]}}` + "\n", `not-handled {"context":[1],"text":"you said blah"}`},
		{"handle in another language", `{"type":"transcript","data":{"text":"blah","language":"tlh"}}` + "\n", `error {"code":"language","text":"nobody speaks that here"} | the end`},
		{"recognise with a context", `{"type":"recognize","data":{"text":"turn on the lamp","context":{"a":1}}}` + "\n", `intent {"context":{"a":1},"name":"HassTurnOn","entities":[{"name":"name","value":"Lamp"}]}`},
		{"an intent to carry out", `{"type":"intent","data":{"name":"HassTurnOn"}}` + "\n", `error {"code":"unavailable"`},
		{"choose the program", `{"type":"select-program","data":{"name":"cricket"}}` + "\n" + `{"type":"ping"}` + "\n", `pong`},
		{"choose another program", `{"type":"select-program","data":{"name":"whisper"}}` + "\n", `error {"code":"unavailable","text":"there is no program \"whisper\" here"} | the end`},
		{"handle nonsense", `{"type":"transcript","data":{"text":"blah"}}` + "\n", `not-handled {"text":"you said blah"}`},
		{"data after the line", `{"type":"recognize","data":{"text":"blah"},"data_length":27}` + "\n" + `{"text":"turn on the lamp"}`, `intent {"name":"HassTurnOn","entities":[{"name":"name","value":"Lamp"}]}`},
		{"an event of the future", `{"type":"levitate","data":{"height":3}}` + "\n" + `{"type":"ping"}` + "\n", `pong`},

		{"text", "GET / HTTP/1.1\r\n\r\n", `error {"code":"protocol","text":"not a Wyoming event`},
		{"no type", "{}\n", `error {"code":"protocol","text":"not a Wyoming event: it has no type"}`},
		{"a huge payload", `{"type":"audio-chunk","payload_length":99999999999}` + "\n", `error {"code":"protocol"`},
		{"huge data", fmt.Sprintf(`{"type":"describe","data_length":%d}`, maxData+1) + "\n", `error {"code":"protocol"`},
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
			go func() { s.port().one(t.Context(), there); close(over) }()
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
				if w == "the end" {
					if !errors.Is(err, io.EOF) {
						t.Errorf("got %s, %v; want the end", e.Type, err)
					}
					break
				}
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

// What was said before a pause is told while the rest is still to come, and no sample is lost.
func TestTranscriptComesInParts(t *testing.T) {
	file, err := os.Open("../../e2e/speech/coffee_machine.wav") // "hey cricket", a second of quiet, and a request
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	speech, err := voice.ReadSpeech(file, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	speech.PCM = append(speech.PCM, make([]int16, voice.SampleRate)...)
	var sizes []int
	s := Services{Transcribe: func(_ context.Context, u voice.Utterance, _ string) (voice.Transcript, error) {
		sizes = append(sizes, len(u.PCM))
		return voice.Transcript{Text: fmt.Sprintf("part %d", len(sizes)), Language: "en"}, nil
	}}
	here, there := net.Pipe()
	defer here.Close()
	go NewServer(s, slog.New(slog.DiscardHandler)).port().one(t.Context(), there)
	w, r := newClient(here), bufio.NewReader(here)
	reads := func(want string) {
		t.Helper()
		if e, err := Read(r); err != nil || canonical(strings.TrimSpace(e.Type+" "+string(e.Data))) != want {
			t.Fatalf("%s %s, %v; want %s", e.Type, e.Data, err, want)
		}
	}
	part := make(chan bool)
	go func() {
		w.send("audio-start", mono(speech.Rate), nil)
		half := 2*speech.Rate + speech.Rate/8
		w.sendSound(voice.Speech{Rate: speech.Rate, PCM: speech.PCM[:half]}, 0)
		<-part // the rest is not sent before the first part is heard
		w.sendSound(voice.Speech{Rate: speech.Rate, PCM: speech.PCM[half:]}, half)
		w.send("audio-stop", nil, nil)
	}()
	reads(`transcript-start {"language":"en"}`)
	reads(`transcript-chunk {"text":"part 1"}`)
	close(part)
	reads(`transcript-chunk {"text":" part 2"}`)
	reads(`transcript {"language":"en","text":"part 1 part 2"}`)
	reads(`transcript-stop`)
	if len(sizes) != 2 || sizes[0] > 5*voice.SampleRate/2 {
		t.Errorf("the parts are %v", sizes)
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

// A client that does not read, and one that says nothing, or says it by the drop, are let go; who reads
// is told why.
func TestServerLetsGo(t *testing.T) {
	for _, tt := range []struct {
		name, sends, told string
		after             time.Duration
	}{
		{"who says nothing", "", "error", maxIdle},
		{"who stops in the middle", `{"type":"audio-start","data":{"rate":16000,"width":2,"channels":1}}` + "\n", "error", maxIdle},
		{"who sends half a header", `{"type":"desc`, "error", maxEvent},
		{"who sends half a payload", `{"type":"audio-chunk","payload_length":4}` + "\nab", "error", maxEvent},
		{"who does not read", `{"type":"synthesize","data":{"text":"hello"}}` + "\n", "", writeWait},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				here, there := net.Pipe()
				over := make(chan struct{})
				began := time.Now()
				go func() {
					NewServer(echo(), slog.New(slog.DiscardHandler)).port().one(t.Context(), there)
					close(over)
				}()
				if _, err := io.WriteString(here, tt.sends); err != nil {
					t.Fatal(err)
				}
				if tt.told != "" {
					if e, err := Read(bufio.NewReader(here)); err != nil || e.Type != tt.told {
						t.Errorf("it is told %q, %v", e.Type, err)
					}
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
	for _, sends := range []string{
		`{"type":"synthesize","data":{"text":"hello"}}`, `{"type":"recognize","data":{"text":"hello"}}`, `{"type":"transcript","data":{"text":"hello"}}`,
		`{"type":"audio-start","data":{"rate":16000,"width":2,"channels":1}}` + "\n" + `{"type":"audio-stop"}`,
		`{"type":"detect"}` + "\n" + `{"type":"audio-start","data":{"rate":16000,"width":2,"channels":1}}` + "\n" + `{"type":"audio-stop"}`,
	} {
		here, there := net.Pipe()
		defer here.Close()
		go NewServer(Services{}, slog.New(slog.DiscardHandler)).port().one(t.Context(), there)
		go io.WriteString(here, sends+"\n")
		if e, err := Read(bufio.NewReader(here)); err != nil || e.Type != "error" || !strings.Contains(string(e.Data), "unavailable") {
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

// Whatever comes, the server answers with events alone, and is done when its client is gone.
func FuzzServer(f *testing.F) {
	f.Add(`{"type":"transcribe","data":{"language":"en"}}` + "\n" + `{"type":"audio-start","data":{"rate":16000,"width":2,"channels":1}}` + "\n" + `{"type":"audio-stop"}` + "\n")
	f.Add(`{"type":"synthesize-start"}` + "\n" + `{"type":"synthesize-chunk","data":{"text":"One. Two."}}` + "\n" + `{"type":"synthesize-stop"}` + "\n")
	f.Add(`{"type":"transcript","data":{"text":"turn on. the lamp","language":"en","context":{"device_id":7}}}` + "\n" + `{"type":"select-program","data":{"name":"x"}}` + "\n")
	f.Add(`{"type":"detect","data":{"names":["a"]}}` + "\n" + `{"type":"audio-start","data":{"rate":8000,"width":3,"channels":2}}` + "\n" + `{"type":"audio-chunk","data":{"rate":8000,"width":3,"channels":2},"payload_length":5}` + "\nabcde")
	f.Fuzz(func(t *testing.T, sends string) {
		s := NewServer(echo(), slog.New(slog.DiscardHandler))
		here, there := net.Pipe()
		over, read := make(chan struct{}), make(chan struct{})
		go func() { s.port().one(t.Context(), there); close(over) }()
		go func() {
			defer close(read)
			r, failed := bufio.NewReader(here), false
			for {
				e, err := Read(r)
				if err != nil {
					if errors.Is(err, ErrProtocol) {
						t.Errorf("it sent what is no event: %v", err)
					}
					return
				}
				if failed {
					t.Errorf("%q comes after an error", e.Type)
				}
				failed = e.Type == "error"
			}
		}()
		here.SetWriteDeadline(time.Now().Add(10 * time.Second))
		io.WriteString(here, sends)
		here.Close()
		<-over
		<-read
	})
}
