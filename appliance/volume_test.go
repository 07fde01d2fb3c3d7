package appliance

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/intent"
)

func moment(t *testing.T, text string) schedule.Now {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, time.FixedZone("here", 3600))
	if err != nil {
		t.Fatal(err)
	}
	return schedule.Now{Wall: at, Known: true}
}

func TestQuietHours(t *testing.T) {
	for _, tt := range []struct {
		name, from, to, now string
		until               string // "" where it is not quiet
	}{
		{"none", "", "", "2026-11-23 03:00", ""},
		{"before them", "22:00", "07:00", "2026-11-23 21:59", ""},
		{"the first minute", "22:00", "07:00", "2026-11-23 22:00", "2026-11-24 07:00"},
		{"after midnight", "22:00", "07:00", "2026-12-01 00:30", "2026-12-01 07:00"},
		{"at the end of a month", "22:00", "07:00", "2026-11-30 23:30", "2026-12-01 07:00"},
		{"the last minute", "22:00", "07:00", "2026-11-23 06:59", "2026-11-23 07:00"},
		{"after them", "22:00", "07:00", "2026-11-23 07:00", ""},
		{"a nap", "13:00", "14:30", "2026-11-23 13:30", "2026-11-23 14:30"},
		{"after the nap", "13:00", "14:30", "2026-11-23 14:30", ""},
		{"from midnight", "0:00", "6:00", "2026-11-23 00:00", "2026-11-23 06:00"},
	} {
		until, quiet := Quiet{From: tt.from, To: tt.to}.holds(moment(t, tt.now))
		if quiet != (tt.until != "") || quiet && !until.Equal(moment(t, tt.until).Wall) {
			t.Errorf("%s: %v until %v, want until %q", tt.name, quiet, until, tt.until)
		}
	}
	if _, quiet := (Quiet{From: "22:00", To: "07:00"}).holds(schedule.Now{Wall: time.Date(2026, 1, 1, 23, 0, 0, 0, time.UTC)}); quiet {
		t.Error("it is quiet by a clock that nobody has set")
	}
}

// The volume is kept; that of quiet hours is theirs, unless somebody says another.
func TestVolume(t *testing.T) {
	now := moment(t, "2026-11-23 12:00")
	file := filepath.Join(t.TempDir(), "state", "volume.json")
	open := func() *volume {
		t.Helper()
		v, err := openVolume(file, Quiet{From: "22:00", To: "07:00", Volume: 30}, func() schedule.Now { return now })
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	v := open()
	want := func(when string, words, ring int) {
		t.Helper()
		if v.of(false) != words || v.of(true) != ring {
			t.Errorf("%s: %d and %d percent, want %d and %d", when, v.of(false), v.of(true), words, ring)
		}
	}
	set := func(percent int) {
		t.Helper()
		if err := v.Set(percent); err != nil {
			t.Fatal(err)
		}
	}
	want("at first", firstVolume, firstVolume)
	set(60)
	v = open()
	want("after a restart", 60, ringVolume)
	now = moment(t, "2026-11-23 23:00")
	want("at night", 30, ringVolume)
	set(90)
	want("at night, told to be louder", 90, 90)
	now = moment(t, "2026-11-24 08:00")
	want("next morning", 60, ringVolume)
	now = moment(t, "2026-11-24 23:00")
	want("next night", 30, ringVolume)
	now = moment(t, "2026-11-24 12:00")
	set(10)
	want("told to be softer", 10, ringVolume)
	now = moment(t, "2026-11-24 23:00")
	want("softer than the night", 10, ringVolume)

	for _, damage := range []string{"", "loud", `{"volume": 101}`} {
		if err := os.WriteFile(file, []byte(damage), 0o600); err != nil {
			t.Fatal(err)
		}
		if v, err := openVolume(file, Quiet{}, v.now); err == nil || v.Now() != firstVolume {
			t.Errorf("%q is a volume of %d percent, error %v", damage, v.Now(), err)
		}
	}
}

// The box is told how loud to speak, and is told to take it back.
func TestOwnVolume(t *testing.T) {
	b := start(t, oneLamp, free(), true)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		text, reply string
		percent     int
	}{
		{"set the volume to 40 percent", "My volume is at 40 percent.", 40},
		{"louder", "My volume is at 50 percent.", 50},
		{"speak a bit more quietly", "My volume is at 40 percent.", 40},
		{"undo", "That is undone.", 50},
		{"undo", "That is undone.", 40},
		{"set your volume to 100", "My volume is at 100 percent.", 100},
		{"louder", "I cannot speak any louder.", 100},
		{"turn on the lamp", "Lamp on.", 100},
		{"set your volume to 0", "My volume is at 0 percent.", 0},
		{"quieter", "I cannot speak any more softly.", 0},
	} {
		if r := b.Ask(within(t), tt.text, Request{Room: "hall"}); r.Reply != tt.reply || b.loud.Now() != tt.percent {
			t.Errorf("%s: %s; %d percent, want %d", tt.text, r, b.loud.Now(), tt.percent)
		}
	}
	if r := b.Ask(within(t), "set your volume to 40", Request{Room: "hall", DryRun: true}); !r.Done() || b.loud.Now() != 0 {
		t.Errorf("a dry run: %s; %d percent", r, b.loud.Now())
	}
}

