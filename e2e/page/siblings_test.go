package page

import (
	"bufio"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// shownCode has a box show a code for another one, and returns it and where to type it.
func (d *daemon) shownCode() (code, address string) {
	d.t.Helper()
	answer, err := d.control.Post("http://cricket/mesh/pair", "", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { answer.Body.Close() })
	var line struct {
		Code      string
		Addresses []string
		Error     string
	}
	lines := bufio.NewScanner(answer.Body)
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &line) != nil || len(line.Addresses) == 0 {
		d.t.Fatalf("no code is shown: %s", lines.Bytes())
	}
	return line.Code, line.Addresses[0]
}

// A box is paired on the page with the code that the other one shows; then both are on the
// map, and the way between them is dashed when one goes.
func TestSiblingsOnAMap(t *testing.T) {
	bedroom := startIn(t, "bedroom", fmt.Sprintf("listen = \"127.0.0.1:%s\"", freePort(t)))
	d := startIn(t, "kitchen", fmt.Sprintf("listen = \"127.0.0.1:%s\"", freePort(t)))
	b := open(t, d)
	b.enter(d)
	b.visit("/siblings")
	b.sees("This box has no siblings yet.")
	if value[bool](b, "document.querySelector('#map') !== null") {
		t.Error("there is a map of one box")
	}
	code, address := bedroom.shownCode()
	b.do(chromedp.SendKeys("[name=code]", code), chromedp.SendKeys("[name=address]", address+kb.Enter))
	b.waits("document.querySelector('#map') !== null")
	for connected := false; !connected; {
		b.visit("/siblings")
		time.Sleep(300 * time.Millisecond) // another process: there is nothing to wait on
		connected = value[bool](b, "document.querySelectorAll('.map line:not(.away)').length === 1")
	}
	b.sees("Bedroom")
	if n := value[int](b, "document.querySelectorAll('.map circle').length"); n != 2 {
		t.Errorf("%d boxes are on the map", n)
	}
	b.do(chromedp.Evaluate("document.getElementById('lost').hidden = false", nil)) // it fits a phone, too
	b.shots("siblings-map")
	bedroom.stop()
	for away := false; !away; {
		b.visit("/siblings")
		time.Sleep(300 * time.Millisecond)
		away = value[bool](b, "document.querySelectorAll('.map line.away').length === 1")
	}
	b.sees("not reached")
	b.untroubled()
}
