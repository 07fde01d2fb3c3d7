package openai

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// answer writes a chat completion as it comes, or at its end.
type answer struct {
	w       http.ResponseWriter
	control *http.ResponseController
	q       chat
	model   string
	id      string
	created int64
	started bool            // of a stream: something was sent
	text    strings.Builder // of what is no stream
}

func newAnswer(w http.ResponseWriter, model string, q chat) *answer {
	return &answer{w: w, control: http.NewResponseController(w), q: q, model: model, id: "chatcmpl-" + rand.Text(), created: time.Now().Unix()}
}

// delta is what a piece of a stream adds.
type delta struct {
	Role    string `json:"role,omitempty"`
	Content string `json:"content,omitempty"`
}

type choice struct {
	Index  int     `json:"index"`
	Delta  delta   `json:"delta"`
	Finish *string `json:"finish_reason"`
}

// completion is a piece of an answer.
type completion struct {
	ID      string   `json:"id"`
	Object  string   `json:"object"`
	Created int64    `json:"created"`
	Model   string   `json:"model"`
	Choices []choice `json:"choices"`
	Usage   *Usage   `json:"usage,omitempty"`
}

func (a *answer) event(choices []choice, usage *Usage) error {
	data, err := json.Marshal(completion{a.id, "chat.completion.chunk", a.created, a.model, choices, usage})
	if err != nil {
		return err
	}
	return a.send(data)
}

// send sends an event, or gives up where it is not taken.
func (a *answer) send(data []byte) error {
	a.control.SetWriteDeadline(time.Now().Add(pieceWait))
	if _, err := fmt.Fprintf(a.w, "data: %s\n\n", data); err != nil {
		return err
	}
	return a.control.Flush()
}

// begin is called when the model has taken the request.
func (a *answer) begin() {
	if !a.q.Stream {
		return
	}
	a.started = true
	h := a.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache")
	a.event([]choice{{Delta: delta{Role: "assistant"}}}, nil) // the next one fails too
}

func (a *answer) add(text string) error {
	if !a.q.Stream {
		a.text.WriteString(text)
		return nil
	}
	return a.event([]choice{{Delta: delta{Content: text}}}, nil)
}

func (a *answer) end(w written) error {
	finish := cmp.Or(w.finish, "stop")
	if !a.q.Stream {
		a.control.SetWriteDeadline(time.Now().Add(pieceWait))
		type whole struct {
			Role    string `json:"role"`
			Content string `json:"content"`
		}
		writeJSON(a.w, map[string]any{"id": a.id, "object": "chat.completion", "created": a.created, "model": a.model, "usage": w.usage,
			"choices": []any{map[string]any{"index": 0, "finish_reason": finish, "message": whole{"assistant", a.text.String()}}}})
		return nil
	}
	err := a.event([]choice{{Delta: delta{}, Finish: &finish}}, nil)
	if err == nil && a.q.StreamOptions.IncludeUsage {
		err = a.event([]choice{}, &w.usage)
	}
	if err == nil {
		err = a.send([]byte("[DONE]"))
	}
	return err
}

// fail tells of an error; in a stream that has begun it is an event, and no [DONE] follows.
func (a *answer) fail(err error) {
	f := faultOf(err)
	if a.started {
		a.send(f.body())
		return
	}
	refuse(a.w, f)
}
