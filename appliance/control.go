package appliance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/permission"
	"github.com/cricket-home/cricket/voice"
)

// Socket is the control socket of a box whose runtime directory is dir.
func Socket(dir string) string { return filepath.Join(dir, "control.sock") }

// listen opens the control socket. A socket that nobody answers on is left
// over from a box that was killed, and is replaced.
func listen(dir string) (net.Listener, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make runtime directory: %w", err)
	}
	path := Socket(dir)
	l, err := net.Listen("unix", path)
	if errors.Is(err, syscall.EADDRINUSE) {
		if c, dialErr := net.Dial("unix", path); dialErr == nil {
			c.Close()
			return nil, fmt.Errorf("open control socket %s: another cricket runs here", path)
		}
		if info, err := os.Lstat(path); err == nil && info.Mode().Type() != os.ModeSocket {
			return nil, fmt.Errorf("open control socket %s: a file that is no socket is in its place", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("remove old control socket: %w", err)
		}
		l, err = net.Listen("unix", path)
	}
	if err != nil {
		return nil, fmt.Errorf("open control socket: %w", err)
	}
	// Whoever may open the socket may command the house: the owner alone.
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, fmt.Errorf("protect control socket: %w", err)
	}
	return l, nil
}

// serve answers on the control socket until ctx ends.
func (b *Box) serve(ctx context.Context) error {
	server := &http.Server{Handler: b.controlHandler(), BaseContext: func(net.Listener) context.Context { return ctx }, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		server.Close()
		b.pulls.end()
		b.enrolment.close()
	}()
	if err := server.Serve(b.control); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve control socket: %w", err)
	}
	return nil
}

// controlHandler is what the command line can ask of a box: more than the house page can.
func (b *Box) controlHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", b.handler(permission.CLI))
	b.servePage(mux)
	b.serveOpenAI(mux)
	b.serveUpdates(mux)
	b.serveWeights(mux)
	return mux
}

// handler is what the command line and the house page can ask of a box; source is who asks.
func (b *Box) handler(source home.Source) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, r *http.Request) {
		if err := b.Ready(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("POST /ask", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Text   string `json:"text"`
			Room   string `json:"room"`
			DryRun bool   `json:"dry_run"`
		}
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
		d.DisallowUnknownFields() // a misspelt dry_run must not act
		if err := d.Decode(&body); err != nil {
			http.Error(w, "read request: "+err.Error(), http.StatusBadRequest)
			return
		}
		if !b.knowsRoom(w, body.Room) {
			return
		}
		writeJSON(w, b.Ask(r.Context(), body.Text, Request{Room: body.Room, DryRun: body.DryRun, Source: source}))
	})
	mux.HandleFunc("POST /hear", b.hear)
	mux.HandleFunc("POST /listen", b.listenOnce)
	mux.HandleFunc("POST /mute", func(w http.ResponseWriter, r *http.Request) {
		if err := b.Mute(r.Context(), r.FormValue("on") == "true"); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("POST /say", func(w http.ResponseWriter, r *http.Request) {
		text := r.FormValue("text")
		volume, err := sayVolume(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		speech, err := b.Say(r.Context(), text)
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		if volume != ownVolume {
			speech.PCM = louder(speech.PCM, volume)
		}
		w.Header().Set("Content-Type", "audio/wav")
		if err := voice.WriteWAV(w, speech.Rate, speech.PCM); err != nil {
			b.log.Debug("speech not sent", "err", err)
		}
	})
	mux.HandleFunc("POST /say/aloud", func(w http.ResponseWriter, r *http.Request) {
		volume, err := sayVolume(r)
		text := r.FormValue("text")
		switch {
		case err != nil:
		case voice.Plain(text) == "":
			err = errors.New("speak: there are no words in the text")
		case !b.hasLoudspeaker():
			http.Error(w, "speak: "+errNoLoudspeaker.Error(), http.StatusServiceUnavailable)
			return
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := b.speech.Speak(r.Context(), text, volume); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("POST /announce", b.announceOnce)
	mux.HandleFunc("GET /why", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.FormValue("n"))
		if err != nil || n < 1 {
			http.Error(w, "n must be a number from 1", http.StatusBadRequest)
			return
		}
		writeJSON(w, b.Last(n))
	})
	mux.HandleFunc("GET /ring", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, b.Planned()) })
	mux.HandleFunc("POST /ring/stop", func(w http.ResponseWriter, r *http.Request) {
		b.speech.Hush()
		if err := b.StopRinging(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("GET /home", func(w http.ResponseWriter, r *http.Request) {
		text, err := b.house.Now().Home.TOML()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/toml")
		w.Write(text)
	})
	mux.HandleFunc("GET /learned", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, b.Learned()) })
	mux.HandleFunc("GET /learned/export", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, b.learning.now()) })
	mux.HandleFunc("POST /learned/erase", func(w http.ResponseWriter, r *http.Request) {
		id := r.FormValue("id")
		if id == "" && r.FormValue("all") != "true" {
			http.Error(w, "erase: id or all=true is missing", http.StatusBadRequest)
			return
		}
		switch err := b.Erase(r.Context(), id); {
		case errors.Is(err, errNotLearned):
			http.Error(w, err.Error(), http.StatusNotFound)
		case err != nil:
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("GET /home/permissions", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, b.Permissions()) })
	mux.HandleFunc("GET /home/pending", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, b.Pending()) })
	mux.HandleFunc("POST /home/approve", func(w http.ResponseWriter, r *http.Request) {
		err := b.house.Approve(r.Context(), r.FormValue("id"))
		switch {
		case errors.Is(err, ErrNobodyWaits):
			http.Error(w, err.Error(), http.StatusNotFound)
		case err != nil:
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("POST /home/registry", func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRegistry))
		if err != nil {
			http.Error(w, "read registry: "+err.Error(), http.StatusBadRequest)
			return
		}
		registry, err := home.OpenRegistry(data)
		if err != nil {
			http.Error(w, "read registry: "+err.Error(), http.StatusBadRequest)
			return
		}
		if err := b.Import(r.Context(), registry); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	b.siblings.serve(mux)
	b.serveStatus(mux)
	b.serveVoice(mux)
	b.serveSettings(mux)
	b.serveLogs(mux)
	b.serveEvents(mux)
	b.serveRooms(mux)
	b.serveBook(mux)
	b.serveTeaching(mux, source)
	b.serveBackup(mux, source)
	b.serveSentences(mux)
	mux.HandleFunc("GET /wake", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, b.wakes.all()) })
	mux.HandleFunc("GET /doctor", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, b.Doctor(r.Context()))
	})
	return mux
}

