package openai

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

const (
	mostRead    = 64 << 20 // bytes of llama-server for one answer
	mostWritten = 1 << 20  // bytes of text in it
)

// Usage is how many tokens an answer took.
type Usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens,omitempty"`
	Total      int `json:"total_tokens"`

	Details *struct {
		Cached int `json:"cached_tokens"`
	} `json:"prompt_tokens_details,omitempty"`
}

// piece is a line of llama-server's stream.
type piece struct {
	Choices []struct {
		Delta struct {
			Content string `json:"content"`
		} `json:"delta"`
		FinishReason string `json:"finish_reason"`
	} `json:"choices"`
	Usage *Usage `json:"usage"`
	Error *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// written is what came of an answer besides its text.
type written struct {
	finish string
	usage  Usage
}

var (
	errBrokenOff = errors.New("the language model broke off")
	errEndless   = errors.New("the language model writes without end")
)

// complete has the model write; each is told every piece of text. begun is called when the
// model has taken the request.
func (m *Model) complete(ctx context.Context, ask map[string]any, begun func(), each func(text string) error) (written, error) {
	body, err := m.call(ctx, http.MethodPost, "/v1/chat/completions", ask)
	if err != nil {
		return written{}, err
	}
	defer body.Close()
	begun()
	var out written
	size := 0
	lines := bufio.NewScanner(io.LimitReader(body, mostRead))
	lines.Buffer(nil, 256<<10)
	for lines.Scan() {
		data, is := bytes.CutPrefix(lines.Bytes(), []byte("data:"))
		if data = bytes.TrimSpace(data); !is || bytes.Equal(data, []byte("[DONE]")) {
			continue
		}
		var p piece
		if err := json.Unmarshal(data, &p); err != nil {
			return out, fmt.Errorf("read the language model's stream: %w", err)
		}
		if p.Error != nil {
			return out, &upstreamError{p.Error.Code, p.Error.Message}
		}
		if p.Usage != nil {
			out.usage = *p.Usage
		}
		for _, c := range p.Choices {
			if size += len(c.Delta.Content); size > mostWritten {
				return out, errEndless
			}
			if c.Delta.Content != "" {
				if err := each(c.Delta.Content); err != nil {
					return out, err
				}
			}
			out.finish = cmp.Or(c.FinishReason, out.finish)
		}
	}
	if err := lines.Err(); err != nil {
		return out, fmt.Errorf("%w: %w", errBrokenOff, err)
	}
	if out.finish == "" {
		return out, errBrokenOff
	}
	return out, nil
}
