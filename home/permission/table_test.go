package permission

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func at(clock string) time.Time {
	t, err := time.Parse("15:04", clock)
	if err != nil {
		panic(err)
	}
	return t.AddDate(2026, 0, 0)
}

var (
	hall     = Asker{Source: Voice, Room: "hall", RoomName: "Hall"}
	unlock   = Action{Device: "lock.front_door", Intent: "HassTurnOff", Does: Unlock}
	lock     = Action{Device: "lock.front_door", Intent: "HassTurnOn", Does: Lock}
	garage   = Action{Device: "cover.garage", Class: "garage", Intent: "HassTurnOn", Does: Open}
	blinds   = Action{Device: "cover.blinds", Class: "blind", Intent: "HassTurnOn", Does: Open}
	disarm   = Action{Device: "alarm_control_panel.home", Intent: "HassTurnOff", Does: Disarm}
	heater   = Action{Device: "switch.heater", Intent: "HassTurnOn"}
	announce = Action{Intent: "HassBroadcast"}
)

// What every home has, with no row of the owner's.
func TestAHomeIsSafeByItself(t *testing.T) {
	by := func(s Source) Asker { return Asker{Source: s, Room: "hall"} }
	later := hall
	later.Later = true
	for _, tt := range []struct {
		name string
		a    Action
		who  Asker
		code bool
		want Verdict
	}{
		{"a voice unlocks", unlock, hall, false, Confirm},
		{"a voice unlocks, and there is a code", unlock, hall, true, Code},
		{"a voice locks", lock, hall, false, Allow},
		{"a voice opens the garage", garage, hall, false, Confirm},
		{"a voice closes the garage", Action{Device: "cover.garage", Class: "garage", Does: Close}, hall, false, Allow},
		{"a voice opens the blinds", blinds, hall, false, Allow},
		{"a voice disarms", disarm, hall, false, Confirm},
		{"a voice arms", Action{Device: "alarm_control_panel.home", Does: Arm}, hall, false, Allow},
		{"something unheard of is done to a lock", Action{Device: "lock.front_door", Intent: "HassLockDance"}, hall, false, Confirm},
		{"typed at the box", unlock, by(CLI), false, Confirm},
		{"by MQTT", unlock, by(MQTT), false, Refuse},
		{"by Wyoming", garage, by(Wyoming), false, Refuse},
		{"by Hermes", disarm, by(Hermes), false, Refuse},
		{"by a sibling, with a code set", unlock, by(Sibling), true, Refuse},
		{"by nobody knows whom", unlock, Asker{}, false, Refuse},
		{"by MQTT, locking", lock, by(MQTT), false, Allow},
		{"by MQTT, a heater", heater, by(MQTT), false, Allow},
		{"later, when nobody may be there", unlock, later, false, Refuse},
		{"later, locking", lock, later, false, Allow},
		{"no device at all", announce, by(MQTT), false, Allow},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := (Table{HasCode: tt.code}).Judge(tt.a, tt.who, at("12:00")); got.Verdict != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestTheFirstRowThatFitsDecides(t *testing.T) {
	rows := []Row{
		{Devices: []string{"lock.front_door"}, Rooms: []string{"Hall"}, Hours: "08:00-20:00", Then: Allow, Where: "10"},
		{Devices: []string{"lock.front_door"}, Then: Refuse, Where: "20"},
		{Intents: []string{"HassBroadcast"}, Sources: []Source{MQTT}, Then: Refuse, Where: "30"},
		{Domains: []string{"switch"}, Hours: "22:00-06:00", Then: Confirm, Where: "40"},
		{Domains: []string{"cover.blind"}, Intents: []string{"open"}, Rooms: []string{"kids"}, Then: Refuse, Where: "50"},
		{Then: Allow, Where: "60"},
	}
	table := Table{Rows: rows}
	kids := Asker{Source: Voice, Room: "kids", RoomName: "Kids' room"}
	for _, tt := range []struct {
		name  string
		a     Action
		who   Asker
		clock string
		want  Verdict
		line  string
	}{
		{"the hall by day", unlock, hall, "12:00", Allow, "10"},
		{"the hall by night", unlock, hall, "20:00", Refuse, "20"},
		{"another room by day", unlock, kids, "12:00", Refuse, "20"},
		{"an announcement by MQTT", announce, Asker{Source: MQTT}, "12:00", Refuse, "30"},
		{"an announcement by voice", announce, hall, "12:00", Allow, "60"},
		{"a switch before midnight", heater, hall, "23:59", Confirm, "40"},
		{"a switch after midnight", heater, hall, "05:59", Confirm, "40"},
		{"a switch at six", heater, hall, "06:00", Allow, "60"},
		{"blinds from the kids' room", blinds, kids, "12:00", Refuse, "50"},
		{"a row that allows everything opens no garage", garage, hall, "12:00", Confirm, ""},
		{"nor for MQTT", garage, Asker{Source: MQTT}, "12:00", Refuse, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := table.Judge(tt.a, tt.who, at(tt.clock))
			if got.Verdict != tt.want || got.Row.Where != tt.line {
				t.Errorf("%s, want %s by line %s", got, tt.want, tt.line)
			}
		})
	}
}

// A clock that is not known opens nothing that has hours, and frees nothing that hours close.
func TestHoursWithoutAClock(t *testing.T) {
	open := Table{Rows: []Row{{Domains: []string{"lock"}, Hours: "08:00-20:00", Then: Allow, Where: "1"}}}
	if got := open.Judge(unlock, hall, time.Time{}); got.Verdict != Confirm {
		t.Errorf("a lock that is free by day: %s", got)
	}
	shut := Table{Rows: []Row{{Domains: []string{"switch"}, Hours: "22:00-06:00", Then: Refuse, Where: "1"}}}
	if got := shut.Judge(heater, hall, time.Time{}); got.Verdict != Refuse {
		t.Errorf("a switch that is shut by night: %s", got)
	}
}

func TestACodeThatIsGoneRefuses(t *testing.T) {
	table := Table{Rows: []Row{{Domains: []string{"lock"}, Then: Code, Where: "1"}}}
	if got := table.Judge(unlock, hall, at("12:00")); got.Verdict != Refuse || !got.Unasked {
		t.Error(got)
	}
}

func TestRowsAreChecked(t *testing.T) {
	for _, tt := range []struct {
		name string
		row  Row
		want string
	}{
		{"no verdict", Row{}, `'permission.then' must be allow, confirm, code or refuse, not ""`},
		{"a verdict of another kind", Row{Then: "deny"}, `not "deny"`},
		{"no id", Row{Devices: []string{"front door"}, Then: Allow}, `"front door" is no id`},
		{"a domain that is none", Row{Devices: []string{"lok.front_door"}, Then: Allow}, `nothing can be done to a "lok"`},
		{"a domain that is none, as such", Row{Domains: []string{"locks"}, Then: Allow}, `"locks" is none of alarm_control_panel, `},
		{"no intent", Row{Intents: []string{"turn on"}, Then: Allow}, `"turn on" is neither an intent`},
		{"no source", Row{Sources: []Source{"telephone"}, Then: Allow}, `"telephone" is none of voice, cli, page, mqtt, wyoming, hermes, sibling`},
		{"a source that cannot be asked", Row{Sources: []Source{MQTT}, Then: Confirm}, "nobody who comes by mqtt can be asked for a yes"},
		{"no hours", Row{Hours: "night", Then: Allow}, `'permission.hours' must be like "22:00-07:00", not "night"`},
		{"all day", Row{Hours: "07:00-07:00", Then: Allow}, "'permission.hours'"},
		{"a code that there is not", Row{Then: Code}, "needs 'dialogue.code'"},
		{"two faults", Row{Then: "x", Hours: "y"}, "'permission.then'"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(tt.row.Faults(false), "\n"); !strings.Contains(got, tt.want) {
				t.Errorf("says %q, want %q", got, tt.want)
			}
		})
	}
	good := Row{Devices: []string{"lock.front_door"}, Domains: []string{"cover.garage"}, Intents: []string{"HassTurnOff", "unlock"}, Rooms: []string{"hall"},
		Sources: []Source{Voice}, Hours: "22:00-07:00", Then: Code}
	if got := good.Faults(true); got != nil {
		t.Errorf("a good row: %q", got)
	}
}

