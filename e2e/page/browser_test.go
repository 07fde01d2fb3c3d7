package page

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is a tab of a Chromium of its own.
type browser struct {
	t   *testing.T
	ctx context.Context
	url string

	mu       sync.Mutex
	troubles []string // dialogs, script errors and what the browser has refused
}

// open starts a browser for a daemon's page.
func open(t *testing.T, d *daemon) *browser {
	t.Helper()
	program := os.Getenv("CRICKET_CHROMIUM")
	if program == "" {
		if os.Getenv("CRICKET_NO_SKIP") == "1" {
			t.Fatal("CRICKET_CHROMIUM is not set: make page-test")
		}
		t.Skip("CRICKET_CHROMIUM is not set: make page-test")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox,
		chromedp.Flag("ignore-certificate-errors", true), chromedp.Flag("disable-gpu", true), chromedp.WSURLReadTimeout(time.Minute))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil { // it lives as long as the first context
		t.Fatalf("start %s: %v", program, err)
	}
	b := &browser{t: t, ctx: ctx, url: d.url}
	chromedp.ListenTarget(ctx, func(e any) {
		switch e := e.(type) {
		case *page.EventJavascriptDialogOpening:
			b.trouble("dialog: " + e.Message)
			go chromedp.Run(ctx, page.HandleJavaScriptDialog(false))
		case *runtime.EventExceptionThrown:
			b.trouble("exception: " + e.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			if e.Entry.Source == log.SourceSecurity || strings.Contains(e.Entry.Text, "Content Security Policy") {
				b.trouble("refused: " + e.Entry.Text)
			}
		}
	})
	b.do(log.Enable(), runtime.Enable())
	b.size(1200, 860)
	return b
}

func (b *browser) trouble(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.troubles = append(b.troubles, text)
}

// untroubled fails where the browser met a dialog, a script error or something that the
// policy refused.
func (b *browser) untroubled() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, text := range b.troubles {
		b.t.Errorf("the browser: %s", text)
	}
}

// do runs actions, each for at most 30 s.
func (b *browser) do(actions ...chromedp.Action) {
	b.t.Helper()
	for _, a := range actions {
		ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
		err := chromedp.Run(ctx, a)
		cancel()
		if err != nil {
			b.shot("failed-" + strings.ReplaceAll(b.t.Name(), "/", "-"))
			b.t.Fatalf("%v", err)
		}
	}
}

// visit opens a page of the box.
func (b *browser) visit(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.url+path), chromedp.WaitReady("main"))
}

// sees waits until the main part of the page has a text.
func (b *browser) sees(text string) {
	b.t.Helper()
	b.waits(fmt.Sprintf("document.querySelector('main').innerText.includes(%q)", text))
}

// waits until an expression of the page is true. The page may be another one meanwhile.
func (b *browser) waits(expression string) {
	b.t.Helper()
	var err error
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		ok := false
		ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
		err = chromedp.Run(ctx, chromedp.Evaluate(expression, &ok))
		cancel()
		if err == nil && ok {
			return
		}
	}
	b.shot("failed-" + strings.ReplaceAll(b.t.Name(), "/", "-"))
	b.t.Fatalf("it never was so: %s (%v)", expression, err)
}

// value is what an expression of the page is.
func value[T any](b *browser, expression string) T {
	b.t.Helper()
	var v T
	b.do(chromedp.Evaluate(expression, &v))
	return v
}

func (b *browser) size(width, height int64) {
	b.t.Helper()
	b.do(emulation.SetDeviceMetricsOverride(width, height, 1, width < 600))
}

func (b *browser) dark(on bool) {
	b.t.Helper()
	scheme := "light"
	if on {
		scheme = "dark"
	}
	b.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}))
}

// shot keeps a picture of the whole page in $CRICKET_SHOTS.
func (b *browser) shot(name string) {
	b.t.Helper()
	dir := os.Getenv("CRICKET_SHOTS")
	if dir == "" {
		return
	}
	var png []byte
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	if err := chromedp.Run(ctx, chromedp.FullScreenshot(&png, 100)); err != nil {
		b.t.Errorf("take picture %s: %v", name, err)
		return
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// shots keeps pictures of a page on a desk, on a phone, and in the dark, and fails where a
// phone must scroll sideways.
func (b *browser) shots(name string) {
	b.t.Helper()
	b.dark(false)
	b.shot(name)
	b.dark(true)
	b.shot(name + "-dark")
	b.dark(false)
	b.size(360, 740)
	if wide := value[int](b, "document.documentElement.scrollWidth"); wide > 360 {
		b.t.Errorf("%s is %d pixels wide on a phone of 360", name, wide)
	}
	b.shot(name + "-phone")
	b.size(1200, 860)
}

// enter sets the owner's password, and is logged in.
func (b *browser) enter(d *daemon) {
	b.t.Helper()
	b.visit("/")
	b.do(chromedp.SendKeys("[name=code]", d.code()), chromedp.SendKeys("[name=password]", password), chromedp.SendKeys("[name=again]", password),
		chromedp.Click("form[action='/welcome'] button"))
	b.sees("Set this box up")
	b.visit("/")
}

// collect has the browser throw away what nothing refers to.
func collect(ctx context.Context) error { return heapprofiler.CollectGarbage().Do(ctx) }
