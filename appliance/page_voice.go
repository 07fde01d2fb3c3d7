package appliance

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"

	"github.com/cricket-home/cricket/models"
)

// VoiceView is how the box hears and speaks.
type VoiceView struct {
	Hears       bool       `json:"hears"`
	Speaks      bool       `json:"speaks"`
	Volume      int        `json:"volume"`      // 0 to 100
	Sensitivity float64    `json:"sensitivity"` // 0 to 1, of its wake words
	Recognizer  string     `json:"recognizer"`
	Voice       string     `json:"voice"`
	QuietFrom   string     `json:"quiet_from,omitempty"`
	QuietTo     string     `json:"quiet_to,omitempty"`
	Words       []WordView `json:"words"`
}

// WordView is a wake word, and what came of it since the box was started.
type WordView struct {
	Word        string  `json:"word"`
	Person      string  `json:"person,omitempty"` // who taught it
	Sensitivity float64 `json:"sensitivity"`
	Woke        int     `json:"woke"`
	Missed      int     `json:"missed"`   // it was nearly heard
	Rejected    int     `json:"rejected"` // it was heard, and the recogniser disagreed
}

// VoiceView is how the box hears and speaks now.
func (b *Box) VoiceView() (VoiceView, error) {
	v := VoiceView{Hears: b.live != nil, Speaks: b.hasLoudspeaker(), Volume: b.loud.Now(), Sensitivity: b.sensitivity(),
		Recognizer: b.checkEars().Text, Voice: b.voices.check().Text, QuietFrom: b.config.Quiet.From, QuietTo: b.config.Quiet.To, Words: []WordView{}}
	words, err := b.wakeWords()
	counts := b.wakes.all()
	for _, w := range words {
		one := WordView{Word: w.Name, Sensitivity: w.Sensitivity, Woke: counts[w.Name].Woke, Missed: counts[w.Name].Missed, Rejected: counts[w.Name].Rejected}
		if w.Personal != nil {
			one.Person = w.Personal.Person
		}
		v.Words = append(v.Words, one)
	}
	return v, err
}

func (b *Box) serveVoice(mux *http.ServeMux) {
	mux.HandleFunc("GET /voice", func(w http.ResponseWriter, r *http.Request) {
		v, err := b.VoiceView()
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		writeJSON(w, v)
	})
	mux.HandleFunc("POST /voice/volume", func(w http.ResponseWriter, r *http.Request) {
		percent, err := strconv.Atoi(r.FormValue("percent"))
		if err != nil || percent < 0 || percent > 100 {
			http.Error(w, fmt.Sprintf("percent must be a number from 0 to 100, not %q", r.FormValue("percent")), http.StatusBadRequest)
			return
		}
		if err := b.loud.Set(percent); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("POST /voice/sensitivity", func(w http.ResponseWriter, r *http.Request) {
		s, err := strconv.ParseFloat(r.FormValue("sensitivity"), 64)
		if err != nil || !(s >= 0 && s <= 1) {
			http.Error(w, fmt.Sprintf("sensitivity must be a number from 0 to 1, not %q", r.FormValue("sensitivity")), http.StatusBadRequest)
			return
		}
		if err := b.retune(r.Context(), func(t *tuning) { t.Sensitivity = &s }); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("GET /models", func(w http.ResponseWriter, r *http.Request) {
		list, err := b.ModelViews()
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		writeJSON(w, list)
	})
	b.servePulls(mux)
	b.serveModelChoice(mux)
	b.serveEnrolment(mux)
	b.serveMeter(mux)
	b.serveNewest(mux)
}

// ModelView is a model that there is, or could be.
type ModelView struct {
	ID        string   `json:"id"`
	Purpose   string   `json:"purpose"` // stt, vad, wake, voice, llm
	Title     string   `json:"title"`
	Languages []string `json:"languages"`
	Size      int64    `json:"size"`   // bytes; 0: not known
	Memory    int64    `json:"memory"` // bytes
	Licence   string   `json:"licence"`
	Terms     string   `json:"terms,omitempty"`  // where the licence can be read
	Accept    bool     `json:"accept,omitempty"` // it must be accepted before the model is fetched
	Own       bool     `json:"own,omitempty"`    // no catalogue has it
	Status    string   `json:"status"`
	Installed bool     `json:"installed"`
	Fits      bool     `json:"fits"`
	Reason    string   `json:"reason,omitempty"` // why it does not fit
	Used      bool     `json:"used"`             // it hears, or somebody chose it
	Chosen    bool     `json:"chosen,omitempty"` // somebody chose it
	Speed     float64  `json:"speed,omitempty"`  // measured: seconds of speech, or tokens, a second
}

// ModelViews are the models of the catalogue and of the store.
func (b *Box) ModelViews() ([]ModelView, error) {
	catalogue, err := models.Builtin()
	if err != nil {
		return nil, err
	}
	store := Models(b.options.StateDir)
	entries, err := store.Entries(catalogue)
	if err != nil {
		return nil, err
	}
	chosen, err := store.Used()
	if err != nil {
		return nil, err
	}
	hears, err := ChooseRecognizer(b.config, b.options.StateDir)
	if err != nil {
		return nil, err
	}
	machine, out := models.ThisMachine(), []ModelView{}
	for _, e := range entries {
		m := e.Model
		v := ModelView{ID: m.ID, Purpose: string(m.Purpose), Title: m.Title, Languages: append([]string{}, m.Languages...), Memory: m.Memory * 1e6, Licence: cmp.Or(m.Licence.SPDX, m.Licence.Name),
			Status: e.Status.String(), Installed: e.Usable(), Used: chosen[m.Purpose] == m.ID || len(hears.Choices) > 0 && hears.Choices[0].Path == e.Path}
		v.Chosen = chosen[m.Purpose] == m.ID
		v.Terms, v.Own = m.Licence.URL, e.Own
		if v.Accept, err = store.MustAccept(m); err != nil {
			return nil, err
		}
		v.Size, _ = m.Size()
		if e.Usable() {
			v.Size = e.Have
		}
		switch {
		case v.Used && m.Purpose == models.STT && b.ears != nil && b.ears.fallen() == "":
			v.Speed = b.ears.pace.perSecond()
		case v.Used && m.Purpose == models.LLM && b.model != nil:
			v.Speed = b.wrote.perSecond()
		}
		if !e.Own {
			v.Reason = machine.Fits(m)
		}
		v.Fits = v.Reason == ""
		out = append(out, v)
	}
	return out, nil
}
