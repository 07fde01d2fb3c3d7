package wyoming

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cricket-home/cricket/voice"
)

// assistant is the other end of a satellite: what Home Assistant does, step by step.
type assistant struct {
	*client
	t *testing.T
}

func (a assistant) reads(want ...string) {
	a.t.Helper()
	for _, w := range want {
		e, err := Read(a.r)
		got := strings.TrimSpace(e.Type + " " + string(e.Data))
		if len(e.Payload) > 0 {
			got += fmt.Sprintf(" +%d", len(e.Payload))
		}
		if err != nil || canonical(got) != canonical(w) {
			a.t.Fatalf("got %s, %v; want %s", got, err, w)
		}
	}
}

func (a assistant) sends(kind string, data any) {
	a.t.Helper()
	if err := a.send(kind, data, nil); err != nil {
		a.t.Fatal(err)
	}
}

func (a assistant) says(samples int) {
	a.t.Helper()
	a.sends("audio-start", mono(22050))
	if err := a.sendSound(voice.Speech{Rate: 22050, PCM: make([]int16, samples)}, 0); err != nil {
		a.t.Fatal(err)
	}
	a.sends("audio-stop", nil)
}

// satellite is one whose played sounds and finished timers are in the channel.
func satellite(t *testing.T) (*Satellite, func() assistant, chan string) {
	did := make(chan string, 10)
	s := NewSatellite(SatelliteOptions{
		Info:     func() Info { return Info{Satellite: &SatelliteInfo{About: About{Name: "hall", Installed: true}}} },
		Play:     func(_ context.Context, s voice.Speech) error { did <- fmt.Sprintf("played %d", len(s.PCM)); return nil },
		Finished: func(name string) { did <- "timer " + name },
		Log:      slog.New(slog.DiscardHandler),
	})
	return s, func() assistant {
		here, there := net.Pipe()
		t.Cleanup(func() { here.Close() })
		go s.port().one(t.Context(), there)
		return assistant{newClient(here), t}
	}, did
}

// request asks in the background; the function waits for the answer.
func request(t *testing.T, s *Satellite, ctx context.Context) func() (Answer, error) {
	done := make(chan struct{})
	var answer Answer
	var err error
	go func() {
		defer close(done)
		answer, err = s.Request(ctx, voice.Utterance{PCM: make([]int16, 1600), Wake: &voice.Wake{Word: "hey cricket", End: time.Second}})
	}()
	return func() (Answer, error) { <-done; return answer, err }
}

var pipeline = []string{`detection {"name":"hey cricket","timestamp":1000}`, `run-pipeline {"start_stage":"asr","end_stage":"tts","restart_on_end":false,"wake_word_name":"hey cricket"}`,
	`streaming-started`, `audio-start {"rate":16000,"width":2,"channels":1}`, `audio-chunk {"rate":16000,"width":2,"channels":1,"timestamp":0} +2048`,
	`audio-chunk {"rate":16000,"width":2,"channels":1,"timestamp":64} +1152`, `audio-stop {"timestamp":100}`, `streaming-stopped`}

// An assistant runs the satellite, gets what was said, and answers; then it announces something.
func TestSatellite(t *testing.T) {
	s, dial, did := satellite(t)
	if _, err := s.Request(t.Context(), voice.Utterance{}); !errors.Is(err, ErrAway) || s.Runs() {
		t.Errorf("nobody is there, and %v", err)
	}
	a := dial()
	a.sends("describe", nil)
	a.reads(`info {"satellite":{"name":"hall","description":"","attribution":{"name":"","url":""},"installed":true,"version":"","has_vad":false,"supports_trigger":false}}`)
	a.sends("run-satellite", nil)
	a.sends("ping", nil)
	a.reads("pong {}")
	answer := request(t, s, t.Context())
	a.reads(pipeline...)
	a.sends("transcribe", map[string]string{"language": "en"})
	a.sends("transcript", map[string]string{"text": "turn on the lamp"})
	a.sends("synthesize", map[string]string{"text": "Lamp on."})
	a.sends("audio-start", mono(22050))
	a.sends("ping", nil) // comes in the middle of a sound
	a.reads("pong {}")
	if err := a.sendSound(voice.Speech{Rate: 22050, PCM: make([]int16, 300)}, 0); err != nil {
		t.Fatal(err)
	}
	a.sends("audio-stop", nil)
	got, err := answer()
	if err != nil || got.Heard != "turn on the lamp" || got.Text != "Lamp on." || len(got.Sound.PCM) != 300 || got.Sound.Rate != 22050 {
		t.Fatalf("%+v, %v", got, err)
	}
	go got.Played()
	a.reads("played")

	a.says(500)
	a.reads("played")
	if what := <-did; what != "played 500" {
		t.Error(what)
	}
	a.sends("timer-started", map[string]string{"id": "1", "name": "pasta"})
	a.sends("timer-finished", map[string]string{"id": "1"})
	if what := <-did; what != "timer pasta" {
		t.Error(what)
	}
	a.sends("run-pipeline", map[string]string{"start_stage": "tts", "end_stage": "tts", "announce_text": "hello"})
	a.reads(`error {"code":"unavailable","text":"this satellite starts its pipelines itself: somebody says a wake word"}`)
	a.sends("pause-satellite", nil)
	a.sends("ping", nil)
	a.reads("pong {}")
	if s.Runs() {
		t.Error("it is paused and runs")
	}
}

