package page

import (
	"fmt"
	"net/http"
	"slices"
)

// voice is what the API says of hearing and speaking.
type voice struct {
	Hears       bool       `json:"hears"`
	Speaks      bool       `json:"speaks"`
	Volume      int        `json:"volume"`
	Sensitivity float64    `json:"sensitivity"`
	Recognizer  string     `json:"recognizer"`
	Voice       string     `json:"voice"`
	QuietFrom   string     `json:"quiet_from"`
	QuietTo     string     `json:"quiet_to"`
	Words       []wakeWord `json:"words"`
}

type wakeWord struct {
	Word        string  `json:"word"`
	Person      string  `json:"person"`
	Sensitivity float64 `json:"sensitivity"`
	Woke        int     `json:"woke"`
	Missed      int     `json:"missed"`
	Rejected    int     `json:"rejected"`
}

func (p *Page) voicePage(w http.ResponseWriter, r *http.Request) {
	var v struct {
		voice
		Enrol enrolment
	}
	err := p.get(r.Context(), "/voice", nil, &v.voice)
	if err == nil {
		err = p.get(r.Context(), "/voice/enrol", nil, &v.Enrol)
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.show(w, r, http.StatusOK, "voice", v)
}

// enrolment is how far a word has come that somebody teaches.
type enrolment struct {
	Word   string `json:"word"`
	Person string `json:"person"`
	Step   string `json:"step"`
	Take   int    `json:"take"`
	Of     int    `json:"of"`
	Grade  string `json:"grade"`
	Mind   string `json:"mind"`
	Error  string `json:"error"`
}

// Running is while the box listens or learns.
func (e enrolment) Running() bool { return e.Step != "" && e.Step != "done" && e.Step != "failed" }

// enrol begins to teach the box a word.
func (p *Page) enrol(w http.ResponseWriter, r *http.Request) {
	p.done(w, r, p.post(r.Context(), "/voice/enrol", form(r, "word", "person"), nil), "/voice")
}

func (p *Page) stopEnrolling(w http.ResponseWriter, r *http.Request) {
	p.done(w, r, p.post(r.Context(), "/voice/enrol/stop", nil, nil), "/voice")
}

func (p *Page) forgetWord(w http.ResponseWriter, r *http.Request) {
	p.done(w, r, p.post(r.Context(), "/voice/words/forget", form(r, "word", "person"), nil), "/voice")
}

func (p *Page) setVolume(w http.ResponseWriter, r *http.Request) {
	p.done(w, r, p.post(r.Context(), "/voice/volume", form(r, "percent"), nil), "/voice")
}

func (p *Page) setSensitivity(w http.ResponseWriter, r *http.Request) {
	p.done(w, r, p.post(r.Context(), "/voice/sensitivity", form(r, "sensitivity"), nil), "/voice")
}

// sayAloud has the box say something, to hear how it sounds.
func (p *Page) sayAloud(w http.ResponseWriter, r *http.Request) {
	p.done(w, r, p.post(r.Context(), "/say/aloud", form(r, "text"), nil), "/voice")
}

// model is one that there is, or could be.
type model struct {
	ID        string   `json:"id"`
	Purpose   string   `json:"purpose"`
	Title     string   `json:"title"`
	Languages []string `json:"languages"`
	Size      int64    `json:"size"`
	Memory    int64    `json:"memory"`
	Licence   string   `json:"licence"`
	Terms     string   `json:"terms"`
	Accept    bool     `json:"accept"`
	Own       bool     `json:"own"`
	Status    string   `json:"status"`
	Installed bool     `json:"installed"`
	Fits      bool     `json:"fits"`
	Reason    string   `json:"reason"`
	Used      bool     `json:"used"`
	Chosen    bool     `json:"chosen"`
	Speed     float64  `json:"speed"`
}

// Choosable is one that the owner may have the box use.
func (m model) Choosable() bool {
	return m.Installed && !m.Used && (m.Purpose == "stt" || m.Purpose == "voice" || m.Purpose == "llm")
}

// modelsView are the models by what they are for.
type modelsView struct {
	Purpose   string
	Installed []model
	More      []model // that can be fetched
}

// pull is how far a model has come that is fetched.
type pull struct {
	ID      string `json:"id"`
	Running bool   `json:"running"`
	Step    string `json:"step"`
	Done    int64  `json:"done"`
	Total   int64  `json:"total"`
	Said    string `json:"said"`
	Error   string `json:"error"`
}

// Percent is how much of the file is there that comes now.
func (p pull) Percent() int64 {
	if p.Total <= 0 {
		return 0
	}
	return p.Done * 100 / p.Total
}

// fetchModel begins to fetch a model.
func (p *Page) fetchModel(w http.ResponseWriter, r *http.Request) {
	p.done(w, r, p.post(r.Context(), "/models/pull", form(r, "id", "accept"), nil), "/models")
}

// chooseModel has the box use a model, or the best ones. It restarts with them.
func (p *Page) chooseModel(w http.ResponseWriter, r *http.Request) {
	if err := p.post(r.Context(), "/models/use", form(r, "id"), nil); err != nil {
		p.done(w, r, err, "/models")
		return
	}
	p.show(w, r, http.StatusOK, "restarts", "models")
}

// stopFetching ends it; what came is kept.
func (p *Page) stopFetching(w http.ResponseWriter, r *http.Request) {
	p.done(w, r, p.post(r.Context(), "/models/pull/stop", nil, nil), "/models")
}

func (p *Page) modelsPage(w http.ResponseWriter, r *http.Request) {
	var all []model
	if err := p.get(r.Context(), "/models", nil, &all); err != nil {
		p.fail(w, r, err)
		return
	}
	var now pull
	if err := p.get(r.Context(), "/models/pull", nil, &now); err != nil {
		p.fail(w, r, err)
		return
	}
	var views []modelsView
	for _, m := range all {
		if n := len(views); n == 0 || views[n-1].Purpose != m.Purpose {
			views = append(views, modelsView{Purpose: m.Purpose})
		}
		v := &views[len(views)-1]
		if m.Installed || m.Used {
			v.Installed = append(v.Installed, m)
		} else {
			v.More = append(v.More, m)
		}
	}
	chosen := slices.ContainsFunc(all, func(m model) bool { return m.Chosen })
	p.show(w, r, http.StatusOK, "models", struct {
		Pull   pull
		Views  []modelsView
		Chosen bool // one of them was
	}{now, views, chosen})
}

// megabytes are bytes as people read them.
func megabytes(n int64) string {
	if n >= 1e9 {
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	}
	return fmt.Sprintf("%d MB", max(n/1e6, 1))
}
