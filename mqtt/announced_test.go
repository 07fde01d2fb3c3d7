package mqtt

import (
	"strings"
	"testing"
)

// Two topics with one unique_id: the later one counts, and the other is named
// until one of them goes. A migration is no such fault.
func TestAnnouncedTwice(t *testing.T) {
	var a Announced
	say := func(topic, payload, want string) {
		t.Helper()
		if _, err := a.Take("homeassistant", Message{Topic: "homeassistant/light/" + topic + "/config", Payload: []byte(payload)}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range a.Faults() {
			got = append(got, f.String())
		}
		if got := strings.Join(got, "; "); got != want {
			t.Fatalf("after %s %s: got %q, want %q", topic, payload, got, want)
		}
	}
	lamp := `{"name":"Lamp","uniq_id":"L1","cmd_t":"c"}`
	const twice = ": light.lamp: the same unique_id was announced later by homeassistant/light/"
	say("one", lamp, "")
	say("two", lamp, "homeassistant/light/one/config"+twice+"two/config, which counts")
	say("one", lamp, "homeassistant/light/two/config"+twice+"one/config, which counts")
	say("one", "", "")
	say("two", `{"migrate_discovery":true}`, "")
	say("three", lamp, "")
	say("two", "", "")
	if !a.Doubles() {
		t.Fatal("no doubles")
	}
}

func TestAnnounced(t *testing.T) {
	const lamp, box = "homeassistant/light/lamp/config", "homeassistant/device/box/config"
	single := `{"name":"Lamp","uniq_id":"L1","cmd_t":"old/set"}`
	form := func(components string) string {
		return `{"dev":{"ids":"b","name":"Box"},"o":{"name":"x"},"cmps":{` + components + `}}`
	}
	lampPart := `"l":{"p":"light","uniq_id":"L1","name":"Lamp","cmd_t":"new/set"}`
	plug := `"s":{"p":"switch","uniq_id":"L1","cmd_t":"p/set"}`
	for _, test := range []struct {
		name  string
		steps []string // topic payload -> entities / removed
	}{
		{"announced, repeated, emptied", []string{
			lamp + " " + single + " -> light.lamp / ",
			lamp + " " + single + " -> light.lamp / ",
			lamp + "  ->  / light/L1",
			lamp + "  ->  / ",
		}},
		{"a broken payload leaves the old one", []string{
			lamp + " " + single + " -> light.lamp / ",
			lamp + " {} ->  / ",
			lamp + "  ->  / light/L1",
		}},
		{"a component is taken out", []string{
			box + " " + form(lampPart+","+plug) + " -> light.box_lamp switch.box / ",
			box + " " + form(lampPart+`,"s":{"p":"switch"}`) + " -> light.box_lamp / switch/L1",
			box + "  ->  / light/L1",
		}},
		{"migration to the device form", []string{
			lamp + " " + single + " -> light.lamp / ",
			lamp + ` {"migrate_discovery":true} ->  / `,
			box + " " + form(lampPart) + " -> light.box_lamp / ",
			lamp + "  ->  / ",
			box + "  ->  / light/L1",
		}},
		{"the other topic still announces it", []string{
			lamp + " " + single + " -> light.lamp / ",
			box + " " + form(lampPart) + " -> light.box_lamp / ",
			box + "  -> light.lamp / ",
		}},
		{"two with one name", []string{
			lamp + " " + single + " -> light.lamp / ",
			`homeassistant/light/other/config {"name":"Lamp","uniq_id":"L2","cmd_t":"x"} -> light.lamp_2 / `,
			`homeassistant/light/other/config {"name":"Lamp","uniq_id":"L2","cmd_t":"y"} -> light.lamp_2 / `,
			lamp + "  ->  / light/L1",
			`homeassistant/light/third/config {"name":"Lamp","uniq_id":"L3","cmd_t":"x"} -> light.lamp / `,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var a Announced
			for i, step := range test.steps {
				in, want, _ := strings.Cut(step, " -> ")
				topic, payload, _ := strings.Cut(in, " ")
				d, err := a.Take("homeassistant", Message{Topic: topic, Payload: []byte(payload)})
				if err != nil {
					t.Fatal(err)
				}
				var ids []string
				for _, e := range d.Entities {
					ids = append(ids, e.ID)
				}
				if got := strings.Join(ids, " ") + " / " + strings.Join(d.Removed, " "); got != want {
					t.Fatalf("step %d: got %q, want %q, faults %v", i+1, got, want, d.Faults)
				}
			}
		})
	}
}

func TestAnnouncedKeepsFaultsForTheDoctor(t *testing.T) {
	var a Announced
	take := func(topic, payload string) {
		t.Helper()
		if _, err := a.Take("homeassistant", Message{Topic: "homeassistant/" + topic + "/config", Payload: []byte(payload)}); err != nil {
			t.Fatal(err)
		}
	}
	take("notify/b", `{"cmd_t":"x"}`)
	take("light/a", `no`)
	take("light/c", `{"cmd_t":"x"}`)
	if f := a.Faults(); len(f) != 2 || f[0].Topic != "homeassistant/light/a/config" || f[1].Entity != "notify.b" {
		t.Fatalf("got %v", f)
	}
	take("notify/b", ``)
	take("light/a", `{"cmd_t":"x"}`)
	if f := a.Faults(); len(f) != 0 {
		t.Fatalf("mended, but %v", f)
	}
}
