package appliance

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// Finding is one thing that the doctor looked at.
type Finding struct {
	Part string `json:"part"`
	OK   bool   `json:"ok"`
	Text string `json:"text"`
	Hint string `json:"hint,omitempty"` // what to type or do
}

// CheckPrograms looks for the programs that Cricket runs as children.
func CheckPrograms(bin string) []Finding {
	var out []Finding
	for _, p := range []struct{ name, what string }{
		{"cricket-native", "recognises speech"},
		{"espeak-ng", "speaks, and knows how names sound"},
		{"llama-server", "runs language models"},
	} {
		path, err := Program(bin, p.name)
		if err != nil {
			out = append(out, Finding{Part: p.name, Text: err.Error(), Hint: "make setup build"})
			continue
		}
		out = append(out, Finding{Part: p.name, OK: true, Text: path + " " + p.what})
	}
	return out
}

// CheckConfig reads the owner's configuration, home and sentences as the daemon would.
func CheckConfig() Finding {
	f := Finding{Part: "config", Hint: "correct the file; the repository's config.toml shows every key"}
	c, err := OwnConfig("", StateDir())
	if err == nil {
		_, err = ownHome(c)
	}
	if err == nil {
		_, err = Sentences(c)
	}
	if err != nil {
		f.Text = err.Error()
		return f
	}
	if _, err := os.Stat(ConfigFile); err != nil {
		return Finding{Part: "config", OK: true, Text: "no " + ConfigFile + ": the defaults"}
	}
	return Finding{Part: "config", OK: true, Text: "no fault in " + c.Dir}
}

// Doctor looks at every part of the running box.
func (b *Box) Doctor(ctx context.Context) []Finding {
	out := CheckPrograms(b.options.Bin)
	out = append(out, b.checkFriends()...)
	out = append(out, b.checkBroker(), b.checkHomeAssistant(), b.checkSound(ctx), b.checkEars(), b.checkModel(), b.checkGuest(ctx), b.checkOpenAI(), b.checkSchedule(), b.voices.check(), b.checkLoudspeaker(ctx))
	for _, fault := range b.unread {
		out = append(out, Finding{Part: "sentences", Text: fault.Error(), Hint: "correct the file and restart cricket; until then it is left out, whole"})
	}
	out = append(append(out, b.checkPermissions()...), b.checkLearned()...)
	s := b.house.Now()
	devices := Finding{Part: "home", OK: true, Text: fmt.Sprintf("%d devices in %d rooms", len(s.Home.Devices), len(s.Home.Areas))}
	if len(s.Home.Devices) == 0 {
		devices.Text = "no device has announced itself yet"
		devices.Hint = "mosquitto_sub -v -t '" + b.config.MQTT.DiscoveryPrefix + "/#'"
	}
	out = append(out, devices)
	if room := b.config.Room; room != "" {
		if _, ok := s.Home.Area(room); !ok {
			out = append(out, Finding{Part: "config", Text: fmt.Sprintf("'room' is %q, and the home has no such room", room), Hint: "cricket home show"})
		}
	}
	for _, d := range s.Home.Devices {
		switch {
		case d.Entity == nil:
			out = append(out, Finding{Part: d.ID, Text: "is in home.toml and has not announced itself by MQTT discovery",
				Hint: "check that the device is on and that its id is the one it announces"})
		case d.Offline:
			out = append(out, Finding{Part: d.ID, Text: "says that it is not available", Hint: "check its power and network"})
		}
	}
	out = append(out, b.checkSettings()...)
	out = append(out, b.checkTrust()...)
	out = append(out, b.checkMesh(ctx)...)
	out = append(append(out, b.checkPage()...), b.checkRestored()...)
	out = append(out, b.checkBoard()...)
	out = append(out, b.checkUpdate()...)
	for _, alert := range s.Alerts {
		out = append(out, Finding{Part: alert.Topic, Text: "says: " + alert.Reason, Hint: "look after the device"})
	}
	for _, m := range b.house.notUnderstood(ctx) {
		out = append(out, Finding{Part: m.device, Text: fmt.Sprintf("%d messages on %s are not understood: %s", m.count, m.topic, m.reason),
			Hint: "compare what the device sends with what it announces: mosquitto_sub -v -t '" + m.topic + "'"})
	}
	for _, f := range s.Faults {
		part := f.Topic
		if f.Entity != "" {
			part += " (" + f.Entity + ")"
		}
		out = append(out, Finding{Part: part, Text: "not speakable: " + f.Reason})
	}
	return out
}

func (b *Box) checkBroker() Finding {
	state := b.client.Status()
	f := Finding{Part: "broker", OK: state.Connected, Text: "connected to " + state.Broker}
	if b.broker != nil {
		f.Text += ", our own"
	}
	if !state.Connected {
		f.Text = fmt.Sprintf("not connected to %s: %v", state.Broker, state.Err)
		f.Hint = "check mqtt.broker in config.toml, and that the broker runs"
	}
	return f
}

func (b *Box) checkEars() Finding {
	f := Finding{Part: "recogniser", Text: "not started"}
	if b.ears == nil {
		return f
	}
	state, ears := b.ears.State(), b.ears.current()
	f.OK, f.Text = state.Running, ears.String()
	if ears.closed && ears.name == "pocketsphinx" && !strings.HasPrefix(b.config.Language, "en") {
		f.OK, f.Hint = false, "cricket models list stt"
		f.Text += fmt.Sprintf(", which hears English, and the language is %q", b.config.Language)
	} else if ears.closed {
		f.Text += ", which hears only the sentences and names of this home; a real home should use a whisper model"
	}
	if b.ears.note != "" {
		f.Text += "; " + b.ears.note
	}
	if fallen := b.ears.fallen(); fallen != "" {
		f.OK, f.Hint = false, "cricket models verify"
		f.Text += "; " + fallen
	}
	b.ears.checkElsewhere(&f)
	if fault := b.unheard.Load(); fault != nil && *fault != "" {
		f.OK, f.Hint = false, "give the device an alias in plain words, in home.toml"
		f.Text += "; " + *fault
	}
	if state.Restarts > 0 {
		f.Text += fmt.Sprintf("; restarted %d times", state.Restarts)
	}
	if !state.Running {
		f.Text += fmt.Sprintf("; not running: %v", state.Err)
		f.Hint = "make setup build"
	}
	return f
}

func (b *Box) checkSchedule() Finding {
	now := b.clock.now()
	f := Finding{Part: "schedule", OK: true, Text: fmt.Sprintf("%d planned", len(b.agenda.Book().Entries))}
	switch fault := b.agenda.fault.Load(); {
	case fault != nil:
		f.OK, f.Text, f.Hint = false, *fault, "df -h "+b.options.HomeDir
	case b.damaged != nil:
		f.OK, f.Text, f.Hint = false, b.damaged.Error(), "look for what is missing: cricket ring"
	case !now.Known:
		f.OK, f.Text = false, f.Text+"; the clock is not set, so alarms do not ring"
		f.Hint = "timedatectl; or set battery_clock in config.toml"
	case !b.place.Known():
		f.Text += "; where the home is, is not in config.toml, so there is no sunrise and no sunset"
	}
	return f
}
