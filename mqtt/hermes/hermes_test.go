package hermes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// hall is a base with two sites, on a broker that gives everybody everything at once, and
// what was published there in one line each, without ids.
type hall struct {
	*Hermes
	t    *testing.T
	stop func()

	mu     sync.Mutex
	said   []string
	ids    map[string]string // of sessions, by site
	sounds []bool
	deaf   bool          // the recogniser fails
	hold   chan struct{} // what is played waits for it; nil: nothing does
}

// waker hears a word that was over a piece and a half before the end of one that says so.
type waker struct{}

func (waker) Push(wav []byte) (string, float64, time.Duration, time.Duration, error) {
	if len(wav) == 0 {
		return "", 0, 0, 0, errors.New("not a WAV")
	}
	if string(wav) == "RIFF word" {
		return "hey cricket", 0.5, 150 * time.Millisecond, 100 * time.Millisecond, nil
	}
	return "", 0, 0, 100 * time.Millisecond, nil
}

// ear hears how many frames there were, and is full with the fourth.
type ear struct {
	hall *hall
	n    int
}

func (e *ear) Push(wav []byte) (bool, error) {
	if len(wav) == 0 {
		return false, errors.New("not a WAV")
	}
	e.n++
	return e.n == 4, nil
}

func (e *ear) Transcribe(context.Context) (string, float64, time.Duration, error) {
	if e.hall.deaf {
		return "", 0, 0, errors.New("the recogniser is down")
	}
	return fmt.Sprintf("heard %d", e.n), 0.9, time.Second, nil
}

func newHall(t *testing.T) *hall {
	b := &hall{t: t, ids: map[string]string{}}
	b.Hermes = New(Options{
		Sites:    map[string]Site{"box": {Room: "Hall", Own: true}, "satellite": {Room: "Kitchen"}},
		Publish:  b.publish,
		NewEar:   func() Ear { return &ear{hall: b} },
		NewWaker: func() (Waker, error) { return waker{}, nil },
		Speaks: func(language string) error {
			if language == "tlh" {
				return errors.New("nobody speaks that here")
			}
			return nil
		},
		Voices: func() []Voice { return []Voice{{"espeak", "a voice"}} },
		Words:  func() []Word { return []Word{{"hey cricket", "hey cricket"}} },
		Understand: func(text, room string) (Intent, bool) {
			switch {
			case strings.HasPrefix(text, "heard"):
				return Intent{Name: "MakeCoffee", Confidence: 0.8, Slots: []Slot{{"cups", 2}, {"room", room}}}, true
			case strings.HasPrefix(text, "lamp"):
				return Intent{Name: "HassTurnOn", Confidence: 1, Own: true}, true
			}
			return Intent{}, false
		},
		Handle: func(_ context.Context, text, room string) (string, bool) {
			return room + " " + text, strings.HasSuffix(text, "?")
		},
		Synthesize: func(_ context.Context, text string) ([]byte, error) { return []byte("sound of " + text), nil },
		Play: func(ctx context.Context, _ []byte) error {
			if b.hold != nil {
				select {
				case <-b.hold:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		},
		Listen: func(context.Context) error { b.note("the box listens"); return nil },
		Sounds: func(on bool) { b.sounds = append(b.sounds, on) },
		Log:    slog.New(slog.DiscardHandler),
	})
	ctx, stop := context.WithCancel(t.Context())
	b.stop = stop
	go b.Run(ctx)
	t.Cleanup(stop)
	return b
}

func (b *hall) note(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said = append(b.said, what)
}

func (b *hall) publish(_ context.Context, m Message) error {
	var f map[string]any
	what := strings.TrimPrefix(m.Topic, "hermes/")
	if json.Unmarshal(m.Payload, &f) == nil {
		for _, key := range []string{"siteId", "text", "input", "error", "customData"} {
			if v, _ := f[key].(string); v != "" {
				what += fmt.Sprintf(" %s=%s", key, v)
			}
		}
		if end, ok := f["termination"].(map[string]any); ok {
			what += fmt.Sprintf(" %s", end["reason"])
		}
		if slots, ok := f["slots"].([]any); ok && len(slots) > 0 {
			var all []string
			for _, s := range slots {
				s := s.(map[string]any)
				all = append(all, fmt.Sprintf("%s:%v", s["slotName"], s["value"].(map[string]any)["value"]))
			}
			what += " " + strings.Join(all, ",")
		}
		if strings.HasSuffix(m.Topic, "sessionStarted") || strings.HasSuffix(m.Topic, "sessionQueued") {
			b.mu.Lock()
			b.ids[f["siteId"].(string)] = f["sessionId"].(string)
			b.mu.Unlock()
		}
	} else if i := strings.Index(what, "/playBytes/"); i >= 0 {
		what = what[:i+10] + " " + string(m.Payload)
	}
	b.note(what)
	go b.Receive(m)
	if strings.Contains(m.Topic, "satellite/playBytes") { // a satellite plays it
		go b.Receive(Message{"hermes/audioServer/satellite/playFinished", []byte(`{"id":"` + m.Topic[strings.LastIndex(m.Topic, "/")+1:] + `","siteId":"satellite"}`)})
	}
	return nil
}

// does lets somebody publish, and returns what was published since.
func (b *hall) does(topic, payload string) []string {
	b.t.Helper()
	b.mu.Lock()
	b.said = nil
	for site, id := range b.ids {
		payload = strings.ReplaceAll(payload, "<"+site+">", id)
	}
	b.mu.Unlock()
	b.Receive(Message{"hermes/" + topic, []byte(payload)})
	return b.rest()
}

func (b *hall) rest() []string {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.said)
}

// want compares what was published. That a text was spoken is told by whoever spoke it, beside
// what the session does next: its place among the others is nobody's promise.
func (b *hall) want(got []string, want ...string) {
	b.t.Helper()
	order := func(all []string) []string {
		spoken := func(m string) bool { return strings.HasPrefix(m, "tts/sayFinished") }
		out := slices.DeleteFunc(slices.Clone(all), spoken)
		return append(out, slices.DeleteFunc(slices.Clone(all), func(m string) bool { return !spoken(m) })...)
	}
	if !slices.Equal(order(got), order(want)) {
		b.t.Errorf("published\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func story(t *testing.T, name string, tell func(b *hall)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := newHall(t)
			tell(b)
			b.stop()
			synctest.Wait()
		})
	})
}

