package appliance

import (
	"bufio"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/permission"
)

// tell posts a form to a box, as the house page does.
func tell(t *testing.T, b *Box, path string, form url.Values) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(within(t), "POST", path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	b.handler(permission.Page).ServeHTTP(w, r)
	return w.Code, strings.TrimSpace(w.Body.String())
}

// What a page does by picking meets the checks that a sentence meets.
func TestPageTeachesAndTakesBack(t *testing.T) {
	b := start(t, oneLamp, free(), true)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	name := func(name, device string) (int, string) {
		return tell(t, b, "/learned/name", url.Values{"name": {name}, "device": {device}})
	}
	if code, text := name("shiny", "light.lamp"); code != http.StatusOK {
		t.Fatalf("teach: %d %s", code, text)
	}
	<-renamed(b)
	if r := b.Ask(within(t), "turn on the shiny", Request{Room: "hall", Source: permission.Page}); !r.Done() {
		t.Errorf("by the name that was taught: %s", r)
	}
	if code, text := name("lamp", "light.lamp"); code != http.StatusConflict || text == "" {
		t.Errorf("a name that is taken: %d %q", code, text)
	}
	if code, _ := name("thing", "light.none"); code != http.StatusConflict {
		t.Errorf("a device that is not there: %d", code)
	}
	if code, text := tell(t, b, "/undo", url.Values{"room": {"hall"}}); code != http.StatusOK {
		t.Errorf("undo: %d %s", code, text)
	}
	if d, _ := b.house.Now().Home.Device("light.lamp"); d.State != "off" {
		t.Errorf("the lamp is %s", d.State)
	}
	if code, _ := tell(t, b, "/undo", url.Values{"room": {"attic"}}); code != http.StatusBadRequest {
		t.Errorf("in a room that is not there: %d", code)
	}
	for _, tt := range []struct {
		path string
		form url.Values
		want int
	}{
		{"/lists", url.Values{"list": {"Shopping"}, "item": {"milk"}, "do": {"add"}}, http.StatusOK},
		{"/lists", url.Values{"list": {"shopping"}, "item": {"milk"}, "do": {"complete"}}, http.StatusOK},
		{"/lists", url.Values{"list": {"shopping"}, "item": {"milk"}, "do": {"burn"}}, http.StatusBadRequest},
		{"/lists", url.Values{"list": {"shopping"}, "item": {"a\nb"}, "do": {"add"}}, http.StatusBadRequest},
		{"/lists", url.Values{"list": {""}, "item": {"milk"}, "do": {"add"}}, http.StatusBadRequest},
		{"/ring/cancel", url.Values{"id": {"7"}}, http.StatusNotFound},
		{"/home/area", url.Values{"device": {"light.lamp"}, "area": {"hall"}}, http.StatusBadRequest}, // it is written in home.toml
		{"/home/area", url.Values{"device": {"light.none"}, "area": {"hall"}}, http.StatusBadRequest},
	} {
		if code, text := tell(t, b, tt.path, tt.form); code != tt.want {
			t.Errorf("%s %v: %d %s, want %d", tt.path, tt.form, code, text, tt.want)
		}
	}
	if lists := b.Lists(); len(lists) != 1 || len(lists[0].Items) != 1 || !lists[0].Items[0].Done {
		t.Errorf("the lists are %+v", lists)
	}
}

// renamed is closed when the house knows the newest names.
func renamed(b *Box) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = b.house.Settled(context.Background())
	}()
	return done
}

// A page that is open hears of everything, and whoever does not read keeps nobody waiting.
func TestEventsReachEverybody(t *testing.T) {
	b := start(t, oneLamp, free(), true)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(b.handler(permission.Page))
	t.Cleanup(server.Close) // after the streams, which it would wait for
	const watchers = 50
	heard := make(chan string, watchers)
	ready := make(chan struct{}, watchers)
	for range watchers {
		r, err := http.NewRequestWithContext(within(t), "GET", server.URL+"/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { answer.Body.Close() })
		go func() {
			in := bufio.NewScanner(answer.Body)
			in.Buffer(nil, 1<<20)
			for name := ""; in.Scan(); {
				if n, ok := strings.CutPrefix(in.Text(), "event: "); ok {
					name = n
				} else if strings.HasPrefix(in.Text(), "retry:") {
					ready <- struct{}{}
				} else if data, ok := strings.CutPrefix(in.Text(), "data: "); ok && name == "request" && strings.Contains(data, "turn on the lamp") {
					heard <- data
					return
				}
			}
		}()
	}
	for range watchers {
		<-ready
	}
	b.Ask(within(t), "turn on the lamp", Request{Room: "hall"})
	for range watchers {
		<-heard
	}
}

// However much happens, what is kept for those who look on does not grow; what only says
// that something changed is told once.
func TestEventsDoNotGrow(t *testing.T) {
	var e events
	_, next, news := e.since(0)
	for range 10_000 {
		e.put("home", nil)
	}
	list, next, _ := e.since(next)
	if len(list) != 1 || list[0].name != "home" {
		t.Errorf("of 10,000 states %d events are left", len(list))
	}
	<-news
	for i := range 10_000 {
		e.put("request", i)
		if i%3 == 0 {
			e.put("home", nil)
		}
	}
	if list, _, _ := e.since(next); len(list) != keptEvents || list[len(list)-1].name != "home" {
		t.Errorf("%d events are kept, want %d", len(list), keptEvents)
	}
	if len(e.last) > keptEvents || cap(e.last) > 4*keptEvents {
		t.Errorf("%d events take the place of %d", len(e.last), cap(e.last))
	}
}

// A box that keeps anything has a page; a port that is taken is told, and the box lives.
func TestPageOfABox(t *testing.T) {
	h, err := home.Parse("home.toml", []byte(oneLamp))
	if err != nil {
		t.Fatal(err)
	}
	open := func(listen string) *Box {
		c := free()
		c.Page.Listen, c.Mesh.Enabled = listen, false
		dir := shortDir(t)
		b, err := New(Options{Config: c, Home: h, Keep: true, StateDir: dir, RuntimeDir: dir, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		run(t, b.Run)
		return b
	}
	first := open("127.0.0.1:0")
	if f := first.checkPage(); len(f) != 1 || !f[0].OK || !strings.Contains(f[0].Text, "https://127.0.0.1:") {
		t.Fatalf("doctor says %+v", f)
	}
	second := open(first.page.page.Address().String())
	if f := second.checkPage(); len(f) != 1 || f[0].OK || f[0].Hint == "" {
		t.Errorf("with a port that is taken doctor says %+v", f)
	}
	if r := second.Ask(within(t), "what time is it", Request{}); r.Reply == "" {
		t.Errorf("the box without a page answers %s", r)
	}
	none := open("")
	if f := none.checkPage(); len(f) != 0 {
		t.Errorf("where the page is off doctor says %+v", f)
	}
}
