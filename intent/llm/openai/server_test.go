package openai

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// served is an endpoint whose model does what its name says.
func served(t *testing.T, does string, o Options) (*Server, string) {
	t.Helper()
	o.Listen, o.Log = "127.0.0.1:0", slog.New(slog.DiscardHandler)
	o.Chat = model(t, does, false)
	return running(t, o)
}

func running(t *testing.T, o Options) (*Server, string) {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { s.Run(ctx) })
	group.Go(func() { o.Chat.Run(ctx) })
	if o.Embed != nil {
		group.Go(func() { o.Embed.Run(ctx) })
	}
	t.Cleanup(func() { stop(); group.Wait() })
	return s, "http://" + s.Address()
}

func model(t *testing.T, does string, embeddings bool) *Model {
	t.Helper()
	dir, err := os.MkdirTemp("", "cricket-openai-") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return NewModel(ModelOptions{Program: os.Args[0], File: "/models/" + does + ".gguf", Socket: filepath.Join(dir, "s"), Embeddings: embeddings,
		Log: slog.New(slog.DiscardHandler), Room: func() error { return nil }})
}

func post(t *testing.T, url, body string, header ...string) (int, http.Header, string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, "POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		} else {
			r.Header.Set(header[i], header[i+1])
		}
	}
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	data, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply.StatusCode, reply.Header, string(data)
}

const hello = `{"model":"good","messages":[{"role":"user","content":"hello"}]}`

func TestChat(t *testing.T) {
	_, url := served(t, "good", Options{})
	status, _, body := post(t, url+"/v1/chat/completions", hello)
	var whole struct {
		ID, Object, Model string
		Choices           []struct {
			Index        int
			FinishReason string `json:"finish_reason"`
			Message      struct{ Role, Content string }
		}
		Usage Usage
	}
	if err := json.Unmarshal([]byte(body), &whole); err != nil || status != 200 {
		t.Fatalf("%d %s: %v", status, body, err)
	}
	if c := whole.Choices; whole.Object != "chat.completion" || whole.Model != "good" || len(c) != 1 || c[0].Message.Content != "Good evening." || c[0].Message.Role != "assistant" ||
		c[0].FinishReason != "stop" || whole.Usage.Total != 7 || !strings.HasPrefix(whole.ID, "chatcmpl-") {
		t.Errorf("%s", body)
	}
}

// A stream has what OpenAI's own has: the role, the text in pieces, why it ended, and where
// it is wanted the usage.
func TestChatStreams(t *testing.T) {
	_, url := served(t, "good", Options{})
	status, header, body := post(t, url+"/v1/chat/completions", `{"stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":[{"type":"text","text":"hello"}]}]}`)
	if status != 200 || header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", status, header)
	}
	text, role, finish, total := "", "", "", 0
	events := strings.Split(strings.TrimSpace(body), "\n\n")
	for _, e := range events[:len(events)-1] {
		var c struct {
			Object  string
			Choices []struct {
				Delta        struct{ Role, Content string }
				FinishReason *string `json:"finish_reason"`
			}
			Usage *Usage
		}
		if err := json.Unmarshal([]byte(strings.TrimPrefix(e, "data: ")), &c); err != nil || c.Object != "chat.completion.chunk" {
			t.Fatalf("%q: %v", e, err)
		}
		if c.Usage != nil {
			total = c.Usage.Total
		}
		for _, ch := range c.Choices {
			text, role = text+ch.Delta.Content, role+ch.Delta.Role
			if ch.FinishReason != nil {
				finish += *ch.FinishReason
			}
		}
	}
	if text != "Good evening." || role != "assistant" || finish != "stop" || total != 7 || events[len(events)-1] != "data: [DONE]" {
		t.Errorf("%q %q %q %d\n%s", text, role, finish, total, body)
	}
}

// What is sent on is what is known here, in the words of the server.
func TestRequestIsWrittenAnew(t *testing.T) {
	_, url := served(t, "echo", Options{})
	_, _, body := post(t, url+"/v1/chat/completions", `{"messages":[{"role":"developer","content":"be brief","name":"x","tool_calls":[1]},{"role":"user","content":"hi"}],"user":"ann","temperature":0.5,"top_p":1,
		"max_completion_tokens":9,"stop":"END","seed":-1,"response_format":{"type":"json_object"},
		"grammar":"root ::= x","id_slot":3,"json_schema":{},"lora":[{"id":0}],"cache_prompt":false,"chat_template":"x","slot_save":"/etc/passwd"}`)
	var whole struct {
		Choices []struct{ Message struct{ Content string } }
	}
	if err := json.Unmarshal([]byte(body), &whole); err != nil || len(whole.Choices) != 1 {
		t.Fatalf("%s: %v", body, err)
	}
	const want = `{"cache_prompt":true,"chat_template_kwargs":{"enable_thinking":false},"id_slot":0,"max_tokens":9,"messages":[{"content":"be brief","role":"system"},{"content":"hi","role":"user"}],` +
		`"response_format":{"type":"json_object"},"seed":4294967294,"stop":["END"],"stream":true,"stream_options":{"include_usage":true},"temperature":0.5,"top_p":1}`
	if got := whole.Choices[0].Message.Content; got != want {
		t.Errorf("llama-server is sent\n%s, want\n%s", got, want)
	}
}