func (b *hall) calls() {
	b.t.Helper()
	b.want(b.does("hotword/porcupine/detected", `{"siteId":"satellite","modelId":"porcupine"}`),
		"dialogueManager/sessionStarted siteId=satellite", "hotword/toggleOff siteId=satellite", "asr/startListening siteId=satellite")
}

func (b *hall) speaks(want ...string) {
	b.t.Helper()
	for range 3 {
		b.want(b.does("audioServer/satellite/audioFrame", "RIFF"))
	}
	b.want(b.does("audioServer/satellite/audioFrame", "RIFF"), want...)
}

var coffee = []string{"asr/textCaptured siteId=satellite text=heard 4", "intent/MakeCoffee siteId=satellite input=heard 4 cups:2,room:Kitchen"}

func TestSessions(t *testing.T) {
	story(t, "a satellite is called, a skill goes on and ends", func(b *hall) {
		b.calls()
		b.speaks(coffee...)
		b.want(b.does("dialogueManager/continueSession", `{"sessionId":"<satellite>","text":"With milk?","customData":"x"}`),
			"tts/say siteId=satellite text=With milk?", "audioServer/satellite/playBytes sound of With milk?", "tts/sayFinished siteId=satellite",
			"hotword/toggleOff siteId=satellite", "asr/startListening siteId=satellite")
		b.speaks("asr/textCaptured siteId=satellite text=heard 4", "intent/MakeCoffee siteId=satellite input=heard 4 customData=x cups:2,room:Kitchen")
		b.want(b.does("dialogueManager/endSession", `{"sessionId":"<satellite>","text":"Coffee comes."}`),
			"tts/say siteId=satellite text=Coffee comes.", "audioServer/satellite/playBytes sound of Coffee comes.", "tts/sayFinished siteId=satellite",
			"hotword/toggleOn siteId=satellite", "dialogueManager/sessionEnded siteId=satellite customData=x nominal")
		b.want(b.does("dialogueManager/endSession", `{"sessionId":"<satellite>"}`), "error/dialogueManager siteId=default error=there is no such session")
	})
	story(t, "the box carries out its own intent", func(b *hall) {
		b.calls()
		b.want(b.does("asr/textCaptured", `{"siteId":"satellite","sessionId":"<satellite>","text":"lamp on","likelihood":1}`),
			"intent/HassTurnOn siteId=satellite input=lamp on", "tts/say siteId=satellite text=Kitchen lamp on",
			"audioServer/satellite/playBytes sound of Kitchen lamp on", "tts/sayFinished siteId=satellite", "hotword/toggleOn siteId=satellite",
			"dialogueManager/sessionEnded siteId=satellite nominal")
	})
	story(t, "the box asks back", func(b *hall) {
		b.calls()
		got := b.does("asr/textCaptured", `{"siteId":"satellite","sessionId":"<satellite>","text":"lamp?","likelihood":1}`)
		if got[len(got)-1] != "asr/startListening siteId=satellite" {
			t.Errorf("%q", got)
		}
	})
	story(t, "nothing is understood", func(b *hall) {
		b.calls()
		b.want(b.does("asr/textCaptured", `{"siteId":"satellite","sessionId":"<satellite>","text":"hum"}`), "nlu/intentNotRecognized siteId=satellite input=hum",
			"hotword/toggleOn siteId=satellite", "dialogueManager/sessionEnded siteId=satellite intentNotRecognized")
	})
	story(t, "nothing is said, and no skill ends it", func(b *hall) {
		b.calls()
		b.does("none/none", "")
		time.Sleep(listenTime)
		got := b.rest() // the recogniser had to stop before
		if got[len(got)-1] != "dialogueManager/sessionEnded siteId=satellite timeout" && !slices.Contains(got, "intent/MakeCoffee siteId=satellite input=heard 0 cups:2,room:Kitchen") {
			t.Errorf("%q", got)
		}
		time.Sleep(skillTime)
		got = b.rest()
		if got[len(got)-1] != "dialogueManager/sessionEnded siteId=satellite timeout" {
			t.Errorf("%q", got)
		}
	})
	story(t, "the recogniser fails", func(b *hall) {
		b.deaf = true
		b.calls()
		b.speaks("error/asr siteId=satellite error=the recogniser is down", "hotword/toggleOn siteId=satellite", "dialogueManager/sessionEnded siteId=satellite error")
	})
	story(t, "a notification waits for a session, and only for one that is on", func(b *hall) {
		b.calls()
		b.want(b.does("dialogueManager/startSession", `{"siteId":"satellite","init":{"type":"notification","text":"Door bell."}}`), "dialogueManager/sessionQueued siteId=satellite")
		b.want(b.does("dialogueManager/startSession", `{"siteId":"satellite","init":{"type":"action","text":"Well?"}}`),
			"error/dialogueManager siteId=satellite error=another session is on at this site")
		b.want(b.does("hotword/porcupine/detected", `{"siteId":"satellite"}`)) // the same call, heard twice
		time.Sleep(againTime)
		b.want(b.does("hotword/porcupine/detected", `{"siteId":"satellite"}`), "hotword/toggleOn siteId=satellite", "dialogueManager/sessionEnded siteId=satellite abortedByUser",
			"dialogueManager/sessionStarted siteId=satellite", "tts/say siteId=satellite text=Door bell.", "dialogueManager/sessionStarted siteId=satellite",
			"hotword/toggleOff siteId=satellite", "asr/startListening siteId=satellite", "audioServer/satellite/playBytes sound of Door bell.", "tts/sayFinished siteId=satellite")
	})
	story(t, "an action with a filter", func(b *hall) {
		b.does("dialogueManager/startSession", `{"siteId":"satellite","customData":"c","init":{"type":"action","text":"Tea?","canBeEnqueued":true,"intentFilter":["Yes"],"sendIntentNotRecognized":true}}`)
		b.speaks("asr/textCaptured siteId=satellite text=heard 4", "nlu/intentNotRecognized siteId=satellite input=heard 4 customData=c",
			"dialogueManager/intentNotRecognized siteId=satellite input=heard 4 customData=c")
		got := b.does("dialogueManager/endSession", `{"sessionId":"<satellite>"}`)
		if got[len(got)-1] != "dialogueManager/sessionEnded siteId=satellite customData=c nominal" {
			t.Errorf("%q", got)
		}
	})
	story(t, "an intent that is configured away", func(b *hall) {
		b.want(b.does("dialogueManager/configure", `{"siteId":"satellite","intents":[{"intentId":"MakeCoffee","enable":false}]}`))
		b.want(b.does("nlu/query", `{"siteId":"satellite","input":"heard"}`), "nlu/intentNotRecognized siteId=satellite input=heard")
		b.does("dialogueManager/configure", `{"siteId":"satellite","intents":[{"intentId":"MakeCoffee","enable":true}]}`)
		b.want(b.does("nlu/query", `{"siteId":"satellite","input":"heard"}`), "intent/MakeCoffee siteId=satellite input=heard cups:2,room:Kitchen")
	})
	story(t, "a query does nothing", func(b *hall) {
		b.want(b.does("nlu/query", `{"siteId":"satellite","input":"lamp on"}`), "intent/HassTurnOn siteId=satellite input=lamp on")
	})
	story(t, "the recogniser of a site is off", func(b *hall) {
		b.does("asr/toggleOff", `{"siteId":"satellite"}`)
		b.want(b.does("asr/startListening", `{"siteId":"satellite"}`), "error/asr siteId=satellite error=the recogniser of this site is toggled off")
		b.does("asr/toggleOn", `{"siteId":"satellite"}`)
		b.want(b.does("asr/startListening", `{"siteId":"satellite"}`))
		b.want(b.does("asr/stopListening", `{"siteId":"satellite"}`), "asr/textCaptured siteId=satellite text=heard 0")
	})
	story(t, "sound for the box itself", func(b *hall) {
		b.want(b.does("audioServer/box/playBytes/7", "RIFF"), "audioServer/box/playFinished siteId=box")
		b.want(b.does("tts/say", `{"siteId":"box","text":"hello","id":"1"}`), "audioServer/box/playFinished siteId=box", "tts/sayFinished siteId=box")
		b.does("feedback/sound/toggleOff", `{"siteId":"box"}`)
		if !slices.Equal(b.sounds, []bool{false}) {
			t.Errorf("sounds: %v", b.sounds)
		}
	})
	story(t, "what is wrong, and what is somebody else's", func(b *hall) {
		if got := b.does("nlu/query", `{"siteId":`); len(got) != 1 || !strings.HasPrefix(got[0], "error/nlu siteId=default error=read hermes/nlu/query") {
			t.Errorf("%q", got)
		}
		b.want(b.does("dialogueManager/startSession", `{"siteId":"box","init":{"type":"chat"}}`), `error/dialogueManager siteId=box error=init.type must be "action" or "notification"`)
		if got := b.does("tts/say", `{"siteId":"box","text":"`+strings.Repeat("a", maxText+1)+`"}`); len(got) != 1 || !strings.HasPrefix(got[0], "error/tts") {
			t.Errorf("%q", got)
		}
		b.want(b.does("nlu/query", `{"siteId":"attic","input":"lamp on"}`))
		b.does("asr/startListening", `{"siteId":"satellite","sessionId":"s"}`)
		b.want(b.does("audioServer/satellite/audioFrame", ""), "error/asr siteId=satellite error=not a WAV")
	})
}