// A volume that cannot be kept is not set, and that is said.
func TestVolumeOnAFullDisk(t *testing.T) {
	b := start(t, oneLamp, free(), true)
	if err := b.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	b.loud.file = "/proc/no/volume.json"
	r := b.Ask(within(t), "set your volume to 40", Request{Room: "hall"})
	if r.Done() || r.Fault == nil || r.Fault.Part != "volume" || b.loud.Now() != firstVolume ||
		r.Reply != "I cannot write that down, so it is not done; please look at my memory card." {
		t.Errorf("%s; %d percent", r, b.loud.Now())
	}
}

// Where whoever asked sees what was done a sound stands for the words; what is
// asked, what is elsewhere and what failed has words.
func TestBeep(t *testing.T) {
	const home = oneLamp + `
[[device]]
id = "climate.heating"
name = "Heating"
area = "hall"
state = "heat"
`
	type say struct {
		room string
		in   intent.Intent
		beep bool
	}
	ago := func(d time.Duration) string { return time.Now().Add(-d).Format("15:04") }
	heating := intent.Intent{Name: "HassClimateSetTemperature", Targets: []string{"climate.heating"}, Slots: map[string]any{"temperature": 21.0}}
	for _, tt := range []struct {
		name   string
		config func(*Config)
		says   []say
	}{
		{"by default", func(*Config) {}, []say{
			{"hall", lamp("HassTurnOn"), true},
			{"", lamp("HassTurnOff"), false},
			{"hall", lamp("HassGetState"), false},
			{"hall", heating, false},
			{"hall", named("HassNevermind"), true},
			{"hall", intent.Intent{Name: "HassStartTimer", Slots: map[string]any{"minutes": 5.0}}, false},
			{"hall", intent.Intent{Refusal: intent.NotRecognized}, false},
		}},
		{"in words", func(c *Config) { c.TTS.Beep = false }, []say{{"hall", lamp("HassTurnOn"), false}}},
		{"in quiet hours", func(c *Config) {
			c.TTS.Beep, c.Quiet = false, Quiet{From: ago(time.Hour), To: ago(-time.Hour), Beeps: true}
		}, []say{{"hall", lamp("HassTurnOn"), true}, {"", lamp("HassTurnOff"), true}, {"hall", heating, true}, {"hall", lamp("HassGetState"), false}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := free()
			tt.config(&c)
			b := start(t, home, c, true)
			if err := b.Ready(within(t)); err != nil {
				t.Fatal(err)
			}
			for _, s := range tt.says {
				r := meansIn(t, b, s.in, s.room)
				if r.Beep != s.beep {
					t.Errorf("%q: %s: beep %v", s.room, r, r.Beep)
				}
			}
			if err := b.devices.Freeze(within(t), "light.lamp"); err != nil {
				t.Fatal(err)
			}
			toggled := lamp("HassTurnOn")
			if d, _ := b.house.Now().Home.Device("light.lamp"); d.State == "on" {
				toggled = lamp("HassTurnOff")
			}
			if r := means(t, b, toggled); r.Beep || r.Done() {
				t.Errorf("a lamp that does not answer: %s: beep %v", r, r.Beep)
			}
		})
	}
}