func TestBadRequestsAreRefused(t *testing.T) {
	_, url := served(t, "good", Options{})
	with := func(more string) string { return strings.TrimSuffix(hello, "}") + "," + more + "}" }
	for _, tt := range []struct {
		name, path, body string
		status           int
		want             string
		header           []string
	}{
		{"no JSON", "chat/completions", "{", 400, "no such request", nil},
		{"two requests", "chat/completions", hello + hello, 400, "something after", nil},
		{"no messages", "chat/completions", `{"messages":[]}`, 400, "'messages' must not be empty", nil},
		{"an unknown role", "chat/completions", `{"messages":[{"role":"root","content":"x"}]}`, 400, "the role", nil},
		{"an image", "chat/completions", `{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}`, 400, "another type than text", nil},
		{"content of no kind", "chat/completions", `{"messages":[{"role":"user","content":7}]}`, 400, "must be a text", nil},
		{"another model", "chat/completions", `{"model":"gpt-9","messages":[{"role":"user","content":"x"}]}`, 404, "model_not_found", nil},
		{"tools", "chat/completions", with(`"tools":[{}]`), 400, "tools", nil},
		{"two choices", "chat/completions", with(`"n":2`), 400, "more than one choice", nil},
		{"a schema", "chat/completions", with(`"response_format":{"type":"json_schema"}`), 400, "response_format", nil},
		{"too hot", "chat/completions", with(`"temperature":3`), 400, "'temperature' must be between 0 and 2", nil},
		{"no tokens", "chat/completions", with(`"max_tokens":0`), 400, "max_tokens", nil},
		{"five stops", "chat/completions", with(`"stop":["a","b","c","d","e"]`), 400, "'stop'", nil},
		{"too big", "chat/completions", `{"messages":[{"role":"user","content":"` + strings.Repeat("x", mostBody) + `"}]}`, 413, "at most", nil},
		{"nested too deeply", "chat/completions", `{"tools":` + strings.Repeat("[", 20000), 400, "no such request", nil},
		{"a form", "chat/completions", hello, 415, "application/json", []string{"Content-Type", "text/plain"}},
		{"a page in a browser", "chat/completions", hello, 403, "browser", []string{"Sec-Fetch-Site", "cross-site"}},
		{"a page whose name was changed", "chat/completions", hello, 403, "localhost", []string{"Host", "evil.example:80"}},
		{"embeddings without a model", "embeddings", `{"input":"x"}`, 501, "makes no embeddings", nil},
		{"another path", "completions", hello, 404, "unknown_url", nil},
		{"llama-server's own", "../slots/0?action=erase", "{}", 404, "unknown_url", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, _, body := post(t, url+"/v1/"+tt.path, tt.body, tt.header...)
			var e struct {
				Error struct{ Message, Type string }
			}
			if err := json.Unmarshal([]byte(body), &e); status != tt.status || !strings.Contains(body, tt.want) || err != nil || e.Error.Message == "" {
				t.Errorf("%d %s, want %d %s", status, body, tt.status, tt.want)
			}
		})
	}
	if s, _, body := post(t, url+"/v1/chat/completions", hello); s != 200 {
		t.Errorf("afterwards: %d %s", s, body)
	}
}

func TestKey(t *testing.T) {
	const key = "0123456789abcdefghij"
	_, url := served(t, "good", Options{Key: key})
	for _, tt := range []struct {
		name, header string
		want         int
	}{{"right", "Bearer " + key, 200}, {"in small letters", "bearer " + key, 200}, {"none", "", 401}, {"wrong", "Bearer " + key + "k", 401}, {"a part", "Bearer 0123", 401}, {"empty", "Bearer ", 401}, {"another scheme", "Basic " + key, 401}} {
		t.Run(tt.name, func(t *testing.T) {
			if status, _, body := post(t, url+"/v1/chat/completions", hello, "Authorization", tt.header, "Host", "cricket.lan"); status != tt.want {
				t.Errorf("%d %s", status, body)
			}
		})
	}
	reply, err := http.Get(url + "/v1/models")
	if err != nil {
		t.Fatal(err)
	}
	if reply.Body.Close(); reply.StatusCode != 401 {
		t.Errorf("without the key the models are told: %s", reply.Status)
	}
	if _, err := New(Options{Listen: "0.0.0.0:0"}); err == nil {
		t.Error("it is open to the network without a key")
	}
}

