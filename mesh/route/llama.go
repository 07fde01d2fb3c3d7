package route

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"strings"
)

// Piece is a part of an answer.
type Piece struct {
	Tokens []int  // ids that Text is made of; none: they are not known
	Text   string // whole characters
	// Restart says that what was heard after the byte Keep of the answer so far is taken
	// back, and that Text goes on from there: another tokenizer goes on.
	Restart bool
	Keep    int

	Sure float64 // under a grammar: geometric mean of the tokens' probabilities so far; 0: it is not known

	tokenizer string // of Tokens
}

// Llama is a llama-server on a unix socket. tools/server/README.md of llama.cpp. It sends
// numbers and strings of its own making and nothing that a sibling wrote as JSON.
type Llama struct{ http *http.Client }

// NewLlama talks to the server on a socket.
func NewLlama(socket string) *Llama {
	var d net.Dialer
	return &Llama{&http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, // the server closes a connection when a stream has ended
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "unix", socket) },
	}}}
}

// probe is tokenized to tell tokenizers apart.
const probe = "The quick brown fox, 1234567890! Żółw åäö ñandú 東京 🙂 {\"do\":[{\"turn_on\":\"Lamp\"}]}\n\tif (x != 0) return;"

// Tokenizer is an id of the model's tokenizer: models that have it read and write the same
// ids.
func (l *Llama) Tokenizer(ctx context.Context) (string, error) {
	ids, err := l.tokenize(ctx, probe, false)
	if err != nil {
		return "", err
	}
	var models struct {
		Data []struct {
			Meta struct {
				Vocabulary int `json:"n_vocab"`
			} `json:"meta"`
		} `json:"data"`
	}
	if err := l.do(ctx, http.MethodGet, "/v1/models", nil, &models); err != nil {
		return "", err
	}
	if len(models.Data) != 1 {
		return "", fmt.Errorf("ask the language model: it is %d models", len(models.Data))
	}
	sum := sha256.Sum256(fmt.Append(nil, models.Data[0].Meta.Vocabulary, ids))
	return hex.EncodeToString(sum[:16]), nil
}

func (l *Llama) tokenize(ctx context.Context, text string, start bool) ([]int, error) {
	var reply struct {
		Tokens []int `json:"tokens"`
	}
	err := l.do(ctx, http.MethodPost, "/tokenize", map[string]any{"content": text, "add_special": start, "parse_special": start}, &reply)
	return reply.Tokens, err
}

// ids are the tokens of a prompt, as the model's template has it, and of what was heard.
func (l *Llama) ids(ctx context.Context, p Prompt, from Resume) ([]int, error) {
	var whole struct {
		Prompt string `json:"prompt"`
	}
	ask := map[string]any{"messages": p.Messages, "chat_template_kwargs": map[string]any{"enable_thinking": false}}
	if err := l.do(ctx, http.MethodPost, "/apply-template", ask, &whole); err != nil {
		return nil, err
	}
	ids, err := l.tokenize(ctx, whole.Prompt, true)
	if err != nil || from.Text == "" {
		return append(ids, from.Tokens...), err
	}
	heard, err := l.tokenize(ctx, from.Text, false)
	return append(ids, heard...), err
}

// chunk is a line of the server's stream.
type chunk struct {
	Content   string `json:"content"`
	Tokens    []int  `json:"tokens"`
	Predicted int    `json:"tokens_predicted"`
	Stop      bool   `json:"stop"`
	StopType  string `json:"stop_type"`
	Chosen    []struct {
		Logprob float64 `json:"logprob"`
	} `json:"completion_probabilities"`
	Timings struct {
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

var errCutOff = errors.New("the answer breaks off")

// Complete has the model go on after what was heard, and calls each for every piece.
func (l *Llama) Complete(ctx context.Context, p Prompt, from Resume, each func(Piece) error) (Done, error) {
	if len(from.Tokens) >= p.Tokens {
		return Done{Cut: true}, nil
	}
	ids, err := l.ids(ctx, p, from)
	if err != nil {
		return Done{}, err
	}
	ask := map[string]any{"prompt": ids, "n_predict": p.Tokens - len(from.Tokens), "temperature": 0, "cache_prompt": true, "id_slot": 0,
		"stream": true, "return_tokens": true}
	if p.Grammar != "" {
		ask["grammar"], ask["n_probs"] = p.Grammar, 1
	}
	body, err := l.send(ctx, http.MethodPost, "/completion", ask)
	if err != nil {
		return Done{}, err
	}
	defer body.Close()
	lines := bufio.NewScanner(io.LimitReader(body, 8<<20))
	lines.Buffer(nil, 1<<20)
	written, counted, sum, sure := 0, 0, 0.0, 0.0
	for lines.Scan() {
		data, is := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !is {
			continue
		}
		var c chunk
		if err := json.Unmarshal(data, &c); err != nil {
			return Done{}, fmt.Errorf("read the language model's stream: %w", err)
		}
		switch {
		case c.Error != nil:
			return Done{}, fmt.Errorf("the language model: %s", c.Error.Message)
		case c.Stop:
			t := c.Timings
			return Done{Sure: sure, Cached: t.CacheN, Read: t.PromptN, Written: t.PredictedN, ReadMS: t.PromptMS, WriteMS: t.PredictedMS, Cut: c.StopType == "limit"}, nil
		}
		for _, t := range c.Chosen {
			sum += max(t.Logprob, -20)
			counted++
			sure = math.Exp(sum / float64(counted))
		}
		tokens := c.Tokens
		if c.Predicted-written != len(tokens) {
			tokens = l.parts(ctx, c, c.Predicted-written)
		}
		written = c.Predicted
		if err := each(Piece{Tokens: tokens, Text: strings.ToValidUTF8(c.Content, "\uFFFD"), Sure: sure}); err != nil {
			return Done{}, err
		}
	}
	if err := lines.Err(); err != nil {
		return Done{}, fmt.Errorf("read the language model's stream: %w", err)
	}
	return Done{}, fmt.Errorf("read the language model's stream: %w", errCutOff)
}

// parts are the ids of a character that took several: the server streams the last id only.
// They are not known where its spelling is not that of the tokenizer.
func (l *Llama) parts(ctx context.Context, c chunk, n int) []int {
	ids, err := l.tokenize(ctx, c.Content, false)
	if err != nil || len(ids) != n || len(c.Tokens) == 0 || ids[n-1] != c.Tokens[len(c.Tokens)-1] || slices.Contains(ids, 0) {
		return nil
	}
	return ids
}

// Healthy says that a model is loaded.
func (l *Llama) Healthy(ctx context.Context) error {
	return l.do(ctx, http.MethodGet, "/health", nil, nil)
}

func (l *Llama) do(ctx context.Context, method, path string, ask, reply any) error {
	body, err := l.send(ctx, method, path, ask)
	if err != nil {
		return err
	}
	defer body.Close()
	if reply == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(body, 8<<20)).Decode(reply); err != nil {
		return fmt.Errorf("read the language model's answer to %s: %w", path, err)
	}
	return nil
}

func (l *Llama) send(ctx context.Context, method, path string, ask any) (io.ReadCloser, error) {
	var data []byte
	if ask != nil {
		var err error
		if data, err = json.Marshal(ask); err != nil {
			return nil, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://llama"+path, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	reply, err := l.http.Do(r)
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