// sayVolume is the volume that a text is to be spoken at.
func sayVolume(r *http.Request) (int, error) {
	text := r.FormValue("volume")
	if text == "" {
		return ownVolume, nil
	}
	percent, err := strconv.Atoi(text)
	if err != nil || percent < 0 || percent > 100 {
		return 0, fmt.Errorf("volume must be a number from 0 to 100, not %q", text)
	}
	return percent, nil
}

// hear answers with a line of JSON per utterance as it is done, and at the end
// a line {"error": ...} where the file was bad or, with "refused": true, had no
// wake word or no request in it.
func (b *Box) hear(w http.ResponseWriter, r *http.Request) {
	if !b.knowsRoom(w, r.FormValue("room")) {
		return
	}
	if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/jsonl")
	// A bad file is not read to its end, and what is left of it is no next request.
	w.Header().Set("Connection", "close")
	lines := json.NewEncoder(w)
	q := Request{Room: r.FormValue("room"), DryRun: r.FormValue("dry_run") == "true", NoWake: r.FormValue("no_wake") == "true"}
	err := b.Hear(r.Context(), r.Body, r.FormValue("file"), q, func(result Result) error {
		defer http.NewResponseController(w).Flush()
		return lines.Encode(result)
	})
	if err != nil {
		_, unasked := errors.AsType[*NoRequestError](err)
		lines.Encode(map[string]any{"error": err.Error(), "refused": unasked || errors.Is(err, ErrNoWake)})
	}
}

// listenOnce answers with the one request that is spoken into the microphone now, as
// hear does with those of a file.
func (b *Box) listenOnce(w http.ResponseWriter, r *http.Request) {
	if !b.knowsRoom(w, r.FormValue("room")) {
		return
	}
	if b.live == nil {
		http.Error(w, b.deafness(), http.StatusServiceUnavailable)
		return
	}
	result, err := b.live.listen(r.Context(), Request{Room: r.FormValue("room"), DryRun: r.FormValue("dry_run") == "true"})
	switch {
	case errors.Is(err, errSilent):
		writeJSON(w, map[string]any{"error": err.Error(), "refused": true})
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	default:
		writeJSON(w, result)
	}
}

// knowsRoom refuses a request from a room that the home does not have.
func (b *Box) knowsRoom(w http.ResponseWriter, room string) bool {
	h := b.house.Now().Home
	if _, ok := h.Area(room); ok || room == "" {
		return true
	}
	var rooms []string
	for _, a := range h.Areas {
		rooms = append(rooms, a.Name)
	}
	http.Error(w, fmt.Sprintf("no room %q in this home; there are: %s", room, strings.Join(rooms, ", ")), http.StatusBadRequest)
	return false
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}
