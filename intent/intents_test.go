package intent

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// homeAssistant are Home Assistant's built-in intents.
var homeAssistant = strings.Fields(`HassTurnOn HassTurnOff HassGetState HassSetPosition HassFanSetSpeed HassLightSet
	HassClimateSetTemperature HassClimateGetTemperature HassGetWeather HassGetCurrentTime HassGetCurrentDate HassNevermind
	HassRespond HassBroadcast HassStartTimer HassCancelAllTimers HassCancelTimer HassPauseTimer HassUnpauseTimer
	HassTimerStatus HassIncreaseTimer HassDecreaseTimer HassShoppingListAddItem HassShoppingListCompleteItem HassListAddItem
	HassListCompleteItem HassListRemoveItem HassMediaPause HassMediaUnpause HassMediaNext HassMediaPrevious
	HassMediaPlayerMute HassMediaPlayerUnmute HassSetVolume HassSetVolumeRelative HassMediaSearchAndPlay HassVacuumStart
	HassVacuumReturnToBase HassVacuumCleanArea HassLawnMowerStartMowing HassLawnMowerDock`)

// documented are the rows of docs/intents.md: intent, slots, example.
func documented(t *testing.T) [][3]string {
	t.Helper()
	data, err := os.ReadFile("../docs/intents.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows [][3]string
	for line := range strings.Lines(string(data)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "Hass") && !strings.HasPrefix(strings.TrimSpace(cells[1]), "Cricket") {
			continue
		}
		rows = append(rows, [3]string{strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2]), strings.TrimSpace(cells[3])})
	}
	return rows
}

// Every intent of the table is what its example means, with slots that the table has.
func TestDocumentedIntents(t *testing.T) {
	home := testHome()
	home.Entities = append(home.Entities, Entity{ID: "alarm_control_panel.house", Name: "House alarm"}, Entity{ID: "humidifier.dryer", Name: "Air dryer"})
	r := compileBuiltin(t).Bind(home)
	last := r.Match(Query{Text: "turn on the desk lamp"})
	slots := map[string]string{}
	for _, row := range documented(t) {
		name, has, example := row[0], row[1], row[2]
		if strings.HasPrefix(has, "the same") || strings.HasPrefix(has, "as ") {
			has += " name area floor domain device_class except minutes"
		}
		slots[name] = has
		q := Query{Text: example, Room: "living_room"}
		if name == "CricketYes" || name == "CricketNo" {
			q.Context.Last = &last
		}
		in := r.Match(q)
		if in.Name != name {
			t.Errorf("%s: its example %q is %s", name, example, show(in))
		}
		for slot := range in.Slots {
			if !strings.Contains(has, slot) {
				t.Errorf("%s: the table has no slot %s, its example does", name, slot)
			}
		}
	}
	if len(slots) < 60 {
		t.Errorf("only %d intents in the table", len(slots))
	}
}

// The table has every intent that the built-in sentences mean, and they mean all of Home Assistant's.
func TestEveryIntentIsDocumented(t *testing.T) {
	var table, built []string
	for _, row := range documented(t) {
		table = append(table, row[0])
	}
	for _, b := range compileBuiltin(t).blocks {
		if !slices.Contains(built, b.intent) {
			built = append(built, b.intent)
		}
	}
	if len(homeAssistant) != 41 {
		t.Errorf("%d intents of Home Assistant", len(homeAssistant))
	}
	for _, name := range homeAssistant {
		if !slices.Contains(built, name) {
			t.Errorf("no sentence means %s", name)
		}
	}
	for _, name := range built {
		if !slices.Contains(table, name) && !slices.Contains([]string{followOnly, followToo, followInstead, followAnswered}, name) {
			t.Errorf("%s is not in docs/intents.md", name)
		}
	}
}
