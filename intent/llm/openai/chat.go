package openai

import (
	"bytes"
	"encoding/json"
	"strings"
)

const (
	contextSize = 4096 // tokens, of prompt and answer
	mostTokens  = 2048 // of an answer, where the request does not say

	mostMessages = 256
	mostStops    = 4
	longestStop  = 64 // bytes
)

// chat is a request for a chat completion, of what is known here of it.
type chat struct {
	Model    string    `json:"model"`
	Messages []message `json:"messages"`

	Stream        bool `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`

	MaxTokens           *int     `json:"max_tokens"`
	MaxCompletionTokens *int     `json:"max_completion_tokens"`
	Temperature         *float64 `json:"temperature"`
	TopP                *float64 `json:"top_p"`
	PresencePenalty     *float64 `json:"presence_penalty"`
	FrequencyPenalty    *float64 `json:"frequency_penalty"`
	Seed                *int64   `json:"seed"`
	Stop                stops    `json:"stop"`
	ResponseFormat      *struct {
		Type string `json:"type"`
	} `json:"response_format"`

	// Refused, since leaving them out would change what is meant.
	N         *int            `json:"n"`
	Logprobs  bool            `json:"logprobs"`
	Tools     []any           `json:"tools"`
	Functions []any           `json:"functions"`
	LogitBias map[string]any  `json:"logit_bias"`
	Audio     json.RawMessage `json:"audio"`
}

// message is one of a conversation.
type message struct {
	Role    string  `json:"role"`
	Content content `json:"content"`
}

// content is a text, or a list of parts that are texts.
type content string

func (c *content) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*c = content(text)
		return nil
	}
	var parts []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	if err := json.Unmarshal(data, &parts); err != nil {
		return bad("the content of a message must be a text, or a list of parts of type text")
	}
	var all strings.Builder
	for _, p := range parts {
		if p.Type != "text" {
			return unsupported("content of another type than text")
		}
		all.WriteString(p.Text)
	}
	*c = content(all.String())
	return nil
}

// stops is one text, or some.
type stops []string

func (s *stops) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		if *s = nil; one != "" {
			*s = stops{one}
		}
		return nil
	}
	var some []string
	if err := json.Unmarshal(data, &some); err != nil {
		return bad("'stop' must be a text or a list of texts")
	}
	*s = some
	return nil
}

// decode reads a request's body.
func decode(body []byte, v any) *fault {
	d := json.NewDecoder(bytes.NewReader(body))
	err := d.Decode(v)
	if f, ok := err.(*fault); ok {
		return f
	}
	if err != nil {
		return bad("the body is no such request: %v", err)
	}
	if d.More() {
		return bad("there is something after the request")
	}
	return nil
}

// check is what is wrong with a request.
func (c *chat) check() *fault {
	within := func(name string, v *float64, least, most float64) *fault {
		if v != nil && !(*v >= least && *v <= most) {
			return bad("'%s' must be between %g and %g", name, least, most)
		}
		return nil
	}
	for _, f := range []*fault{within("temperature", c.Temperature, 0, 2), within("top_p", c.TopP, 0, 1),
		within("presence_penalty", c.PresencePenalty, -2, 2), within("frequency_penalty", c.FrequencyPenalty, -2, 2)} {
		if f != nil {
			return f
		}
	}
	switch {
	case len(c.Messages) == 0:
		return bad("'messages' must not be empty")
	case len(c.Messages) > mostMessages:
		return bad("'messages' has more than %d", mostMessages)
	case c.N != nil && *c.N != 1:
		return unsupported("more than one choice ('n')")
	case c.Logprobs:
		return unsupported("'logprobs'")
	case len(c.Tools) > 0 || len(c.Functions) > 0:
		return unsupported("the calling of tools ('tools')")
	case len(c.LogitBias) > 0:
		return unsupported("'logit_bias'")
	case len(c.Audio) > 0 && string(c.Audio) != "null":
		return unsupported("'audio'")
	case c.ResponseFormat != nil && c.ResponseFormat.Type != "text" && c.ResponseFormat.Type != "json_object":
		return unsupported("'response_format' of another type than text and json_object")
	case len(c.Stop) > mostStops:
		return bad("'stop' has more than %d", mostStops)
	case c.tokens() < 1:
		return bad("'max_tokens' must be 1 or more")
	}
	for _, s := range c.Stop {
		if s == "" || len(s) > longestStop {
			return bad("'stop' must have texts of 1 to %d bytes", longestStop)
		}
	}
	for i := range c.Messages {
		switch m := &c.Messages[i]; m.Role {
		case "developer": // what newer models call it
			m.Role = "system"
		case "system", "user", "assistant":
		case "tool", "function":
			return unsupported("the calling of tools (role 'tool')")
		default:
			return bad("the role of a message must be system, user or assistant")
		}
	}
	return nil
}

// tokens is how many the answer may have.
func (c *chat) tokens() int {
	n := mostTokens
	if c.MaxTokens != nil {
		n = *c.MaxTokens
	}
	if c.MaxCompletionTokens != nil {
		n = *c.MaxCompletionTokens
	}
	return min(n, contextSize)
}

// ask is the request to llama-server: nothing in it but what was read and checked here.
func (c *chat) ask() map[string]any {
	ask := map[string]any{
		"messages": c.Messages, "max_tokens": c.tokens(), "stream": true, "stream_options": map[string]bool{"include_usage": true},
		"cache_prompt": true, "id_slot": 0, "chat_template_kwargs": map[string]any{"enable_thinking": false},
	}
	for name, v := range map[string]*float64{"temperature": c.Temperature, "top_p": c.TopP, "presence_penalty": c.PresencePenalty, "frequency_penalty": c.FrequencyPenalty} {
		if v != nil {
			ask[name] = *v
		}
	}
	if c.Seed != nil {
		ask["seed"] = *c.Seed & (1<<32 - 2) // it is of 32 bits there, and all ones are "any"
	}
	if len(c.Stop) > 0 {
		ask["stop"] = c.Stop
	}
	if c.ResponseFormat != nil && c.ResponseFormat.Type == "json_object" {
		ask["response_format"] = map[string]string{"type": "json_object"}
	}
	return ask
}
