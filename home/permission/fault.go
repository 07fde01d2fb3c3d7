package permission

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	deviceID   = regexp.MustCompile(`^[a-z0-9_]+\.[a-z0-9_]+$`)
	intentName = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)
)

// domains are Home Assistant's, of the devices that something can be done to.
var domains = []string{
	"alarm_control_panel", "automation", "button", "climate", "cover", "fan", "humidifier", "input_boolean", "input_button",
	"lawn_mower", "light", "lock", "media_player", "number", "remote", "scene", "script", "select", "siren", "switch",
	"vacuum", "valve", "water_heater",
}

var (
	sources = []Source{Voice, CLI, Page, MQTT, Wyoming, Hermes, Sibling}
)

// Words are what an action does, in a row's intents.
var Words = []string{Open, Close, Lock, Unlock, Arm, Disarm}

// Faults is what is wrong with an owner's row, in words; hasCode says whether there is a code to ask for.
func (r Row) Faults(hasCode bool) []string {
	var out []string
	fault := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, d := range r.Devices {
		domain, _, _ := strings.Cut(d, ".")
		switch {
		case !deviceID.MatchString(d):
			fault("'permission.devices': %q is no id such as lock.front_door", d)
		case !slices.Contains(domains, domain):
			fault("'permission.devices': %q: nothing can be done to a %q", d, domain)
		}
	}
	for _, d := range r.Domains {
		domain, _, _ := strings.Cut(d, ".")
		if !slices.Contains(domains, domain) {
			fault("'permission.domains': %q is none of %s", d, strings.Join(domains, ", "))
		}
	}
	for _, in := range r.Intents {
		if !slices.Contains(Words, in) && !intentName.MatchString(in) {
			fault("'permission.intents': %q is neither an intent such as HassTurnOn nor one of %s", in, strings.Join(Words, ", "))
		}
	}
	for _, s := range r.Sources {
		switch {
		case !slices.Contains(sources, s):
			fault("'permission.sources': %q is none of %s", s, strings.ReplaceAll(strings.Trim(fmt.Sprint(sources), "[]"), " ", ", "))
		case (r.Then == Confirm || r.Then == Code) && !s.MayConfirm():
			fault("'permission.then': nobody who comes by %s can be asked for a %s", s, map[Verdict]string{Confirm: "yes", Code: "code"}[r.Then])
		}
	}
	if r.Hours != "" {
		if _, _, ok := span(r.Hours); !ok {
			fault("'permission.hours' must be like \"22:00-07:00\", not %q", r.Hours)
		}
	}
	switch r.Then {
	case Allow, Confirm, Refuse:
	case Code:
		if !hasCode {
			fault("'permission.then' = \"code\" needs 'dialogue.code'")
		}
	default:
		fault("'permission.then' must be allow, confirm, code or refuse, not %q", r.Then)
	}
	return out
}
