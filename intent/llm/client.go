package llm

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
)

const (
	maxTokens = 160      // of an answer
	maxOutput = 16 << 10 // bytes of an answer's lines
)

// client talks to llama-server on a unix socket (tools/server/README.md of llama.cpp), or to
// another server that has OpenAI's chat completions.
type client struct {
	http *http.Client
	base string // URL
	key  string // of the owner of another server; "": it wants none
}

func newClient(socket string) *client {
	var d net.Dialer
	return &client{base: "http://llama", http: &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, // the server closes a connection when a stream has ended
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "unix", socket) },
	}}}
}

// Stats are what an answer cost.
type Stats struct {
	Cached  int     // tokens of the prompt that were warm
	Read    int     // tokens of the prompt that were read
	Written int     // tokens of the answer
	ReadMS  float64 // to the first token
	WriteMS float64
}

// completion is what the model wrote.
type completion struct {
	text       string
	confidence float64 // geometric mean of its tokens' probabilities
	finish     string  // why it stopped: "stop", "length"; "" where it broke off
	stats      Stats
}

// chunk is a line of the server's stream.
type chunk struct {
	Choices []struct {
		Delta struct {
			Content string `json:"content"`
		} `json:"delta"`
		FinishReason string `json:"finish_reason"`
		Logprobs     *struct {
			Content []struct {
				Logprob float64 `json:"logprob"`
			} `json:"content"`
		} `json:"logprobs"`
	} `json:"choices"`
	Timings *struct {
		CacheN      int     `json:"cache_n"`
		PromptN     int     `json:"prompt_n"`
		PromptMS    float64 `json:"prompt_ms"`
		PredictedN  int     `json:"predicted_n"`
		PredictedMS float64 `json:"predicted_ms"`
	} `json:"timings"`
	Error *struct {
		Message string `json:"message"`
	} `json:"error"`
}

var errCut = errors.New("the answer was cut off")

// complete has the model write, within a grammar; at most tokens of it. each is told what
// is written so far, whenever there is more; nil: nobody is.
func (c *client) complete(ctx context.Context, messages []Message, grammar string, tokens int, each func(completion)) (completion, error) {
	ask := map[string]any{
		"messages": messages, "grammar": grammar, "max_tokens": tokens, "temperature": 0, "cache_prompt": true, "id_slot": 0,
		"stream": true, "logprobs": true, "top_logprobs": 1, "chat_template_kwargs": map[string]any{"enable_thinking": false},
	}
	out, err := c.stream(ctx, "/v1/chat/completions", ask, each)
	if err == nil && out.finish != "stop" {
		err = errCut
	}
	return out, err
}

// stream has a server write, and reads it as it comes.
func (c *client) stream(ctx context.Context, path string, ask map[string]any, each func(completion)) (completion, error) {
	body, err := c.post(ctx, path, ask)
	if err != nil {
		return completion{}, err
	}
	defer body.Close()
	var out completion
	var text strings.Builder
	var sum float64
	var counted int
	lines := bufio.NewScanner(io.LimitReader(body, 64*maxOutput))
	lines.Buffer(nil, 4*maxOutput)
	for lines.Scan() {
		data, is := bytes.CutPrefix(lines.Bytes(), []byte("data:"))
		if data = bytes.TrimSpace(data); !is || bytes.Equal(data, []byte("[DONE]")) {
			continue
		}
		var l chunk
		if err := json.Unmarshal(data, &l); err != nil {
			return completion{}, fmt.Errorf("read the language model's stream: %w", err)
		}
		if l.Error != nil {
			return completion{}, fmt.Errorf("the language model: %s", l.Error.Message)
		}
		for _, ch := range l.Choices {
			if text.WriteString(ch.Delta.Content); text.Len() > maxOutput {
				return completion{}, fmt.Errorf("the language model writes without end")
			}
			if ch.Logprobs != nil {
				for _, t := range ch.Logprobs.Content {
					sum += max(t.Logprob, -20)
					counted++
				}
			}
			out.finish = cmp.Or(ch.FinishReason, out.finish)
		}
		out.text = text.String()
		if counted > 0 {
			out.confidence = math.Exp(sum / float64(counted))
		}
		if each != nil {
			each(out)
		}
		if t := l.Timings; t != nil {
			out.stats = Stats{Cached: t.CacheN, Read: t.PromptN, Written: t.PredictedN, ReadMS: t.PromptMS, WriteMS: t.PredictedMS}
		}
	}
	if err := lines.Err(); err != nil {
		return completion{}, fmt.Errorf("read the language model's stream: %w", err)
	}
	return out, nil
}

// healthy says that a model is loaded.
func (c *client) healthy(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/health", nil)
	if err != nil {
		return err
	}
	reply, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return fmt.Errorf("health: %s", reply.Status)
	}
	return nil
}

// slot saves what the server has read of the prompt to a file of its slot
// folder, or restores it.
func (c *client) slot(ctx context.Context, action, file string) error {
	body, err := c.post(ctx, "/slots/0?action="+action, map[string]any{"filename": file})
	if err != nil {
		return fmt.Errorf("%s warm prompt: %w", action, err)
	}
	return body.Close()
}

func (c *client) post(ctx context.Context, path string, ask any) (io.ReadCloser, error) {
	data, err := json.Marshal(ask)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	if c.key != "" {
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	reply, err := c.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("ask the language model: %w", err)
	}
	if reply.StatusCode == http.StatusOK {
		return reply.Body, nil
	}
	defer reply.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(reply.Body, 512))
	return nil, fmt.Errorf("ask the language model: %s: %s", reply.Status, bytes.TrimSpace(said))
}
