package llm

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"
	"unicode"
)

// GuestOptions says which server answers, and how it knows us.
type GuestOptions struct {
	URL    string // of the API, "http://desk.lan:11434/v1"
	Model  string // as the server calls it
	Key    string // "": it wants none
	CAFile string // PEM, of the authority that signed its certificate; "": the machine's
}

// Guest is a server on a machine in the house that has OpenAI's chat completions: Ollama,
// LocalAI, llamafile, vLLM, llama-server itself. It answers questions of general knowledge
// and does nothing: it is told the sentence and the language, and no name, room or state.
type Guest struct {
	o      GuestOptions
	client *client
}

const guestInstructions = `Somebody at home asks aloud and hears your answer. Answer a simple question of general knowledge in one or two short sentences of plain text, in the language with the code %q: no lists, no markup.
You control nothing. You give no medical, legal or financial advice.
If it is no such question, if it makes no sense, or if you do not know: answer with the word NO.`

// maxSaid is how many bytes of an answer are spoken.
const maxSaid = 600

// errOutside says that a guest's address is not in the house.
var errOutside = errors.New("the address is outside the house: guests answer from a private network")

// NewGuest puts a guest together; nothing is asked yet.
func NewGuest(o GuestOptions) (*Guest, error) {
	u, err := url.Parse(o.URL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read address of guest: %w", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("read address of guest: want http://HOST:PORT/v1, not %q", u.Redacted())
	case o.Model == "":
		return nil, errors.New("read address of guest: the name of a model is missing")
	}
	roots := (*x509.CertPool)(nil)
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read guest's authority: %w", err)
		}
		if roots = x509.NewCertPool(); !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read guest's authority %s: it holds no certificate", o.CAFile)
		}
	}
	dialer := net.Dialer{Timeout: Deadline, Control: indoors}
	return &Guest{o, &client{base: strings.TrimSuffix(o.URL, "/"), key: o.Key, http: &http.Client{
		Transport: &http.Transport{DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			MaxIdleConns: 1, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 16 << 10},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}}, nil
}

// indoors refuses to dial what is not in a private network, whatever its name resolves to.
func indoors(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if ip := a.Addr().Unmap(); !ip.IsPrivate() && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() {
		return errOutside
	}
	return nil
}

// String is the guest's host.
func (g *Guest) String() string {
	u, _ := url.Parse(g.o.URL) // NewGuest has read it
	return u.Host
}

// Answer is the guest's answer to a question; "" where it has none. begun is told the first
// sentence while the rest is still written; the answer begins with it. The error wraps
// ctx's where that ended first.
func (g *Guest) Answer(ctx context.Context, text, language string, begun func(sentence string)) (string, error) {
	ask := map[string]any{"model": g.o.Model, "stream": true, "temperature": 0, "max_tokens": maxTokens, "messages": []Message{
		{"system", fmt.Sprintf(guestInstructions, language)}, {"user", line(text)}}}
	told := ""
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	c, err := g.client.stream(ctx, "/chat/completions", ask, func(c completion) {
		if told != "" {
			return
		}
		if told = firstSentence(spoken(c.text, false)); told != "" {
			begun(told)
		}
	})
	if err == nil && c.finish == "" {
		err = errCut
	}
	if err != nil {
		return "", fmt.Errorf("ask guest %s: %w", g, err)
	}
	return spoken(c.text, c.finish != "stop"), nil
}

// spoken is what there is to be said of what a guest wrote: nothing of what it thinks
// before it answers, no line breaks or marks, and where it is cut or too long, whole
// sentences. It is "" for "NO".
func spoken(text string, cut bool) string {
	if thought, ok := strings.CutPrefix(strings.TrimSpace(text), "<think>"); ok {
		_, text, _ = strings.Cut(thought, "</think>")
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), strings.ContainsRune("*_`#|<>{}[]\\", r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, text)
	text = line(text)
	if first, rest, _ := strings.Cut(text, " "); strings.Trim(first, ".,!:;") == "NO" || rest == "" && strings.EqualFold(strings.Trim(first, ".!"), "no") {
		return ""
	}
	if len(text) > maxSaid {
		text, cut = text[:maxSaid], true
	}
	if cut {
		text = text[:strings.LastIndexAny(text, ".!?")+1]
	}
	return text
}

// Check asks the guest for its models. It is nil where ours is among them.
func (g *Guest) Check(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, Deadline)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, g.client.base+"/models", nil)
	if err != nil {
		return err
	}
	if g.o.Key != "" {
		r.Header.Set("Authorization", "Bearer "+g.o.Key)
	}
	reply, err := g.client.http.Do(r)
	if err != nil {
		return fmt.Errorf("ask guest for its models: %w", err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return fmt.Errorf("ask guest for its models: %s", reply.Status)
	}
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := json.NewDecoder(io.LimitReader(reply.Body, 1<<20)).Decode(&list); err != nil {
		return fmt.Errorf("read the guest's models: %w", err)
	}
	var ids []string
	for _, m := range list.Data {
		if m.ID == g.o.Model {
			return nil
		}
		if len(ids) < 8 {
			ids = append(ids, m.ID)
		}
	}
	return fmt.Errorf("the guest has no model %q, but %q", g.o.Model, ids)
}