// A satellite that sends all it hears: its wake word is found here, and what is said in one breath
// with it is part of the request.
func TestHotwords(t *testing.T) {
	called := []string{"hotword/hey_cricket/detected siteId=satellite", "dialogueManager/sessionStarted siteId=satellite", "hotword/toggleOff siteId=satellite", "asr/startListening siteId=satellite"}
	story(t, "a word and a request in one breath", func(b *hall) {
		b.want(b.does("audioServer/satellite/audioFrame", "RIFF before"))
		b.want(b.does("audioServer/satellite/audioFrame", "RIFF one"))
		b.want(b.does("audioServer/satellite/audioFrame", "RIFF word"), called...) // two pieces after the word are the request's
		b.want(b.does("audioServer/satellite/audioFrame", "RIFF three"))
		b.want(b.does("audioServer/satellite/audioFrame", "RIFF four"), coffee...)
		b.does("hotword/toggleOn", `{"siteId":"satellite"}`)
		b.want(b.does("audioServer/satellite/audioFrame", "RIFF word")) // a session is on
	})
	story(t, "what was said with a word that led to nothing is of no later request", func(b *hall) {
		b.does("asr/toggleOff", `{"siteId":"satellite"}`)
		b.want(b.does("audioServer/satellite/audioFrame", "RIFF word"), append(slices.Clone(called), "error/asr siteId=satellite error=the recogniser of this site is toggled off",
			"hotword/toggleOn siteId=satellite", "dialogueManager/sessionEnded siteId=satellite error")...)
		b.does("asr/toggleOn", `{"siteId":"satellite"}`)
		time.Sleep(primedTime + time.Second)
		b.want(b.does("asr/startListening", `{"siteId":"satellite"}`))
		b.want(b.does("asr/stopListening", `{"siteId":"satellite"}`), "asr/textCaptured siteId=satellite text=heard 0")
	})
	story(t, "large pieces", func(b *hall) {
		for range 3 * bytesKept / maxFrame {
			b.want(b.does("audioServer/satellite/audioFrame", strings.Repeat("a", maxFrame)))
		}
		if s := b.Hermes.sounds["satellite"]; s.bytes > bytesKept || s.bytes != len(s.kept)*maxFrame {
			t.Errorf("%d bytes of %d pieces are kept", s.bytes, len(s.kept))
		}
	})
	story(t, "the satellite has heard it too", func(b *hall) {
		b.want(b.does("audioServer/satellite/audioFrame", "RIFF word"), called...)
		b.want(b.does("hotword/porcupine/detected", `{"siteId":"satellite"}`))
	})
	story(t, "nobody says anything after it for long", func(b *hall) {
		b.does("hotword/toggleOff", `{"siteId":"satellite"}`)
		for range 3 * framesKept {
			b.want(b.does("audioServer/satellite/audioFrame", "RIFF"))
		}
		if n := len(b.Hermes.sounds["satellite"].kept); n != framesKept {
			t.Errorf("%d pieces are kept", n)
		}
	})
	story(t, "it is off for two reasons", func(b *hall) {
		for _, tt := range []struct {
			toggle, reason string
			heard          bool
		}{{"Off", "ttsSay", false}, {"Off", "playAudio", false}, {"On", "playAudio", false}, {"On", "other", false}, {"On", "ttsSay", true}} {
			b.does("hotword/toggle"+tt.toggle, `{"siteId":"satellite","reason":"`+tt.reason+`"}`)
			if got := b.does("audioServer/satellite/audioFrame", "RIFF word"); (len(got) > 0) != tt.heard {
				t.Errorf("toggle%s %s: %q", tt.toggle, tt.reason, got)
			}
		}
	})
	story(t, "it is off for many reasons, and on for all", func(b *hall) {
		for i := range 2 * maxReasons {
			b.does("hotword/toggleOff", fmt.Sprintf(`{"siteId":"satellite","reason":"%d"}`, i))
		}
		if n := len(b.quiet["satellite"]); n != maxReasons {
			t.Errorf("%d reasons", n)
		}
		b.does("hotword/toggleOn", `{"siteId":"satellite"}`)
		b.want(b.does("audioServer/satellite/audioFrame", "RIFF word"), called...)
	})
	story(t, "the box itself hears its own microphone, and a stranger is nobody", func(b *hall) {
		b.want(b.does("audioServer/box/audioFrame", "RIFF word"))
		b.want(b.does("audioServer/attic/audioFrame", "RIFF word"))
		if len(b.Hermes.sounds) > 0 {
			t.Error("they are listened to")
		}
	})
	story(t, "sound that is none is told once", func(b *hall) {
		b.want(b.does("audioServer/satellite/audioFrame", ""), "error/hotword siteId=satellite error=not a WAV")
		b.want(b.does("audioServer/satellite/audioFrame", ""))
		b.want(b.does("audioServer/satellite/audioFrame", "RIFF word"), called...)
	})
	story(t, "sound that is too much ends the request", func(b *hall) {
		b.calls()
		b.want(b.does("audioServer/satellite/audioFrame", strings.Repeat("a", maxFrame+1)),
			"error/asr siteId=satellite error=an audio frame of 65537 bytes: it is too long", "hotword/toggleOn siteId=satellite", "dialogueManager/sessionEnded siteId=satellite error")
	})
	story(t, "sound of one session is no other's", func(b *hall) {
		b.calls()
		for range 4 {
			b.want(b.does("audioServer/satellite/nobody/audioSessionFrame", "RIFF"))
		}
		for range 3 {
			b.want(b.does("audioServer/satellite/"+b.ids["satellite"]+"/audioSessionFrame", "RIFF"))
		}
		b.want(b.does("audioServer/satellite/"+b.ids["satellite"]+"/audioSessionFrame", "RIFF"), coffee...)
	})
}

