package appliance

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/permission"
	"github.com/cricket-home/cricket/mqtt/mqtttest"
	"github.com/cricket-home/cricket/voice"
)

// rhasspy is a home on a real Mosquitto with a satellite in the hall, a skill that makes coffee,
// and a box that is their base.
func rhasspy(t *testing.T, ears recognizer) (*evening, *onlooker) {
	t.Helper()
	m := mqtttest.NewMosquitto(t, "", nil)
	h, err := home.Parse("home.toml", []byte(hallWithDoor))
	if err != nil {
		t.Fatal(err)
	}
	dir := shortDir(t)
	c := DefaultConfig()
	c.Dir, c.MQTT.Broker, c.Room = dir, m.URL(), "hall"
	c.Hermes = Hermes{Enabled: true, Site: "box", Sites: map[string]string{"satellite": "hall"}, AudioFrames: true}
	folder := filepath.Join(dir, "custom_sentences", "en")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "coffee.yaml"), []byte(`language: "en"
intents:
  MakeCoffee:
    data:
      - sentences: ["make {cups} (cup|cups) of coffee"]
lists:
  cups:
    range: {from: 1, to: 9}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	e := &evening{room: newRoom(), t: t, out: &voiceOver{}, board: &lights{presses: make(chan Press)}}
	e.box, err = New(Options{Config: c, Home: h, Devices: true, StateDir: dir, RuntimeDir: dir, Log: slog.New(slog.DiscardHandler),
		Microphone: e.room, Loudspeaker: e.out, Board: e.board})
	if err != nil {
		t.Fatal(err)
	}
	e.box.ears = newEars([]candidate{{recognizer: ears, name: "fake"}}, "", e.box.log)
	e.box.voices.all = []oneVoice{{name: "a tone", speak: func(_ context.Context, text string) (voice.Speech, error) {
		return voice.Speech{Text: text, Rate: 22050, PCM: make([]int16, 22050)}, nil
	}}}
	run(t, e.box.Run)
	if err := e.box.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	return e, look(t, m.URL(), "hermes/#", "rhasspy/#", "cricket/demo/#")
}

func (o *onlooker) field(topic, text, field string) string {
	o.t.Helper()
	var f map[string]any
	if err := json.Unmarshal(o.sees(topic, text).Payload, &f); err != nil {
		o.t.Fatal(err)
	}
	s, _ := f[field].(string)
	return s
}

// saysAt sends what somebody says at the satellite, as WAVs of a sixteenth of a second.
func (o *onlooker) saysAt(site string, pcm []int16) { o.saysInPieces(site, pcm, 1000) }

func (o *onlooker) saysInPieces(site string, pcm []int16, samples int) {
	o.t.Helper()
	for chunk := range slices.Chunk(slices.Concat(pcm, make([]int16, 2*voice.SampleRate)), samples) {
		var wav bytes.Buffer
		if err := voice.WriteWAV(&wav, voice.SampleRate, chunk); err != nil {
			o.t.Fatal(err)
		}
		o.publish("hermes/audioServer/"+site+"/audioFrame", wav.String())
	}
}

// playsAt is a satellite that has played what it was sent.
func (o *onlooker) playsAt(site string) {
	o.t.Helper()
	id := o.field("hermes/tts/sayFinished", site, "id")
	if wav := o.sees("hermes/audioServer/"+site+"/playBytes/"+id, "RIFF"); len(wav.Payload) < 1000 {
		o.t.Errorf("a sound of %d bytes", len(wav.Payload))
	}
	o.publish("hermes/audioServer/"+site+"/playFinished", `{"id":"`+id+`","siteId":"`+site+`"}`)
}

// A satellite of Rhasspy's: it hears its wake word and sends its sound; the box recognises,
// understands, does and answers, and the satellite plays that.
func TestRhasspySatellite(t *testing.T) {
	ears := &listening{text: "turn on the lamp"}
	_, o := rhasspy(t, ears)
	_, request := requestSound(t)
	called := func() {
		t.Helper()
		o.forget()
		o.publish("hermes/hotword/porcupine/detected", `{"modelId":"porcupine","modelVersion":"","modelType":"universal","currentSensitivity":0.5,"siteId":"satellite"}`)
		o.sees("hermes/asr/startListening", `"siteId":"satellite"`)
		o.saysAt("satellite", request)
	}
	called()
	o.sees("hermes/dialogueManager/sessionStarted", `"siteId":"satellite"`)
	o.sees("hermes/asr/textCaptured", `"text":"turn on the lamp"`)
	o.sees("hermes/intent/HassTurnOn", `"slotName":"name"`)
	o.sees("cricket/demo/light/lamp/set", "ON")
	o.sees("hermes/tts/say", "amp on")
	o.playsAt("satellite")
	o.sees("hermes/dialogueManager/sessionEnded", `"reason":"nominal"`)

	// What opens the house is for somebody in the room.
	ears.set("unlock the front door")
	called()
	o.sees("hermes/intent/HassTurnOff", "lock")
	o.sees("hermes/tts/say", "only for somebody in the room")
	if o.has("cricket/demo/lock/front_door/set") {
		t.Error("the door was unlocked")
	}
	o.playsAt("satellite")
	o.sees("hermes/dialogueManager/sessionEnded", "nominal")

	// A skill goes on with a session, and ends it.
	ears.set("make two cups of coffee")
	called()
	o.sees("hermes/intent/MakeCoffee", `"value":{"kind":"Number","value":2}`)
	id := o.field("hermes/intent/MakeCoffee", "", "sessionId")
	o.forget()
	o.publish("hermes/dialogueManager/endSession", `{"sessionId":"`+id+`","text":"Two cups, coming."}`)
	o.sees("hermes/tts/say", "Two cups, coming.")
	o.playsAt("satellite")
	o.sees("hermes/dialogueManager/sessionEnded", `"reason":"nominal"`)
	o.publish("hermes/nlu/query", `{"input":"purple monkey","siteId":"satellite","id":"q"}`)
	o.sees("hermes/nlu/intentNotRecognized", `"id":"q"`)
}

// The same at the box itself: its wake word, its recogniser, a skill's answer in its voice.
func TestRhasspySkillAtTheBox(t *testing.T) {
	ears := &listening{text: "make two cups of coffee"}
	e, o := rhasspy(t, ears)
	word, request := requestSound(t)
	e.wait(1)
	e.hear(slices.Concat(word, request))
	o.sees("hermes/hotword/hey_cricket/detected", `"siteId":"box"`)
	o.sees("hermes/audioServer/box/audioFrame", "RIFF")
	ctx := within(t)
	for !o.has("hermes/intent/MakeCoffee") && ctx.Err() == nil {
		e.wait(0.02)
	}
	id := o.field("hermes/intent/MakeCoffee", "", "sessionId")
	o.publish("hermes/dialogueManager/endSession", `{"sessionId":"`+id+`","text":"Two cups, coming."}`)
	e.until(Speaking)
	if said := e.out.all(); !slices.Contains(said, "say Two cups, coming.") {
		t.Errorf("the box did %q", said)
	}
	o.sees("hermes/dialogueManager/sessionEnded", `"reason":"nominal"`)
	e.out.finish()
	e.until(Idle)

	// An intent of its own it carries out, and tells of.
	o.forget()
	r := e.box.Ask(within(t), "turn on the lamp", Request{Source: permission.CLI})
	if !r.Done() {
		t.Errorf("%s", r)
	}
	o.sees("hermes/intent/HassTurnOn", `"sessionId"`)
	o.sees("hermes/dialogueManager/sessionEnded", `"siteId":"box"`)

	// A notification is spoken.
	o.publish("hermes/dialogueManager/startSession", `{"siteId":"box","init":{"type":"notification","text":"The post is here."}}`)
	o.sees("hermes/tts/sayFinished", `"siteId":"box"`)
}

func TestHermesIsOffByDefault(t *testing.T) {
	b := start(t, oneLamp, free(), true)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	o := look(t, b.client.Status().Broker, "hermes/#", "cricket/demo/#")
	o.publish("hermes/nlu/query", `{"input":"turn on the lamp","siteId":"default"}`)
	b.Ask(within(t), "turn on the lamp", Request{Source: permission.CLI})
	o.sees("cricket/demo/light/lamp/set", "ON")
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range o.said {
		if strings.HasPrefix(m.Topic, "hermes/") && m.Topic != "hermes/nlu/query" {
			t.Errorf("%s %s", m.Topic, m.Payload)
		}
	}
}

// A satellite without a wake word of its own sends all that it hears. The box finds its word there, and the
// request that follows in the same breath.
func TestRhasspySatelliteWithoutWakeWord(t *testing.T) {
	ears := &listening{text: "turn on the lamp"}
	_, o := rhasspy(t, ears)
	word, request := requestSound(t)
	// In larger pieces: they come all at once, and only so many wait to be listened to.
	o.saysInPieces("satellite", slices.Concat(make([]int16, voice.SampleRate), word, request), 4000)
	o.sees("hermes/hotword/hey_cricket/detected", `"siteId":"satellite"`)
	o.sees("hermes/dialogueManager/sessionStarted", `"siteId":"satellite"`)
	o.sees("hermes/asr/textCaptured", `"text":"turn on the lamp"`)
	o.sees("cricket/demo/light/lamp/set", "ON")
	o.playsAt("satellite")
	o.sees("hermes/dialogueManager/sessionEnded", `"reason":"nominal"`)
	ears.mu.Lock()
	heard := ears.got[len(ears.got)-1].Duration()
	ears.mu.Unlock()
	if whole := time.Duration(len(request)) * time.Second / voice.SampleRate; heard < whole/2 || heard > whole+4*time.Second {
		t.Errorf("the recogniser got %v of a request of %v", heard, whole)
	}
	o.publish("rhasspy/tts/getVoices", `{"siteId":"box","id":"q"}`)
	o.publish("rhasspy/hotword/getHotwords", `{"siteId":"satellite","id":"q"}`)
	o.publish("rhasspy/nlu/satellite/train", `{"id":"train-1","graph_path":"/x"}`)
	o.publish("rhasspy/g2p/pronounce", `{"siteId":"satellite","words":["cricket"],"id":"g"}`)
	o.sees("rhasspy/tts/voices", `"a tone"`)
	o.sees("rhasspy/hotword/hotwords", `"modelId":"hey cricket"`)
	o.sees("hermes/error/nlu", `"context":"train-1"`)
	o.sees("rhasspy/error/g2p", `"id":"g"`)
}

func TestDoctorNamesTheSites(t *testing.T) {
	c := free()
	c.Room = "hall"
	c.Hermes = Hermes{Enabled: true, Site: "box", Sites: map[string]string{"satellite": "hall", "shed": "attic"}}
	b := start(t, hallWithDoor, c, true)
	f := b.checkHermes()
	if len(f) != 2 || !f[0].OK || f[0].Text != `the sites "box", which is this box, and ["satellite" "shed"] are served` {
		t.Fatalf("%+v", f)
	}
	if f[1].OK || f[1].Text != `the room of the site "shed" in 'hermes.sites' is "attic", and the home has no such room` {
		t.Errorf("%+v", f[1])
	}
}
