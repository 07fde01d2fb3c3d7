package page

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// Whatever becomes of an update, the page says it, and offers what can be done.
func TestUpdatesAreShown(t *testing.T) {
	b := newBox()
	_, owner, _ := owned(t, b)
	last := func(result string) things { return things{"version": "2", "result": result, "fault": "no sound"} }
	for name, tt := range map[string]struct {
		status  things
		says    []string
		install bool
	}{
		"nothing newer": {things{"installed": "1"}, []string{"No newer version is known."}, false},
		"a newer one":   {things{"installed": "1", "latest": "2"}, []string{"There is version 2."}, true},
		"it comes":      {things{"installed": "1", "latest": "2", "doing": "fetching", "percent": 0}, []string{"A new system is being fetched", `<progress max="100" value="0"`}, false},
		"it is written": {things{"installed": "1", "doing": "installing", "percent": 42, "step": "copying"}, []string{"is being written · copying", `value="42"`}, false},
		"it restarts":   {things{"installed": "1", "doing": "restarting"}, []string{"The machine starts again"}, false},
		"on trial":      {things{"installed": "2", "doing": "on trial", "step": "microphone: none"}, []string{"on trial", "microphone: none"}, false},
		"it works":      {things{"installed": "2", "last": last("confirmed")}, []string{"Version 2 was installed, and works."}, false},
		"it fell back":  {things{"installed": "1", "last": last("fell back")}, []string{"Version 2 did not work", "no sound"}, false},
		"interrupted":   {things{"installed": "1", "last": last("interrupted"), "fault": "the bundle is damaged"}, []string{"was interrupted", "the bundle is damaged"}, false},
	} {
		b.answers["/update"] = tt.status
		page := owner.get("/system").Body.String()
		for _, text := range tt.says {
			if !strings.Contains(page, text) {
				t.Errorf("%s: the page does not say %q", name, text)
			}
		}
		if offers := strings.Contains(page, "/system/update/install"); offers != tt.install {
			t.Errorf("%s: it can be installed: %v", name, offers)
		}
	}
	if w := owner.post("/system/update/install", nil); w.Code != http.StatusSeeOther || !slices.ContainsFunc(b.did, func(did string) bool { return strings.HasPrefix(did, "POST /update/newest ") }) {
		t.Errorf("%d; the box was asked for %q", w.Code, b.did)
	}
}

// A model that is fetched is shown with how far it has come; a second one waits for its turn.
func TestModelsAreFetched(t *testing.T) {
	b := newBox()
	_, owner, _ := owned(t, b)
	tiny := things{"id": "tiny", "purpose": "stt", "title": "Tiny", "licence": "MIT", "terms": "https://example.net/mit", "size": 100, "fits": true}
	gemma := things{"id": "gemma", "purpose": "llm", "title": "Gemma", "licence": "Gemma", "fits": true, "accept": true}
	large := things{"id": "large", "purpose": "stt", "title": "Large", "licence": "MIT", "reason": "it needs 4 GB"}
	b.answers["/models"] = []things{tiny, large, gemma}
	for name, tt := range map[string]struct {
		pull    things
		says    string
		buttons int
	}{
		"nothing asked for": {things{}, "", 2},
		"it begins":         {things{"id": "tiny", "running": true}, "It begins.", 0},
		"in the middle":     {things{"id": "tiny", "running": true, "step": "fetching", "done": 30e6, "total": 60e6, "said": "from Kitchen"}, "30 MB of 60 MB · from Kitchen", 0},
		"it is there":       {things{"id": "tiny"}, "tiny is there", 2},
		"it failed":         {things{"id": "tiny", "error": "no room"}, "no room", 2},
	} {
		b.answers["/models/pull"] = tt.pull
		page := owner.get("/models").Body.String()
		if !strings.Contains(page, tt.says) {
			t.Errorf("%s: the page does not say %q", name, tt.says)
		}
		if n := strings.Count(page, `action="/models/pull"`); n != tt.buttons {
			t.Errorf("%s: %d models can be fetched, want %d", name, n, tt.buttons)
		}
		if asks := strings.Count(page, `name="accept"`); asks != tt.buttons/2 {
			t.Errorf("%s: %d licences are to be accepted", name, asks)
		}
	}
}

// The map has each box once, this one in the middle, and none where there are too many to read.
func TestMapOfSiblings(t *testing.T) {
	boxes := []meshBox{{Name: "Kitchen", Connected: true}}
	if mapOf(boxes) != nil {
		t.Error("there is a map of one box")
	}
	for n := 1; n <= mapMost+1; n++ {
		boxes = append(boxes, meshBox{Name: strings.Repeat("ä", 10+n), Connected: true, RoundTrip: 1.234})
		all := mapOf(boxes)
		if n > mapMost {
			if all != nil {
				t.Errorf("a map of %d boxes", n)
			}
			continue
		}
		high := mapHigh(n + 1)
		if len(all) != n+1 || all[0].X != mapWide/2 || all[0].Y != high/2 {
			t.Errorf("%d siblings: %+v", n, all)
		}
		for i, s := range all[1:] {
			if s.Y < 40 || s.Y > high-20 || s.X < 40 || s.X > mapWide-40 || s.Trip != "1.23 ms" || len([]rune(s.Label)) > mapName {
				t.Errorf("%d siblings: %+v", n, s)
			}
			for _, other := range all[:i+1] {
				if dx, dy := s.X-other.X, s.Y-other.Y; dx*dx+dy*dy < 60*60 {
					t.Errorf("%d siblings: two are at %d, %d", n, s.X, s.Y)
				}
			}
		}
	}
}

// A model that is used says how fast it was here.
func TestModelsSpeed(t *testing.T) {
	_, owner, _ := owned(t, newBox())
	if page := owner.get("/models").Body.String(); !strings.Contains(page, "measured 2.5 times as fast as people speak") {
		t.Errorf("the page is %s", page)
	}
}