func TestModels(t *testing.T) {
	o := Options{Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler), Chat: model(t, "good", false), Embed: model(t, "embed", true)}
	_, url := running(t, o)
	for path, want := range map[string]string{
		"/v1/models":       `{"data":[{"id":"good","object":"model","created":0,"owned_by":"cricket"},{"id":"embed","object":"model","created":0,"owned_by":"cricket"}],"object":"list"}`,
		"/v1/models/embed": `{"id":"embed","object":"model","created":0,"owned_by":"cricket"}`,
	} {
		reply, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		data, _ := io.ReadAll(reply.Body)
		if reply.Body.Close(); strings.TrimSpace(string(data)) != want {
			t.Errorf("%s: %s", path, data)
		}
	}
	status, _, body := post(t, url+"/v1/embeddings", `{"model":"embed","input":["one","two"]}`)
	if want := `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.6,0.8]},{"object":"embedding","index":1,"embedding":[0.6,0.8]}],"model":"embed","usage":{"prompt_tokens":7,"total_tokens":7}}`; status != 200 || strings.TrimSpace(body) != want {
		t.Errorf("%d %s", status, body)
	}
	for _, bad := range []string{`{"input":[]}`, `{"input":[""]}`, `{"input":7}`, `{"input":"x","dimensions":8}`, `{"input":"x","encoding_format":"hex"}`} {
		if status, _, body := post(t, url+"/v1/embeddings", bad); status != 400 {
			t.Errorf("%s: %d %s", bad, status, body)
		}
	}
}

// A model that breaks is told as an error, in a stream and without: never as a whole answer.
func TestBrokenModel(t *testing.T) {
	for _, tt := range []struct {
		does   string
		status int // without a stream
		want   string
	}{{"garbage", 503, "read the language model's stream"}, {"cut", 503, "broke off"}, {"error", 502, "out of luck"}, {"die", 503, "language model"}, {"endless", 503, "without end"}} {
		t.Run(tt.does, func(t *testing.T) {
			_, url := served(t, tt.does, Options{})
			status, _, body := post(t, url+"/v1/chat/completions", `{"messages":[{"role":"user","content":"x"}]}`)
			if status != tt.status || !strings.Contains(body, tt.want) || strings.Contains(body, "Good") {
				t.Errorf("%d %.300s", status, body)
			}
			_, _, body = post(t, url+"/v1/chat/completions", `{"stream":true,"messages":[{"role":"user","content":"x"}]}`)
			events := strings.Split(strings.TrimSpace(body), "\n\n")
			if last := events[len(events)-1]; !strings.Contains(last, `"error"`) || !strings.Contains(last, tt.want) || strings.Contains(body, "[DONE]") {
				t.Errorf("%.300s", last)
			}
		})
	}
	t.Run("a prompt that is too long", func(t *testing.T) {
		_, url := served(t, "long", Options{})
		if status, _, body := post(t, url+"/v1/chat/completions", `{"stream":true,"messages":[{"role":"user","content":"x"}]}`); status != 400 || !strings.Contains(body, "context size") {
			t.Errorf("%d %s", status, body)
		}
	})
	t.Run("fewer embeddings than texts", func(t *testing.T) {
		_, url := running(t, Options{Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler), Chat: model(t, "good", false), Embed: model(t, "fewer", true)})
		if status, _, body := post(t, url+"/v1/embeddings", `{"input":"x"}`); status != 503 || !strings.Contains(body, "0, not 1") {
			t.Errorf("%d %s", status, body)
		}
	})
	t.Run("no room in memory", func(t *testing.T) {
		m := model(t, "good", false)
		m.o.Room = func() error { return errors.New("no room") }
		_, url := running(t, Options{Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler), Chat: m})
		if status, h, body := post(t, url+"/v1/chat/completions", hello); status != 503 || !strings.Contains(body, "no room") || h.Get("Retry-After") == "" {
			t.Errorf("%d %s", status, body)
		}
	})
}

// stalled asks for a stream, and returns after its first piece.
func stalled(t *testing.T, url string) (hangUp func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	r, _ := http.NewRequestWithContext(ctx, "POST", url+"/v1/chat/completions", strings.NewReader(`{"stream":true,"messages":[{"role":"user","content":"x"}]}`))
	r.Header.Set("Content-Type", "application/json")
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(reply.Body)
	for lines.Scan() && !bytes.Contains(lines.Bytes(), []byte("Good")) {
	}
	return func() { stop(); reply.Body.Close() }
}

