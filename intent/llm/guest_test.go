package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice/voicetest"
)

// server speaks OpenAI's chat completions: each string is a line of its stream, without an
// end where the last is not [DONE].
func server(t *testing.T, lines ...string) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer sesame" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.Method == http.MethodGet && r.URL.Path == "/v1/models" {
			io.WriteString(w, `{"object":"list","data":[{"id":"small","object":"model"},{"id":"big","object":"model"}]}`)
			return
		}
		var ask struct {
			Model    string
			Stream   bool
			Messages []Message
		}
		if err := json.NewDecoder(r.Body).Decode(&ask); err != nil || r.URL.Path != "/v1/chat/completions" || ask.Model != "small" || !ask.Stream ||
			len(ask.Messages) != 2 || !strings.Contains(ask.Messages[0].Content, `"de"`) || ask.Messages[1] != (Message{"user", "wie weit ist es zum Mond"}) {
			t.Errorf("%s %+v, %v", r.URL, ask, err)
		}
		for _, l := range lines {
			fmt.Fprint(w, l, "\n\n")
			w.(http.Flusher).Flush()
		}
		if len(lines) > 0 && lines[len(lines)-1] == "stall" {
			<-r.Context().Done()
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func delta(text, finish string) string {
	return fmt.Sprintf(`data: {"choices":[{"index":0,"delta":{"content":%q},"finish_reason":%q}]}`, text, finish)
}

func TestGuestAnswers(t *testing.T) {
	const done = "data: [DONE]"
	for _, tt := range []struct {
		name, begun, want string
		lines             []string
		err               string
	}{
		{"an answer", "", "Weit.", []string{delta("We", ""), delta("it.", ""), delta("", "stop"), done}, ""},
		{"two sentences", "Es ist sehr weit.", "Es ist sehr weit. Niemand geht.", []string{delta("Es ist sehr weit. Nie", ""), delta("mand geht.", "stop"), done}, ""},
		{"other servers' spelling", "", "Weit.", []string{": ping", `data:{"choices":[{"delta":{"role":"assistant","content":null}}]}`, delta("Weit.", ""), `data:{"choices":[{"delta":{},"finish_reason":"stop"}]}`}, ""},
		{"it thinks first", "", "Weit.", []string{delta("<think>The moon. It is far", ""), delta(" away. Really.</think>\n\nWeit.", "stop"), done}, ""},
		{"markup", "", "Etwa 384.000 km.", []string{delta("**Etwa**\n384.000\u202e km.", "stop"), done}, ""},
		{"it knows nothing", "", "", []string{delta("NO.", "stop"), done}, ""},
		{"and says more of it", "", "", []string{delta("NO. That is no question. Ask me another. I", ""), delta(" can wait.", "stop"), done}, ""},
		{"a no that is an answer", "", "No, it is not.", []string{delta("No,", ""), delta(" it is not.", "stop"), done}, ""},
		{"it is cut", "Es ist sehr weit.", "Es ist sehr weit.", []string{delta("Es ist sehr weit. Niemand ge", "length"), done}, ""},
		{"it breaks off", "Es ist sehr weit.", "", []string{delta("Es ist sehr weit. Niemand", "")}, "the answer was cut off"},
		{"an error in its stream", "", "", []string{delta("We", ""), `data: {"error":{"message":"out of memory"}}`}, "out of memory"},
		{"garbage", "", "", []string{"data: <html>"}, "read the language model's stream"},
		{"without end", "", "", []string{delta(strings.Repeat("x", maxOutput+1), "")}, "without end"},
		{"nothing", "", "", nil, "the answer was cut off"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, err := NewGuest(GuestOptions{URL: server(t, tt.lines...).URL + "/v1/", Model: "small", Key: "sesame"})
			if err != nil {
				t.Fatal(err)
			}
			begun := ""
			got, err := g.Answer(t.Context(), " wie weit ist\nes zum Mond", "de", func(s string) { begun += s })
			if got != tt.want || begun != tt.begun || fmt.Sprint(err) != "<nil>" && (tt.err == "" || !strings.Contains(err.Error(), tt.err)) || tt.err != "" && err == nil {
				t.Errorf("%q, begun %q, %v; want %q, begun %q, %s", got, begun, err, tt.want, tt.begun, tt.err)
			}
		})
	}
}

