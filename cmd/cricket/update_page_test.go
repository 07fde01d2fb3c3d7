package main

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/appliance"
)

// The page of updates shows the same status twice, for programs and for people.
func TestPageOfUpdatesShowsWhatIsPrinted(t *testing.T) {
	page, err := os.ReadFile("../../docs/updates.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)```json\n(\\{\n.*?)```").FindSubmatch(page)
	people := regexp.MustCompile("(?s)```text\n(Version .*?)```").FindSubmatch(page)
	if shown == nil || people == nil {
		t.Fatal("docs/updates.md shows no status")
	}
	var status appliance.UpdateStatus
	d := json.NewDecoder(strings.NewReader(string(shown[1])))
	d.DisallowUnknownFields()
	if err := d.Decode(&status); err != nil {
		t.Fatal(err)
	}
	printed, err := json.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	same := func(data []byte) string {
		var value any
		if err := json.Unmarshal(data, &value); err != nil {
			t.Fatal(err)
		}
		text, _ := json.Marshal(value)
		return string(text)
	}
	if same(printed) != same(shown[1]) {
		t.Errorf("the program prints\n%s\nand the page has\n%s", same(printed), same(shown[1]))
	}
	if got := updateText(status); got != string(people[1]) {
		t.Errorf("the program prints\n%sand the page has\n%s", got, people[1])
	}
	// Every field is in the table.
	for _, field := range []string{"installed", "latest", "doing", "percent", "step", "fault", "slots", "trial", "last"} {
		if !strings.Contains(string(page), "`"+field+"`") {
			t.Errorf("the page says nothing of the field %s", field)
		}
	}
}
