package openai

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/models/random"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// BenchmarkOverhead has a real llama-server write 128 tokens, by turns through the endpoint
// and asked directly: the difference is what the endpoint costs.
func BenchmarkOverhead(b *testing.B) {
	dir, err := os.MkdirTemp("", "cricket-openai-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	file, err := os.Create(filepath.Join(dir, "random.gguf"))
	if err != nil {
		b.Fatal(err)
	}
	shape := random.SmallLlama()
	shape.Ctx = contextSize
	if err := random.Llama(file, shape, 1); err != nil {
		b.Fatal(err)
	}
	file.Close()
	log := slog.New(slog.DiscardHandler)
	m := NewModel(ModelOptions{Program: voicetest.Program(b, "llama-server"), File: file.Name(), Socket: filepath.Join(dir, "s.sock"), Log: log, Room: func() error { return nil }})
	s, err := New(Options{Listen: "127.0.0.1:0", Chat: m, Log: log})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{}, 2)
	go func() { m.Run(ctx); ended <- struct{}{} }()
	go func() { s.Run(ctx); ended <- struct{}{} }()
	b.Cleanup(func() { stop(); <-ended; <-ended })
	var d net.Dialer
	direct := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return d.DialContext(ctx, "unix", m.o.Socket)
	}}}
	ask := func(c *http.Client, url string) (first, all time.Duration) {
		const body = `{"messages":[{"role":"user","content":"Tell a story."}],"stream":true,"temperature":0,"max_tokens":128,"seed":1}`
		began := time.Now()
		reply, err := c.Post(url+"/v1/chat/completions", "application/json", strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		defer reply.Body.Close()
		if reply.StatusCode != http.StatusOK {
			text, _ := io.ReadAll(reply.Body)
			b.Fatalf("%s: %s", reply.Status, text)
		}
		lines := bufio.NewScanner(reply.Body)
		for lines.Scan() {
			if first == 0 && bytes.Contains(lines.Bytes(), []byte(`"content":"`)) {
				first = time.Since(began)
			}
		}
		io.Copy(io.Discard, reply.Body)
		return first, time.Since(began)
	}
	ask(http.DefaultClient, "http://"+s.Address()) // it starts
	var firsts, wholes [2]time.Duration
	for b.Loop() {
		for i, c := range []*http.Client{direct, http.DefaultClient} {
			url := "http://llama"
			if i == 1 {
				url = "http://" + s.Address()
			}
			first, all := ask(c, url)
			firsts[i] += first
			wholes[i] += all
		}
	}
	ms := func(d time.Duration) float64 { return d.Seconds() * 1000 / float64(b.N) }
	b.ReportMetric(ms(firsts[0]), "direct-first-ms")
	b.ReportMetric(ms(firsts[1]), "endpoint-first-ms")
	b.ReportMetric(ms(wholes[0]), "direct-all-ms")
	b.ReportMetric(ms(wholes[1]), "endpoint-all-ms")
}