// Whoever asks gives up on a guest that stalls.
func TestGuestStalls(t *testing.T) {
	g, err := NewGuest(GuestOptions{URL: server(t, delta("We", ""), "stall").URL + "/v1", Model: "small", Key: "sesame"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	asked := make(chan error)
	go func() {
		_, err := g.Answer(ctx, "wie weit ist es zum Mond", "de", func(string) {})
		asked <- err
	}()
	stop()
	if err := <-asked; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestGuestIsChecked(t *testing.T) {
	url := server(t).URL + "/v1"
	for _, tt := range []struct {
		name string
		o    GuestOptions
		want string
	}{
		{"all is well", GuestOptions{URL: url, Model: "big", Key: "sesame"}, ""},
		{"another model", GuestOptions{URL: url, Model: "huge", Key: "sesame"}, `no model "huge", but ["small" "big"]`},
		{"another key", GuestOptions{URL: url, Model: "big", Key: "open"}, "401"},
		{"nobody is there", GuestOptions{URL: "http://127.0.0.1:1/v1", Model: "big"}, "connection refused"},
		{"outside the house", GuestOptions{URL: "http://192.0.2.1/v1", Model: "big"}, "outside the house"},
		{"outside the house, IPv6", GuestOptions{URL: "http://[2001:db8::1]/v1", Model: "big"}, "outside the house"},
		{"outside, disguised", GuestOptions{URL: "http://[::ffff:192.0.2.1]/v1", Model: "big"}, "outside the house"},
		{"no API", GuestOptions{URL: "desk.lan:80", Model: "big"}, "want http://HOST"},
		{"a password in it", GuestOptions{URL: "http://me:secret@desk.lan/v1", Model: "big"}, "want http://HOST"},
		{"no model", GuestOptions{URL: url}, "name of a model is missing"},
		{"no authority", GuestOptions{URL: url, Model: "big", CAFile: "guest.go"}, "holds no certificate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, err := NewGuest(tt.o)
			if err == nil {
				err = g.Check(t.Context())
			}
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret")) {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

// A guest that sends us on to another machine is not followed.
func TestGuestDoesNotRedirect(t *testing.T) {
	other := server(t, delta("Weit.", "stop"))
	s := httptest.NewServer(http.RedirectHandler(other.URL+"/v1/chat/completions", http.StatusTemporaryRedirect))
	t.Cleanup(s.Close)
	g, err := NewGuest(GuestOptions{URL: s.URL, Model: "small", Key: "sesame"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := g.Answer(t.Context(), "wie weit ist es zum Mond", "de", func(string) {}); err == nil || got != "" {
		t.Errorf("%q, %v", got, err)
	}
}

// The real thing: llama.cpp's own server, whose random weights say anything.
func TestGuestOfLlamaCpp(t *testing.T) {
	dir := shortDir(t)
	model := randomModel(t, dir)
	port := freePort(t)
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	ended := make(chan error, 1)
	g, err := NewGuest(GuestOptions{URL: "http://127.0.0.1:" + port + "/v1", Model: "attic", Key: "sesame"})
	if err != nil {
		t.Fatal(err)
	}
	s := child.NewServer(child.Options{Part: "guest", Program: voicetest.Program(t, "llama-server"), Log: slog.New(slog.DiscardHandler),
		Args: []string{"--model", model, "--alias", "attic", "--api-key", "sesame", "--host", "127.0.0.1", "--port", port, "--offline", "--no-webui", "-np", "1", "-c", "4096"}},
		func() error { return nil }, g.Check)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	if err := s.Serving(ctx); err != nil {
		t.Fatal(err)
	}
	got, err := g.Answer(ctx, "how far is it to the moon", "en", func(string) {})
	if err != nil || len(got) > maxSaid || !sayable(got) {
		t.Errorf("%q, %v", got, err)
	}
}

// freePort is a port of this machine that nobody has.
func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func sayable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune("*_`#<>{}", r) })
}

func FuzzSpoken(f *testing.F) {
	for _, s := range []string{"", "NO", "no.", "<think>a</think>b", "<think>", "**Far.**\n\nVery.", "It is. \u202eNot", strings.Repeat("Far away. ", 99), "\xff\xfe"} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, text string, cut bool) {
		got := spoken(text, cut)
		if len(got) > maxSaid || !sayable(got) || strings.TrimSpace(got) != got {
			t.Errorf("%q is spoken as %q", text, got)
		}
		if cut && got != "" && !strings.ContainsAny(got[len(got)-1:], ".!?") {
			t.Errorf("%q ends in the middle", got)
		}
	})
}
