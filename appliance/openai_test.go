package appliance

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/models/random"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// With a real llama-server and random weights: a program asks, and has its answer; a box that
// somebody talks to goes first.
func TestProgramsAskTheLanguageModel(t *testing.T) {
	c := free()
	c.OpenAI.Listen = "127.0.0.1:0"
	model := filepath.Join(t.TempDir(), "random.gguf")
	file, err := os.Create(model)
	if err != nil {
		t.Fatal(err)
	}
	shape := random.SmallLlama()
	shape.Ctx = 4096
	if err := random.Llama(file, shape, 1); err != nil {
		t.Fatal(err)
	}
	file.Close()
	b := newBox(t, oneLamp, c, true)
	b.options.Bin, b.config.LLM.Model = filepath.Dir(voicetest.Program(t, "llama-server")), model
	if f := b.checkOpenAI(); !f.OK || !strings.Contains(f.Text, "closed") {
		t.Errorf("without a model: %+v", f)
	}
	b.options.Keep = true
	if err := b.openModel(); err != nil {
		t.Fatal(err)
	}
	if b.openOpenAI(); b.openai.server == nil {
		t.Fatal(b.openai.fault)
	}
	b.options.Keep = false
	run(t, b.Run)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	state := b.openai.state()
	if state.Key || len(state.Models) != 1 || state.Models[0].ID != "random" || state.Models[0].Loaded {
		t.Errorf("before the first request: %+v", state)
	}
	ask := func() (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(within(t), "POST", state.URL+"/chat/completions", strings.NewReader(`{"model":"random","max_tokens":8,"messages":[{"role":"user","content":"hello"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		reply, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer reply.Body.Close()
		body, _ := io.ReadAll(reply.Body)
		return reply.StatusCode, string(body)
	}
	if status, body := ask(); status != 200 || !strings.Contains(body, `"chat.completion"`) || !strings.Contains(body, `"completion_tokens"`) {
		t.Fatalf("%d %s", status, body)
	}
	b.voiceComes()
	if s := b.openai.state().Models[0]; !s.Loaded || !s.Paused {
		t.Errorf("while somebody talks: %+v", s)
	}
	b.openai.goOn()
	if status, body := ask(); status != 200 {
		t.Errorf("afterwards: %d %s", status, body)
	}
	if f := b.checkOpenAI(); !f.OK || !strings.Contains(f.Text, state.URL) || !strings.HasSuffix(f.Text, "without a key") {
		t.Errorf("doctor: %+v", f)
	}
}

func TestRoomForAnotherModel(t *testing.T) {
	file := filepath.Join(t.TempDir(), "m.gguf")
	if err := os.WriteFile(file, make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		free int64
		want string
	}{{"enough", 4 << 30, ""}, {"not known", 0, ""}, {"too little", 100 << 20, "104 MB of memory are free"}} {
		if err := roomFor(file, tt.free); tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
