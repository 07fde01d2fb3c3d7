package page

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The first visit: whoever is not in the room does not know the code.
func TestFirstVisit(t *testing.T) {
	d := start(t)
	b := open(t, d)
	b.visit("/history") // every address leads to the welcome
	b.sees("Welcome to Cricket")
	b.shots("welcome")
	fill := func(code string) {
		b.do(chromedp.SendKeys("[name=code]", code), chromedp.SendKeys("[name=password]", password), chromedp.SendKeys("[name=again]", password+kb.Enter))
	}
	d.code()
	fill("000 000x")
	b.sees("That is not the code")
	fill(d.code())
	// The box is set up: by a first request, and by what it is told of itself.
	b.sees("Set this box up")
	b.shots("settings")
	b.do(chromedp.SendKeys("#text", "turn on the kitchen lights"+kb.Enter))
	b.waits("location.pathname === '/' && document.querySelector('#last .mark.done') !== null")
	b.visit("/settings")
	if !value[bool](b, `document.querySelector("[name=room]").disabled && !document.querySelector("[name=language]").disabled`) {
		t.Error("what stands in config.toml can be changed, or what does not cannot")
	}
	before := d.status().Since
	b.do(chromedp.SetValue("[name=language]", "de"), chromedp.SetValue("[name=quiet_from]", "22:00"), chromedp.Click("form[action='/settings'] button"))
	b.sees("quiet.to") // it is missing
	b.do(chromedp.SetValue("[name=language]", "de"), chromedp.SetValue("[name=quiet_from]", "22:00"), chromedp.SetValue("[name=quiet_to]", "07:00"), chromedp.Click("form[action='/settings'] button"))
	b.sees("In a moment it is back, with the new settings.")
	d.restarted(before)
	b.visit("/voice")
	b.sees("22:00 – 07:00")
	d.ask("schalte das Küchenlicht ein")
	b.visit("/settings")
	if is := value[string](b, `document.querySelector("[name=language]").value`); is != "de" {
		t.Errorf("the language is %s", is)
	}
	b.do(chromedp.Click("form.leave button"))
	b.waits("document.querySelector('form[action=\"/login\"]') !== null")
	b.shots("login")
	b.do(chromedp.SendKeys("[name=password]", "something else"+kb.Enter))
	b.sees("That is not the password.")
	b.do(chromedp.SendKeys("[name=password]", password+kb.Enter))
	b.waits("document.querySelector('#state') !== null")
	b.untroubled()
}

// What is asked in the house is seen on a page that is open, without a reload.
func TestNowIsLive(t *testing.T) {
	d := start(t)
	b := open(t, d)
	b.enter(d)
	b.sees("Nothing has been asked")
	b.do(chromedp.Evaluate("window.sameDocument = true", nil))
	d.ask("turn on the kitchen lights")
	b.sees("Lights on.")
	b.do(chromedp.SendKeys("#text", "set a timer for ten minutes"+kb.Enter))
	b.sees("Timer set for ten minutes.")
	b.sees("Timer")
	d.ask("sing me a song about pistons")
	b.sees("pistons")
	d.ask("turn off the kitchen ceiling light")
	b.sees("Ceiling light off.")
	if !value[bool](b, "window.sameDocument === true") {
		t.Error("the page was loaded again")
	}
	b.shots("now")
	b.do(chromedp.Click("#last a"))
	b.sees("Was that wrong?")
	b.shots("request")
	b.visit("/history")
	b.shots("history")
	b.untroubled()
}

// A device is found, moved to another room, and there in the recogniser's words, too.
func TestHome(t *testing.T) {
	d := start(t)
	b := open(t, d)
	b.enter(d)
	b.visit("/home")
	b.sees("44 devices can be spoken to.")
	b.shots("home")
	room := func(device string) string {
		return value[string](b, fmt.Sprintf("document.querySelector('.device[data-words*=\"%s\"]').closest('section').querySelector('h2').innerText", device))
	}
	if was := room("Coffee machine"); !strings.HasPrefix(was, "Kitchen") {
		t.Fatalf("the coffee machine is in %q", was)
	}
	b.do(chromedp.Evaluate(`document.querySelector('.device[data-words*="Outdoor temperature"] summary').click()`, nil),
		chromedp.Evaluate(`(() => { const form = document.querySelector('.device[data-words*="Outdoor temperature"] form'); form.area.value = "garage"; form.querySelector("button").click() })()`, nil))
	b.waits(`document.querySelector('.device[data-words*="Outdoor temperature"]').closest("section").querySelector("h2").innerText.startsWith("Garage")`)
	carry := func(to string) { // as a mouse does, step by step
		b.do(chromedp.Evaluate(fmt.Sprintf(`(() => {
			const drag = (e, kind) => e.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: new DataTransfer() }));
			const device = document.querySelector('.device[data-words*="Outdoor temperature"]'), to = document.querySelector('.room[data-area="%s"] h2');
			drag(device, "dragstart"); drag(to, "dragover"); drag(to, "drop"); drag(device, "dragend");
		})()`, to), nil))
	}
	carry("hall")
	b.waits(`document.querySelector('.device[data-words*="Outdoor temperature"]').closest("section").querySelector("h2").innerText.startsWith("Hall")`)
	carry("garage")
	b.waits(`document.querySelector('.device[data-words*="Outdoor temperature"]').closest("section").querySelector("h2").innerText.startsWith("Garage")`)
	d.ask("what is the temperature in the garage")
	b.visit("/history")
	b.sees("8.5")
	d.stop()
	d.run()
	b.visit("/home")
	if is := room("Outdoor temperature"); !strings.HasPrefix(is, "Garage") {
		t.Errorf("after a restart the sensor is in %q", is)
	}
	b.do(chromedp.SendKeys("[data-filter]", "fairy"))
	b.waits("document.querySelectorAll('.device:not([hidden])').length === 0")
	b.untroubled()
}