// What Rhasspy has beside Hermes is answered, by its error where there is no such thing.
func TestRhasspy(t *testing.T) {
	asks := func(b *hall, topic, payload string) string {
		b.t.Helper()
		b.rest()
		b.said = nil
		b.Receive(Message{topic, []byte(payload)})
		return strings.Join(b.rest(), " | ")
	}
	for _, tt := range []struct{ topic, payload, want string }{
		{"rhasspy/asr/satellite/train", `{"id":"7","graph_path":"/x"}`, "error/asr siteId=satellite error=" + errTraining.Error()},
		{"rhasspy/nlu/box/train", `{"id":"7"}`, "error/nlu siteId=box error=" + errTraining.Error()},
		{"rhasspy/nlu/attic/train", `{"id":"7"}`, ""},
		{"rhasspy/g2p/pronounce", `{"siteId":"box","words":["x"],"id":"7"}`, "rhasspy/error/g2p siteId=box error=" + errPhonemes.Error()},
		{"rhasspy/g2p/pronounce", `{"siteId":"attic","words":["x"]}`, ""},
		{"rhasspy/g2p/pronounce", `{`, "rhasspy/error/g2p siteId=default error=read rhasspy/g2p/pronounce: unexpected end of JSON input"},
		{"rhasspy/hotword/recordExample", `{"siteId":"satellite","id":"7"}`, "error/hotword siteId=satellite error=" + errExamples.Error()},
		{"rhasspy/tts/getVoices", `{"siteId":"box","id":"7"}`, "rhasspy/tts/voices siteId=box"},
		{"rhasspy/hotword/getHotwords", `{"siteId":"satellite","id":"7"}`, "rhasspy/hotword/hotwords siteId=satellite"},
		{"rhasspy/audioServer/getDevices", `{"siteId":"box","id":"7","modes":["output"]}`, "rhasspy/audioServer/devices siteId=box"},
		{"rhasspy/audioServer/getDevices", `{"siteId":"satellite","id":"7"}`, ""},
		{"hermes/tts/say", `{"siteId":"box","text":"hallo","lang":"tlh"}`, "error/tts siteId=box error=speak: nobody speaks that here | tts/sayFinished siteId=box"},
		{"hermes/asr/startListening", `{"siteId":"satellite","lang":"tlh"}`, "error/asr siteId=satellite error=nobody speaks that here"},
		{"hermes/audioServer/satellite/playFinished", `{`, "error/audioServer/play siteId=satellite error=read hermes/audioServer/satellite/playFinished: unexpected end of JSON input"},
		{"hermes/dialogueManager/configure", `{"siteId":"box","intents":[{"intentId":"` + strings.Repeat("a", maxID+1) + `"}]}`, "error/dialogueManager siteId=box error=read hermes/dialogueManager/configure: 1 intents: it is too long"},
		{"hermes/audioServer/box/playBytes/" + strings.Repeat("a", maxID+1), "RIFF", "error/audioServer/play siteId=box error=an id of 129 bytes: it is too long"},
	} {
		story(t, tt.topic+" "+tt.payload, func(b *hall) {
			if got := asks(b, tt.topic, tt.payload); got != tt.want {
				t.Errorf("%s %.80s:\ngot  %s\nwant %s", tt.topic, tt.payload, got, tt.want)
			}
		})
	}
	story(t, "the output is off", func(b *hall) {
		b.does("audioServer/toggleOff", `{"siteId":"box"}`)
		b.want(b.does("audioServer/box/playBytes/7", "RIFF"), "error/audioServer/play siteId=box error="+errMute.Error(), "audioServer/box/playFinished siteId=box")
		b.want(b.does("tts/say", `{"siteId":"box","text":"hello"}`), "error/tts siteId=box error=speak: "+errMute.Error(), "tts/sayFinished siteId=box")
		b.does("audioServer/toggleOn", `{"siteId":"box"}`)
		b.want(b.does("audioServer/box/playBytes/7", "RIFF"), "audioServer/box/playFinished siteId=box")
	})
	story(t, "more sounds than are played at a time", func(b *hall) {
		b.hold = make(chan struct{})
		for range mostWork {
			b.want(b.does("audioServer/box/playBytes/7", "RIFF"))
		}
		b.want(b.does("audioServer/box/playBytes/8", "RIFF"), "error/audioServer/play siteId=box error="+errBusy.Error(), "audioServer/box/playFinished siteId=box")
		b.want(b.does("nlu/query", `{"siteId":"satellite","input":"lamp on"}`), "error/nlu siteId=satellite error="+errBusy.Error())
		b.want(b.does("tts/say", `{"siteId":"satellite","text":"hello"}`), "error/tts siteId=satellite error=speak: "+errBusy.Error(), "tts/sayFinished siteId=satellite")
		close(b.hold)
		b.rest()
		b.want(b.does("nlu/query", `{"siteId":"satellite","input":"lamp on"}`), "intent/HassTurnOn siteId=satellite input=lamp on")
	})
}

