package openai

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

const (
	embeddingSize = 2048 // tokens of a text
	mostTexts     = 64   // in a request
)

// embedding is a request for embeddings, of what is known here of it.
type embedding struct {
	Model          string `json:"model"`
	Input          texts  `json:"input"`
	EncodingFormat string `json:"encoding_format"`
	Dimensions     *int   `json:"dimensions"`
}

// texts is one text, or some.
type texts []string

func (t *texts) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*t = texts{one}
		return nil
	}
	var some []string
	if err := json.Unmarshal(data, &some); err != nil {
		return bad("'input' must be a text or a list of texts")
	}
	*t = some
	return nil
}

func (e *embedding) check() *fault {
	switch {
	case len(e.Input) == 0 || len(e.Input) > mostTexts:
		return bad("'input' must have 1 to %d texts", mostTexts)
	case e.EncodingFormat != "" && e.EncodingFormat != "float" && e.EncodingFormat != "base64":
		return bad("'encoding_format' must be float or base64")
	case e.Dimensions != nil:
		return unsupported("'dimensions'")
	}
	for _, t := range e.Input {
		if t == "" {
			return bad("'input' must have no empty text")
		}
	}
	return nil
}

// vectors is the answer, of llama-server and of ours.
type vectors struct {
	Object string   `json:"object"`
	Data   []vector `json:"data"`
	Model  string   `json:"model"`
	Usage  Usage    `json:"usage"`
}

type vector struct {
	Object    string          `json:"object"`
	Index     int             `json:"index"`
	Embedding json.RawMessage `json:"embedding"` // numbers, or base64 of them
}

// embed has the model read texts.
func (m *Model) embed(ctx context.Context, e embedding) (vectors, error) {
	ask := map[string]any{"input": e.Input, "encoding_format": e.EncodingFormat}
	if e.EncodingFormat == "" {
		ask["encoding_format"] = "float"
	}
	body, err := m.call(ctx, http.MethodPost, "/v1/embeddings", ask)
	if err != nil {
		return vectors{}, err
	}
	defer body.Close()
	var out vectors
	if err := json.NewDecoder(io.LimitReader(body, mostRead)).Decode(&out); err != nil {
		return vectors{}, fmt.Errorf("read the language model's embeddings: %w", err)
	}
	if len(out.Data) != len(e.Input) {
		return vectors{}, fmt.Errorf("read the language model's embeddings: they are %d, not %d", len(out.Data), len(e.Input))
	}
	out.Object, out.Model = "list", m.ID()
	return out, nil
}
