package intent

import (
	"testing"
	"time"
)

// What the house asked is answered in few words, and only that.
func TestAnswers(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	evening := time.Date(2026, 11, 22, 19, 10, 0, 0, time.UTC)
	ask := func(text string) *Intent {
		in := r.Resolve(Query{Text: text, Room: "kitchen", Now: evening})
		if in.Refusal != "" {
			t.Fatalf("%q is refused: %+v", text, in)
		}
		return &in
	}
	timer, pizza, alarm, reminder := ask("set a timer"), ask("set a pizza timer"), ask("set an alarm"), ask("remind me to call mum")
	empty, list, cancel, describe := ask("set a reminder"), ask("add something to the shopping list"), ask("cancel the timer"), ask("what can i say")
	for _, c := range []struct {
		open *Intent
		asks Asked
		say  string
		want string // as show writes it, "" for refused
	}{
		{timer, AsksLength, "ten minutes", "HassStartTimer minutes=10"},
		{timer, AsksLength, "for an hour and a half please", "HassStartTimer hours=1,minutes=30"},
		{timer, AsksLength, "make it twenty", "HassStartTimer minutes=20"},
		{pizza, AsksLength, "twelve", "HassStartTimer minutes=12,name=pizza"},
		{timer, AsksLength, "the red one", ""},
		{timer, AsksLength, "the first one", ""},
		{timer, AsksLength, "at seven", ""},
		{timer, AsksLength, "yes", "CricketYes "},
		{timer, AsksLength, "no thanks", "CricketNo "},
		{timer, AsksLength, "never mind", "HassNevermind "},
		{timer, AsksLength, "turn off the tv", "HassTurnOff name=TV [media_player.tv]"},
		{alarm, AsksTime, "at seven", "CricketSetAlarm time=07:00"},
		{alarm, AsksTime, "half past six tomorrow", "CricketSetAlarm day=tomorrow,time=06:30"},
		{alarm, AsksTime, "tomorrow", "CricketSetAlarm day=tomorrow"},
		{alarm, AsksTime, "ten minutes", ""},
		{reminder, AsksTime, "in two hours", "CricketSetReminder hours=2,message=call mum"},
		{reminder, AsksTime, "at sunset", "CricketSetReminder message=call mum,sun=sunset"},
		{empty, AsksMessage, "to water the plants", "CricketSetReminder message=water the plants"},
		{empty, AsksMessage, "never mind", "HassNevermind "},
		{list, AsksItem, "milk, eggs and bread", "HassShoppingListAddItem item=milk, eggs and bread"},
		{describe, AsksArea, "the kitchen", "CricketHelp area=Kitchen"},
		{cancel, AsksEntry, "the pizza one", "HassCancelTimer name=pizza"},
		{cancel, AsksEntry, "the five minute one", "HassCancelTimer start_minutes=5"},
		{cancel, AsksEntry, "the second one", "HassCancelTimer which=2"},
		{cancel, AsksEntry, "the last one", "HassCancelTimer which=-1"},
		{cancel, AsksEntry, "both", "HassCancelTimer all=all"},
		{cancel, AsksEntry, "the one in the kitchen", "HassCancelTimer area=Kitchen"},
	} {
		in := r.Resolve(Query{Text: c.say, Room: "kitchen", Now: evening, Context: Context{Open: c.open, Asks: c.asks}})
		got := show(in)
		if in.Refusal != "" {
			got = ""
		}
		if got != c.want {
			t.Errorf("%s %q: %q\ngot  %s\nwant %s", c.open.Name, c.asks, c.say, got, c.want)
		}
	}
	if len(timer.Slots) != 0 || len(cancel.Slots) != 0 {
		t.Error("an answer has changed the question")
	}
	for _, text := range []string{"ten minutes", "twelve", "the pizza one", "milk, eggs and bread", "tomorrow"} {
		if in := r.Resolve(Query{Text: text, Room: "kitchen", Now: evening}); in.Refusal == "" {
			t.Errorf("nobody asked, and %q is %s", text, show(in))
		}
	}
}

// "Lights" alone says neither on nor off: nothing is done. It may be the beginning of more.
func TestAlone(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	off, on := map[string]string{}, map[string]string{}
	for _, id := range []string{"light.kitchen_ceiling", "light.kitchen_counter"} {
		off[id], on[id] = "off", "on"
	}
	for _, c := range []struct {
		text, room string
		states     map[string]string
		want       string
	}{
		{"lights", "kitchen", off, ""},
		{"lights", "kitchen", on, ""},
		{"the kitchen lights", "", on, ""},
		{"lights", "", off, ""},
		{"lights and tv off", "kitchen", off, "HassTurnOff"},
	} {
		in := r.Match(Query{Text: c.text, Room: c.room, States: c.states})
		if in.Name != c.want {
			t.Errorf("%q in %q: %s, want %q", c.text, c.room, show(in), c.want)
		}
	}
	for text, want := range map[string]Status{"lights": Prefix, "the kitchen lights": Prefix, "turn off the kitchen": Extendable} { // "off", "off", "lights" may follow
		if got := r.Check(text); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

// A quarter to midnight is before it.
func TestMinutesToMidnight(t *testing.T) {
	for _, c := range []struct {
		hour, minute float64
		part, want   string
	}{
		{12, -15, "am", "23:45"},
		{0, -5, "", "23:55"},
		{24, -5, "", "23:55"},
		{12, -15, "pm", "11:45"},
		{12, 0, "night", "00:00"},
	} {
		slots := map[string]any{slotHour: c.hour, slotMinute: c.minute, slotPart: c.part}
		if !tellTime(slots, time.Time{}, false) || slots["time"] != c.want {
			t.Errorf("%v %v %s: %v, want %s", c.hour, c.minute, c.part, slots, c.want)
		}
	}
}

// In a conversation a text may be whole that is none without it.
func TestCheckAfter(t *testing.T) {
	r := compileBuiltin(t).Bind(testHome())
	timer := Intent{Name: "HassStartTimer"}
	which := r.Resolve(Query{Text: "turn on the light"})
	if which.Open == nil {
		t.Fatalf("%+v", which)
	}
	length, choice := Context{Open: &timer, Asks: AsksLength}, Context{Open: which.Open}
	for _, c := range []struct {
		said        Context
		text        string
		want, alone Status
	}{
		{length, "five minutes", Extendable, Prefix},
		{length, "for five", Extendable, Prefix},
		{length, "the first one", Dead, Dead},
		{length, "never mind", Extendable, Extendable},
		{length, "turn on the coffee machine again", Complete, Complete},
		{length, "once upon", Dead, Dead},
		{choice, "the first one", Extendable, Dead},
		{choice, "yes", Extendable, Dead},
	} {
		if got := r.CheckAfter(c.said, c.text); got != c.want {
			t.Errorf("CheckAfter(%q, %q) = %s, want %s", c.said.Asks, c.text, got, c.want)
		}
		if got := r.Check(c.text); got != c.alone {
			t.Errorf("Check(%q) = %s, want %s", c.text, got, c.alone)
		}
	}
}