// What an assistant may do instead of an answer.
func TestSatelliteWithoutAnswer(t *testing.T) {
	for _, tt := range []struct {
		name string
		does func(a assistant)
		want string
	}{
		{"an error", func(a assistant) {
			a.sends("error", map[string]string{"text": "No text recognized", "code": "stt-no-text-recognized"})
		}, "the assistant says: No text recognized (stt-no-text-recognized)"},
		{"it goes away", func(a assistant) { a.conn.Close() }, "ask the assistant: it went away"},
		{"it pauses", func(a assistant) { a.sends("pause-satellite", nil) }, "ask the assistant: it runs this satellite no more"},
		{"nonsense", func(a assistant) {
			fmt.Fprint(a.conn, "GET / HTTP/1.1\r\n\r\n")
			a.reads(`error {"code":"protocol","text":"not a Wyoming event: invalid character 'G' looking for beginning of value"}`)
		}, "ask the assistant: it went away: not a Wyoming event"},
		{"silence", func(assistant) {}, "ask the assistant: it said nothing for 20s"},
		{"too much", func(a assistant) {
			a.sends("audio-start", mono(192000))
			for range 40 {
				a.send("audio-chunk", mono(192000), make([]byte, maxPayload))
			}
			for range 30 {
				a.send("audio-chunk", mono(192000), make([]byte, maxPayload))
			}
			go a.send("audio-stop", nil, nil)
			a.reads(`error {"code":"too-long","text":"a sound of more than 3m0s"}`)
		}, "a sound of more than 3m0s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, dial, _ := satellite(t)
				a := dial()
				a.sends("run-satellite", nil)
				synctest.Wait()
				answer := request(t, s, t.Context())
				a.reads(pipeline...)
				tt.does(a)
				if got, err := answer(); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
					t.Errorf("%+v, %v; want %s", got, err, tt.want)
				}
				a.conn.Close()
				synctest.Wait()
			})
		})
	}
}

// The newest assistant runs the satellite; the other is told so.
func TestSatelliteIsTaken(t *testing.T) {
	s, dial, _ := satellite(t)
	first, second := dial(), dial()
	first.sends("run-satellite", nil)
	first.sends("ping", nil)
	first.reads("pong {}")
	go second.send("run-satellite", nil, nil)
	first.reads(`error {"code":"taken","text":"another assistant runs this satellite now"}`)
	second.sends("ping", nil)
	second.reads("pong {}")
	answer := request(t, s, t.Context())
	second.reads(pipeline...)
	second.says(10)
	if got, err := answer(); err != nil || len(got.Sound.PCM) != 10 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestMic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMic(func() Info { return Info{Mic: []MicInfo{{Format: mono(16000)}}} }, slog.New(slog.DiscardHandler))
		here, there := net.Pipe()
		over := make(chan struct{})
		go func() { port{maxHearers, m.log, m.serve}.one(t.Context(), there); close(over) }()
		synctest.Wait()
		a := assistant{newClient(here), t}
		for range 2 {
			m.Push(voice.Frame{PCM: make([]int16, voice.FrameSamples)})
		}
		a.reads(`audio-start {"rate":16000,"width":2,"channels":1}`, `audio-chunk {"rate":16000,"width":2,"channels":1,"timestamp":0} +640`,
			`audio-chunk {"rate":16000,"width":2,"channels":1,"timestamp":20} +640`)
		a.sends("ping", nil)
		a.reads("pong {}", `audio-stop {"timestamp":40}`) // nothing is heard for a while
		for range micAhead + 50 {
			m.Push(voice.Frame{PCM: make([]int16, voice.FrameSamples)}) // and nobody reads
		}
		<-over
		if len(m.hearers) != 0 {
			t.Error("who does not read is kept")
		}
	})
}

// Whatever comes, a satellite ends it with an error event or goes on, and never fails itself.
func FuzzSatellite(f *testing.F) {
	f.Add(`{"type":"run-satellite"}` + "\n" + `{"type":"audio-start","data":{"rate":16000,"width":2,"channels":1}}` + "\n" + `{"type":"audio-stop"}` + "\n")
	f.Add(`{"type":"audio-start","data":{"rate":8000,"width":3,"channels":2}}` + "\n" + `{"type":"audio-chunk","data":{"rate":8000,"width":3,"channels":2},"payload_length":5}` + "\nabcde" + `{"type":"audio-stop"}` + "\n")
	f.Add(`{"type":"timer-started","data":{"id":"1"}}` + "\n" + `{"type":"error","data":{"text":"x"}}` + "\n")
	f.Fuzz(func(t *testing.T, sends string) {
		s := NewSatellite(SatelliteOptions{Info: func() Info { return Info{} }, Play: func(context.Context, voice.Speech) error { return nil }, Log: slog.New(slog.DiscardHandler)})
		here, there := net.Pipe()
		over := make(chan struct{})
		go func() { s.port().one(t.Context(), there); close(over) }()
		go func() {
			r := bufio.NewReader(here)
			for {
				if _, err := Read(r); err != nil {
					if !errors.Is(err, net.ErrClosed) && errors.Is(err, ErrProtocol) {
						t.Errorf("it sent what is no event: %v", err)
					}
					return
				}
			}
		}()
		here.SetWriteDeadline(time.Now().Add(10 * time.Second))
		here.Write([]byte(sends))
		here.Close()
		<-over
		if s.Runs() {
			t.Error("a client that is gone runs it")
		}
	})
}
