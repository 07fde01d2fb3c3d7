package appliance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The manual must not drift from the program: each key, with its default.
func TestConfigFileOfTheRepositoryIsTheDefault(t *testing.T) {
	got, err := LoadConfig("../config.toml")
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultConfig()
	want.Dir = ".."
	if got != want {
		t.Errorf("config.toml decodes to\n%+v, want\n%+v", got, want)
	}
	data, _ := os.ReadFile("../config.toml")
	for _, key := range []string{"language", "room", "broker", "username", "password_file", "ca_file", "listen", "discovery_prefix", "model", "voice",
		"time_zone", "latitude", "longitude", "battery_clock"} {
		if !strings.Contains(string(data), "\n"+key+" = ") {
			t.Errorf("config.toml does not show the key %q", key)
		}
	}
}

func TestConfigFaultsNameFileLineAndKey(t *testing.T) {
	for _, tt := range []struct{ name, toml, want string }{
		{"unknown key", "langage = 'en'", "config.toml:1: unknown key 'langage'"},
		{"unknown key in a table", "\n[mqtt]\nport = 1883", "config.toml:3: unknown key 'mqtt.port'"},
		{"wrong type", "language = 7", "config.toml:1: 'language': "},
		{"not TOML", "language = ", "config.toml:1: "},
		{"no broker URL", "[mqtt]\nbroker = 'homeassistant.local'", `'mqtt.broker' must be tcp://, ssl://, ws:// or wss:// and a host, not "homeassistant.local"`},
		{"no port", "[mqtt]\nlisten = 'localhost'", "'mqtt.listen' must be host:port"},
		{"wildcard prefix", "[mqtt]\ndiscovery_prefix = 'home/#'", "'mqtt.discovery_prefix' must be a topic without wildcards"},
		{"no such model", "[stt]\nmodel = '/nowhere/x.bin'", "'stt.model': stat /nowhere/x.bin"},
		{"no such time zone", "[place]\ntime_zone = 'Berlin'", `'place.time_zone' must be a name such as Europe/Berlin, not "Berlin"`},
		{"off the globe", "[place]\nlatitude = 91.0", "'place.latitude' must be between -90 and 90"},
		{"round the globe", "[place]\nlongitude = nan", "'place.longitude' must be between -180 and 180"},
		{"two faults are both told", "language = ''\n[mqtt]\nlisten = 'x'", "'language' must not be empty\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "config.toml")
			if err := os.WriteFile(file, []byte(tt.toml), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := LoadConfig(file)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is\n%v, want it to say\n%s", err, tt.want)
			}
		})
	}
}

func TestConfigThatWasNamedMustExist(t *testing.T) {
	if _, err := LoadConfig(filepath.Join(t.TempDir(), "no.toml")); err == nil {
		t.Error("a missing file that was named is not an error")
	}
}
