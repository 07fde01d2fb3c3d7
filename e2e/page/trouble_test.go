package page

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// hostile are texts that become markup or script where somebody forgets that they are text.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'><svg onload=alert(1)>`, `</title><script>alert(1)</script>`, `</textarea></select><img src=x onerror=alert(1)>`,
	`" autofocus onfocus=alert(1) x="`, `javascript:alert(1)`, `<iframe srcdoc="<script>parent.alert(1)</script>">`, `<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>`,
	`{{constructor.constructor('alert(1)')()}}`, `<base href="https://evil.example/">`, `<meta http-equiv=refresh content="0;url=https://evil.example/">`, "<b>\u202eevil", `--><script>alert(1)</script>`,
}

// Whatever people say or write on lists, it is text in the browser, also where the script
// puts it in place.
func TestHostileText(t *testing.T) {
	d := start(t)
	b := open(t, d)
	b.enter(d)
	for _, evil := range hostile {
		d.ask(evil)
		d.ask("add " + evil + " to the shopping list")
		answer, err := d.control.PostForm("http://cricket/lists", map[string][]string{"list": {cut(evil, 60)}, "item": {evil}, "do": {"add"}})
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
	}
	b.do(chromedp.SendKeys("#text", hostile[1]+kb.Enter))
	b.waits(fmt.Sprintf("document.querySelector('#last q')?.innerText === %q", hostile[1]))
	for _, path := range []string{"/", "/history", "/history/1", "/timers", "/home", "/system"} {
		b.visit(path)
		if n := value[int](b, "document.querySelectorAll('main img, main iframe, main script, main style, main base, main meta, main math, main svg[onload], main b').length"); n > 0 {
			t.Errorf("%s has %d elements that no template has", path, n)
		}
		if at := value[string](b, "location.origin"); at != d.url {
			t.Errorf("%s went to %s", path, at)
		}
	}
	b.untroubled()
}

func cut(s string, n int) string { return s[:min(len(s), n)] }

// A daemon that is started again under an open page: the page says so, and goes on by itself.
func TestRestartUnderAnOpenPage(t *testing.T) {
	d := start(t)
	b := open(t, d)
	b.enter(d)
	d.ask("turn on the kitchen lights")
	b.sees("Lights on.")
	d.stop()
	b.waits("!document.querySelector('#lost').hidden")
	b.shot("lost")
	d.run()
	b.waits("document.querySelector('#lost').hidden")
	d.ask("turn off the kitchen lights")
	b.sees("Lights off.")
	if path := value[string](b, "location.pathname"); path != "/" {
		t.Errorf("the browser is at %s: it was logged out", path)
	}
}

// Ten thousand events under an open page leave it as large as it was.
func TestTenThousandEvents(t *testing.T) {
	d := start(t)
	b := open(t, d)
	b.enter(d)
	load := func(n int) {
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				for i := range n / 4 {
					d.ask([]string{"turn on the kitchen lights", "turn off the kitchen lights"}[i%2])
				}
			})
		}
		wait.Wait()
	}
	size := func() (nodes int, heap float64) {
		time.Sleep(time.Second) // the page rests between two looks at the box
		b.do(runtime.Enable(), chromedp.ActionFunc(collect))
		return value[int](b, "document.querySelectorAll('*').length"), value[float64](b, "performance.memory.usedJSHeapSize")
	}
	load(400)
	nodes, heap := size()
	load(10_000)
	after, grown := size()
	t.Logf("%d elements and %.1f MB before, %d and %.1f MB after 10,000 requests", nodes, heap/1e6, after, grown/1e6)
	if after > nodes+50 {
		t.Errorf("the page had %d elements, and has %d", nodes, after)
	}
	if grown > heap+4e6 {
		t.Errorf("the script's memory was %.1f MB, and is %.1f MB", heap/1e6, grown/1e6)
	}
	b.untroubled()
}

// What axe-core finds on each page, in the light and in the dark: nothing that is serious.
func TestAccessible(t *testing.T) {
	file := os.Getenv("CRICKET_AXE")
	if file == "" {
		if os.Getenv("CRICKET_NO_SKIP") == "1" {
			t.Fatal("CRICKET_AXE is not set: make page-test")
		}
		t.Skip("CRICKET_AXE is not set: make page-test")
	}
	axe, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	dir := shortDir(t)
	d := startHearing(t, dir, "kitchen", "enabled = false", "file:"+plugIn(t, dir).path, "file:/dev/null")
	b := open(t, d)
	check := func(path string) {
		t.Helper()
		for _, dark := range []bool{false, true} {
			b.dark(dark)
			b.visit(path)
			b.do(chromedp.Evaluate(string(axe), nil))
			var found string
			b.do(chromedp.Evaluate(`axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}).then(r => JSON.stringify(r.violations.map(v => ({id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.slice(0, 3).map(n => n.html + " " + n.failureSummary)}))))`,
				&found, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
			var violations []struct {
				ID, Impact, Help string
				Nodes            []string
			}
			if err := json.Unmarshal([]byte(found), &violations); err != nil {
				t.Fatal(err)
			}
			for _, v := range violations {
				t.Errorf("%s (dark: %v): %s, %s: %s\n%q", path, dark, v.Impact, v.ID, v.Help, v.Nodes)
			}
		}
	}
	check("/welcome")
	b.enter(d)
	d.ask("turn on the kitchen lights")
	d.ask("sing me a song about pistons")
	d.ask("set a pizza timer for ten minutes")
	d.ask("add milk to the shopping list")
	for _, path := range []string{"/", "/history", "/history/1", "/history/2", "/home", "/timers", "/voice", "/models", "/siblings", "/settings", "/system", "/nothing"} {
		check(path)
	}
	b.do(chromedp.Click("form.leave button"))
	b.waits("location.pathname === '/login'")
	check("/login")
}
