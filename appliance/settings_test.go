package appliance

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/home/permission"
)

// What is set on the house page holds from the next start on, where config.toml says nothing else.
func TestSettings(t *testing.T) {
	b := newBox(t, oneLamp, free(), false)
	config := filepath.Join(t.TempDir(), "config.toml")
	writes := func(text string) {
		t.Helper()
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	post := func(form url.Values) (int, string) {
		r := httptest.NewRequest("POST", "/settings", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		b.handler(permission.Page).ServeHTTP(w, r)
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	all := url.Values{"language": {"de"}, "room": {" Kitchen "}, "broker": {"homeassistant.local"}, "username": {"box"}, "password": {"open sesame"}, "quiet_from": {"22:00"}, "quiet_to": {"07:00"}}
	with := func(key, value string) url.Values {
		f := url.Values{}
		for k, v := range all {
			f[k] = v
		}
		f.Set(key, value)
		return f
	}
	if status, text := post(all); status != http.StatusServiceUnavailable {
		t.Errorf("a box of a command: %d %s", status, text)
	}
	b.options.Keep = true
	for _, tt := range []struct{ key, value, want string }{
		{"language", "tlh", "no language"}, {"language", "", "no language"}, {"language", "../de", "no language"},
		{"broker", "home assistant", "mqtt.broker"}, {"broker", "ftp://x", "mqtt.broker"}, {"broker", "tcp://", "mqtt.broker"}, {"broker", "tcp://box:secret@ha:1883", "without a user"},
		{"room", "a\x00b", "can be printed"}, {"room", strings.Repeat("x", 201), "at most 200 bytes"}, {"username", "a\nb", "can be printed"},
		{"quiet_from", "late", "quiet.from"}, {"quiet_to", "", "quiet.to"}, {"quiet_to", "22:00", "same time"},
	} {
		if status, text := post(with(tt.key, tt.value)); status != http.StatusBadRequest || !strings.Contains(text, tt.want) {
			t.Errorf("%s %q: %d %s", tt.key, tt.value, status, text)
		}
	}
	if files, err := os.ReadDir(b.options.StateDir); err != nil || slices.ContainsFunc(files, func(f os.DirEntry) bool {
		return strings.Contains(f.Name(), "settings") || strings.Contains(f.Name(), "password")
	}) {
		t.Errorf("something of what was refused is kept: %v %v", files, err)
	}

	restarts := func() {
		t.Helper()
		select {
		case <-b.again:
		case <-within(t).Done():
			t.Fatal("it does not restart")
		}
	}
	if status, text := post(all); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	restarts()
	writes("")
	c, err := OwnConfig(config, b.options.StateDir)
	if err != nil || c.Unsettled != "" {
		t.Fatal(err, c.Unsettled)
	}
	if c.Language != "de" || c.Room != "Kitchen" || c.MQTT.Broker != "tcp://homeassistant.local:1883" || c.MQTT.Username != "box" || c.Quiet.From != "22:00" || c.Quiet.To != "07:00" {
		t.Errorf("%+v", c)
	}
	if secret, err := os.ReadFile(c.MQTT.PasswordFile); err != nil || string(secret) != "open sesame\n" {
		t.Errorf("%q, %v", secret, err)
	}
	if info, err := os.Stat(c.MQTT.PasswordFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}

	// The owner's file is before the page.
	writes("room = \"Attic\"\n[mqtt]\nusername = \"owner\"\npassword_file = \"" + c.MQTT.PasswordFile + "\"\n[quiet]\nfrom = \"23:00\"\nto = \"06:00\"\n")
	if c, err = OwnConfig(config, b.options.StateDir); err != nil || c.Language != "de" || c.Room != "Attic" || c.MQTT.Broker != "" || c.MQTT.Username != "owner" || c.Quiet.From != "23:00" {
		t.Errorf("%+v, %v", c, err)
	}
	b.config.Fixed = c.Fixed
	if v := b.settingsView(); !slices.Equal(v.Fixed, []string{"room", "broker", "quiet"}) || !slices.Equal(v.Rooms, []string{"Hall"}) || !slices.Contains(v.Languages, "tr") {
		t.Errorf("%+v", v)
	}
	b.config.Fixed = nil

	// What the file hides is kept for the time when it does not, and the broker's password with it.
	b.config.Fixed = c.Fixed
	if status, text := post(url.Values{"language": {"fr"}}); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	restarts()
	writes("")
	if c, err = OwnConfig(config, b.options.StateDir); err != nil || c.Language != "fr" || c.Room != "Kitchen" || c.MQTT.Username != "box" || c.MQTT.PasswordFile == "" || c.Quiet.To != "07:00" {
		t.Errorf("%+v, %v", c, err)
	}
	b.config.Fixed = nil

	// Nothing is taken that the box would not start with.
	b.config.Permission = []permission.Row{{Intents: []string{"MyGate"}, Then: permission.Refuse, Where: "config.toml:1"}}
	if status, text := post(all); status != http.StatusBadRequest || !strings.Contains(text, "no sentence leads to \"MyGate\"") {
		t.Errorf("%d %s", status, text)
	}
	b.config.Permission = nil
	b.config.MQTT.CAFile = "/no/such/ca.pem"
	if status, text := post(all); status != http.StatusBadRequest {
		t.Errorf("a broker that is not encrypted, with a CA: %d %s", status, text)
	}
	b.config.MQTT.CAFile = ""

	// Without a password it stays; for another broker, another user or none it is forgotten.
	if status, text := post(with("password", "")); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	restarts()
	if secret, err := os.ReadFile(brokerPasswordFile(b.options.StateDir)); err != nil || string(secret) != "open sesame\n" {
		t.Errorf("%q, %v", secret, err)
	}
	for _, other := range [][2]string{{"username", "other"}, {"broker", "10.0.0.7"}, {"broker", "discover"}, {"broker", ""}, {"username", ""}} {
		if status, text := post(all); status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
		restarts()
		f := with(other[0], other[1])
		if f.Del("password"); other[1] == "" {
			f.Set("password", "for nobody")
		}
		if status, text := post(f); status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
		restarts()
		if _, err := os.Stat(brokerPasswordFile(b.options.StateDir)); err == nil {
			t.Errorf("with %q as the %s the password stays", other[1], other[0])
		}
	}

	for typed, want := range map[string]string{"": "", "discover": "discover", "10.0.0.7": "tcp://10.0.0.7:1883", "ha:1884": "tcp://ha:1884", "fd00::7": "tcp://[fd00::7]:1883", "[fd00::7]": "tcp://[fd00::7]:1883", "ssl://ha:8883": "ssl://ha:8883"} {
		if is := brokerURL(typed); is != want {
			t.Errorf("%q is %q, want %q", typed, is, want)
		}
	}

	// Damaged settings set nothing, and the doctor says so.
	writes("room = \"Attic\"\n")
	for _, damage := range []string{"{", `{"language": 3}`, `{"quiet_from": "late", "quiet_to": "x"}`, `{"broker": "nonsense"}`, `{"language": "tlh"}`} {
		if err := os.WriteFile(settingsFile(b.options.StateDir), []byte(damage), 0o600); err != nil {
			t.Fatal(err)
		}
		if c, err = OwnConfig(config, b.options.StateDir); err != nil || c.Unsettled == "" || c.Room != "Attic" || c.Language != "en" || c.MQTT.Broker != "" || c.Quiet.From != "" {
			t.Errorf("%s: %+v, %v", damage, c, err)
		}
		b.config.Unsettled = c.Unsettled
		if f := b.checkSettings(); len(f) != 1 || f[0].OK || f[0].Text != c.Unsettled {
			t.Errorf("%s: the doctor says %+v", damage, f)
		}
	}
}