// Timers and lists are seen and changed.
func TestTimersAndLists(t *testing.T) {
	d := start(t)
	b := open(t, d)
	b.enter(d)
	d.ask("set a pizza timer for ten minutes")
	d.ask("wake me up at seven")
	d.ask("add milk to the shopping list")
	d.ask("add bread to the shopping list")
	b.visit("/timers")
	b.sees("pizza")
	b.sees("bread")
	b.shots("timers")
	b.do(chromedp.SendKeys("[placeholder='Add something']", "eggs"+kb.Enter))
	b.sees("eggs")
	b.do(chromedp.Click("[aria-label='Done with milk']"))
	b.waits("document.querySelector('.gone') !== null")
	b.do(chromedp.Click("[aria-label='Cancel pizza']"))
	b.waits("!document.querySelector('#planned').innerText.includes('pizza')")
	b.untroubled()
}

// The System page tells how the box is.
func TestSystem(t *testing.T) {
	d := start(t)
	b := open(t, d)
	b.enter(d)
	b.visit("/system")
	b.sees("this system was not started from an update slot") // docs/updates.md
	b.shots("system")
	if log := value[string](b, `document.querySelector(".log").textContent`); !strings.Contains(log, `msg="the house page has an owner"`) {
		t.Errorf("the log says %q", log)
	}
	b.do(chromedp.Click("form[action='/system/erase'] button")) // the browser wants the tick
	b.do(chromedp.Click("form[action='/system/erase'] [name=all]"), chromedp.Click("form[action='/system/erase'] button"))
	b.sees("It is erased.")
	b.untroubled()
}

// Voice, Models and Siblings are there, and what is set holds.
func TestVoiceModelsAndSiblings(t *testing.T) {
	d := start(t)
	b := open(t, d)
	b.enter(d)
	b.visit("/voice")
	b.sees("hey cricket")
	b.shots("voice")
	b.do(chromedp.Evaluate(`document.querySelector("[name=percent]").value = 35`, nil), chromedp.Click("form[action='/voice/volume'] button"))
	b.waits(`document.querySelector("[name=percent]").getAttribute("value") === "35"`)
	d.stop()
	d.run()
	b.visit("/voice")
	if is := value[string](b, `document.querySelector("[name=percent]").value`); is != "35" {
		t.Errorf("after a restart the volume is %s", is)
	}
	b.visit("/models")
	b.sees("can be fetched")
	b.shots("models")
	// Nothing is reached from here, and the page says so; with a licence to accept, the button alone does nothing.
	b.do(chromedp.Evaluate(`document.querySelectorAll("details").forEach((d) => d.open = true)`, nil))
	if n := value[int](b, `[...document.querySelectorAll("form[action='/models/pull']")].filter((f) => f.accept && !f.accept.checkValidity()).length`); n == 0 {
		t.Error("no licence is to be accepted")
	}
	b.do(chromedp.Evaluate(`[...document.querySelectorAll("form[action='/models/pull']")].find((f) => f.id.value === "whisper-tiny.en-q8_0").querySelector("button").click()`, nil))
	b.sees("whisper-tiny.en-q8_0")
	b.waits(`document.querySelector("#pull section") !== null`)
	b.shots("models-pull")
	b.sees("was not fetched")
	// One of two that are there is chosen, and the box comes back with it, though it is no model.
	for _, name := range []string{"ggml-mine.bin", "ggml-yours.bin"} {
		if err := os.WriteFile(filepath.Join(d.dir, "state", "models", name), []byte("none"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := d.status().Since
	b.visit("/models")
	b.do(chromedp.Evaluate(`document.querySelector("form[action='/models/use'] button").click()`, nil))
	b.sees("In a moment it is back, with the models that were chosen.")
	d.restarted(before)
	b.visit("/models")
	b.sees("Let the box choose again")
	b.visit("/siblings")
	b.sees("There is no mesh.")
	b.shots("siblings")
	b.visit("/voice")
	b.untroubled()
}

// A name that is taught by picking is understood.
func TestTeachAName(t *testing.T) {
	d := start(t)
	b := open(t, d)
	b.enter(d)
	d.ask("turn on the moonbeam")
	b.visit("/history/1")
	b.do(chromedp.SendKeys("[name=name]", "moonbeam"), chromedp.SetValue("select[name=device]", "light.living_room_floor_lamp"), chromedp.Click("form[action='/history/1/name'] button"))
	b.waits("document.querySelector('.note') !== null")
	if note := value[string](b, "document.querySelector('.note').innerText"); !strings.Contains(note, "moonbeam") {
		t.Errorf("the page says %q", note)
	}
	b.do(chromedp.SendKeys("form[action='/ask'] [name=text]", ""), chromedp.Click("form[action='/ask'] button"))
	b.waits("location.pathname === '/' && document.querySelector('#last .mark.done') !== null")
	b.visit("/system")
	b.sees("moonbeam")
	b.untroubled()
}