// What somebody says to the box itself goes through a session as well.
func TestTurns(t *testing.T) {
	story(t, "a skill asks and ends", func(b *hall) {
		replies := make(chan Reply, 1)
		turn := func(text string) {
			go func() { replies <- b.Turn(b.t.Context(), text, 1, Intent{Name: "MakeCoffee", Confidence: 1}) }()
		}
		b.Woken("hey cricket", 0.5)
		b.want(b.rest(), "hotword/hey_cricket/detected siteId=box")
		turn("coffee")
		b.want(b.rest()[1:], "dialogueManager/sessionStarted siteId=box", "asr/textCaptured siteId=box text=coffee", "intent/MakeCoffee siteId=box input=coffee")
		b.want(b.does("dialogueManager/continueSession", `{"sessionId":"<box>","text":"With milk?"}`))
		if r := <-replies; r != (Reply{Text: "With milk?", Asks: true}) {
			t.Errorf("%+v", r)
		}
		turn("yes")
		b.rest()
		b.want(b.does("dialogueManager/endSession", `{"sessionId":"<box>","text":"It comes."}`), "hotword/toggleOn siteId=box", "dialogueManager/sessionEnded siteId=box nominal")
		if r := <-replies; r != (Reply{Text: "It comes."}) {
			t.Errorf("%+v", r)
		}
	})
	story(t, "no skill answers", func(b *hall) {
		if r := b.Turn(b.t.Context(), "coffee", 1, Intent{Name: "MakeCoffee"}); !errors.Is(r.Fault, errNoSkill) {
			t.Errorf("%+v", r)
		}
		got := b.rest()
		if got[len(got)-1] != "dialogueManager/sessionEnded siteId=box timeout error=" && !strings.Contains(got[len(got)-1], "timeout") {
			t.Errorf("%q", got)
		}
	})
	story(t, "the box answers itself", func(b *hall) {
		b.Told("lamp on", 1, Intent{Name: "HassTurnOn", Confidence: 1, Own: true}, true)
		b.want(b.rest(), "dialogueManager/sessionStarted siteId=box", "asr/textCaptured siteId=box text=lamp on", "intent/HassTurnOn siteId=box input=lamp on",
			"hotword/toggleOn siteId=box", "dialogueManager/sessionEnded siteId=box nominal")
	})
	story(t, "a skill starts a session at the box", func(b *hall) {
		got := b.does("dialogueManager/startSession", `{"siteId":"box","init":{"type":"action","text":"Tea?"}}`)
		if !slices.Contains(got, "the box listens") {
			t.Errorf("%q", got)
		}
	})
}