// One is answered, few wait, more are sent away; who hangs up makes room, and the model stops
// writing for it.
func TestLineOfRequests(t *testing.T) {
	s, url := served(t, "stall", Options{})
	hangUp := stalled(t, url)
	ctx, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	var waiting sync.WaitGroup
	for range mostWaiting {
		waiting.Go(func() {
			r, _ := http.NewRequestWithContext(ctx, "POST", url+"/v1/chat/completions", strings.NewReader(`{"messages":[{"role":"user","content":"x"}]}`))
			r.Header.Set("Content-Type", "application/json")
			if reply, err := http.DefaultClient.Do(r); err == nil {
				reply.Body.Close()
			}
		})
	}
	until(t, "all wait", func() bool { return s.Waiting() == 1+mostWaiting })
	if status, h, body := post(t, url+"/v1/chat/completions", `{"messages":[{"role":"user","content":"x"}]}`); status != 429 || h.Get("Retry-After") == "" {
		t.Errorf("one too many: %d %s", status, body)
	}
	giveUp()
	waiting.Wait()
	until(t, "those who gave up have gone", func() bool { return s.Waiting() == 1 })
	hangUp()
	until(t, "the model has stopped writing", func() bool {
		_, err := os.Stat(s.o.Chat.o.Socket + ".gone")
		return err == nil
	})
	until(t, "there is room", func() bool { return s.Waiting() == 0 })
}

// While somebody talks to the box the model's process stands still, and then goes on.
func TestModelStandsStill(t *testing.T) {
	s, url := served(t, "good", Options{})
	if status, _, _ := post(t, url+"/v1/chat/completions", hello); status != 200 {
		t.Fatal(status)
	}
	m := s.o.Chat
	pid := m.server.State().PID
	stands := func() bool {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, after, _ := strings.Cut(string(text), ") ")
		return err == nil && strings.HasPrefix(after, "T")
	}
	m.Pause()
	until(t, "it stands still", stands)
	if s := m.State(); !s.Loaded || !s.Paused {
		t.Errorf("%+v", s)
	}
	answered := make(chan int, 1)
	go func() {
		status, _, _ := post(t, url+"/v1/chat/completions", hello)
		answered <- status
	}()
	until(t, "a request waits", func() bool { return s.Waiting() == 1 })
	if !stands() || len(answered) > 0 {
		t.Error("it did not stand still")
	}
	m.Continue()
	if status := <-answered; status != 200 {
		t.Errorf("after the pause: %d", status)
	}
	if now := m.server.State().PID; now != pid {
		t.Error("the pause killed the model")
	}
}

// Who opens connections and says nothing, or sends slowly, keeps nobody else out.
func TestSilentConnections(t *testing.T) {
	s, url := served(t, "good", Options{})
	var all []net.Conn
	for range 2 * mostConnections {
		c, err := net.Dial("tcp", s.Address())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		all = append(all, c)
	}
	until(t, "those that are too many are closed", func() bool { return s.open.Load() <= mostConnections })
	for _, c := range all {
		c.Close()
	}
	until(t, "they are gone", func() bool { return s.open.Load() == 0 })
	if status, _, body := post(t, url+"/v1/chat/completions", hello); status != 200 {
		t.Errorf("%d %s", status, body)
	}
}

// until waits for what must come.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for late := time.Now().Add(time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("never: %s", what)
		}
	}
}

// Whatever is read is refused, or is sent on as valid JSON with known fields only.
func FuzzChat(f *testing.F) {
	f.Add([]byte(hello))
	f.Add([]byte(`{"messages":[{"role":"user","content":[{"type":"text","text":"a"}]}],"stop":["x"],"seed":1e9,"max_tokens":-1}`))
	f.Add([]byte(`{"messages":null,"stream":"yes"}`))
	known := map[string]bool{"messages": true, "max_tokens": true, "stream": true, "stream_options": true, "cache_prompt": true, "id_slot": true, "chat_template_kwargs": true,
		"temperature": true, "top_p": true, "presence_penalty": true, "frequency_penalty": true, "seed": true, "stop": true, "response_format": true}
	f.Fuzz(func(t *testing.T, body []byte) {
		var c chat
		if decode(body, &c) != nil || c.check() != nil {
			return
		}
		data, err := json.Marshal(c.ask())
		if err != nil {
			t.Fatal(err)
		}
		var sent map[string]any
		if err := json.Unmarshal(data, &sent); err != nil {
			t.Fatal(err)
		}
		for name := range sent {
			if !known[name] {
				t.Errorf("%q is sent on", name)
			}
		}
		if n := sent["max_tokens"].(float64); n < 1 || n > contextSize || len(c.Messages) == 0 {
			t.Errorf("%s", data)
		}
	})
}