// FuzzNothingOpensUnnamed: whatever the rows say, what opens the house is allowed
// only by a row that names the device, its domain, or what is done.
func FuzzNothingOpensUnnamed(f *testing.F) {
	f.Add("lock.front_door", "", "HassTurnOff", "unlock", "mqtt", "", "", "", "allow")
	f.Add("cover.garage", "garage", "HassTurnOn", "open", "", "", "", "HassTurnOn", "allow")
	f.Add("alarm_control_panel.x", "", "CricketUndo", "disarm", "wyoming", "", "alarm_control_panel", "", "allow")
	f.Fuzz(func(t *testing.T, device, class, intent, does, source, devices, domains, intents, then string) {
		one := func(s string) []string {
			if s == "" {
				return nil
			}
			return []string{s}
		}
		a := Action{Device: device, Class: class, Intent: intent, Does: does}
		row := Row{Devices: one(devices), Domains: one(domains), Intents: one(intents), Then: Verdict(then), Where: "1"}
		if row.Faults(false) != nil {
			t.Skip()
		}
		j := Table{Rows: []Row{row}}.Judge(a, Asker{Source: Source(source), Room: "hall"}, at("12:00"))
		named := slices.Contains(row.Devices, device) || len(row.Domains) > 0 || slices.Contains(row.Intents, does)
		if a.guards() && j.Verdict == Allow && !named {
			t.Errorf("%+v is allowed by %s", a, j)
		}
		if (j.Verdict == Confirm || j.Verdict == Code) && !Source(source).MayConfirm() {
			t.Errorf("%+v asks somebody who comes by %q", a, source)
		}
	})
}