// Whatever comes, there is never more than one session at a site, and time ends all.
func FuzzReceive(f *testing.F) {
	f.Add("hermes/hotword/x/detected", []byte(`{"siteId":"satellite"}`))
	f.Add("hermes/dialogueManager/startSession", []byte(`{"siteId":"box","init":{"type":"action","canBeEnqueued":true,"text":"a"}}`))
	f.Add("hermes/audioServer/satellite/audioFrame", []byte("RIFF"))
	f.Add("hermes/asr/startListening", []byte(`{"siteId":"satellite","intentFilter":null}`))
	f.Fuzz(func(t *testing.T, topic string, payload []byte) {
		synctest.Test(t, func(t *testing.T) {
			b := newHall(t)
			b.Receive(Message{topic, payload})
			b.Receive(Message{"hermes/hotword/x/detected", []byte(`{"siteId":"satellite"}`)})
			b.Receive(Message{topic, payload})
			synctest.Wait()
			time.Sleep(5 * time.Minute)
			b.stop()
			synctest.Wait()
			if len(b.sessions) > 0 || len(b.ears) > 0 || len(b.played) > 0 || len(b.work) > 0 || len(b.Hermes.sounds) > 1 {
				t.Errorf("left: %d sessions, %d ears, %d sounds, %d works, %d sites", len(b.sessions), len(b.ears), len(b.played), len(b.work), len(b.Hermes.sounds))
			}
		})
	})
}
