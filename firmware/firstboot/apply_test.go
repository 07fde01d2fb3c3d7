package firstboot

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

const id = "0123456789abcdef0123456789abcdef"

// card is a card before a start.
func card(t *testing.T, files map[string]string) Places {
	dir := t.TempDir()
	p := Places{Firmware: filepath.Join(dir, "firmware"), System: filepath.Join(dir, "system"), Etc: filepath.Join(dir, "etc"), Languages: []string{"en", "de"}}
	config, err := os.ReadFile("../../config.toml")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"etc/machine-id": id + "\n", "etc/cricket/config.toml": string(config), "usr/share/zoneinfo/Europe/Berlin": "TZif", "firmware/config.txt": "arm_64bit=1\n"}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		name = filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func read(t *testing.T, parts ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(parts...))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(data)
}

func apply(t *testing.T, p Places) []Fault {
	t.Helper()
	faults, err := Apply(p)
	if err != nil {
		t.Fatal(err)
	}
	return faults
}

// A box with a cable needs no file at all.
func TestStartWithoutSettings(t *testing.T) {
	p := card(t, nil)
	if faults := apply(t, p); len(faults) > 0 {
		t.Error(faults)
	}
	if got := read(t, p.Etc, "hostname"); got != "cricket-012345\n" {
		t.Errorf("it is called %q", got)
	}
	if got := read(t, p.System, "machine-id"); got != id+"\n" {
		t.Errorf("at the next start it is %q", got)
	}
	if read(t, p.System, keysFile) != "" {
		t.Error("somebody may log in")
	}
	want, err := os.ReadFile("../../config.toml")
	if err != nil || read(t, p.Etc, "cricket/config.toml") != string(want) {
		t.Error("the configuration was changed")
	}
	if _, err := os.Stat(filepath.Join(p.Firmware, FaultsFile)); err == nil {
		t.Error("it complains")
	}
}

func TestStartWithTextFile(t *testing.T) {
	const text = "# mine\r\nname = attic\r\ntime_zone = Europe/Berlin\r\nlanguage = de\r\nroom = Attic\r\nwifi_name = Net; 1\r\nwifi_password = hush\\hush\r\n" +
		"mqtt_broker = hub\r\nmqtt_username = box\r\nmqtt_password = quiet\"please\r\npage_code = knock knock\r\nssh_key = ssh-rsa AAAA me\r\nmicrophone = USB\r\n"
	p := card(t, map[string]string{"firmware/cricket.txt": text})
	if faults := apply(t, p); len(faults) > 0 {
		t.Error(faults)
	}
	var config struct {
		Language, Room string
		MQTT           struct {
			Broker, Username string
			PasswordFile     string `toml:"password_file"`
		}
		Audio struct{ Microphone, Loudspeaker string }
		Page  struct {
			CodeFile string `toml:"code_file"`
		}
	}
	if err := toml.Unmarshal([]byte(read(t, p.Etc, "cricket/config.toml")), &config); err != nil {
		t.Fatal(err)
	}
	if config.Language != "de" || config.Room != "Attic" || config.MQTT.Broker != "tcp://hub:1883" || config.MQTT.Username != "box" ||
		config.MQTT.PasswordFile != "/etc/cricket/mqtt-password" || config.Audio.Microphone != "USB" || config.Audio.Loudspeaker != "" || config.Page.CodeFile != "/etc/cricket/page-code" {
		t.Errorf("the daemon reads %+v", config)
	}
	for file, want := range map[string]string{
		"etc/hostname": "attic\n", "etc/cricket/mqtt-password": "quiet\"please\n", "etc/cricket/page-code": "knock knock\n", "system/authorized_keys": "ssh-rsa AAAA me\n",
	} {
		if got := read(t, filepath.Dir(p.Etc), file); got != want {
			t.Errorf("%s is %q, want %q", file, got, want)
		}
	}
	if link, err := os.Readlink(filepath.Join(p.Etc, "localtime")); err != nil || link != "../usr/share/zoneinfo/Europe/Berlin" {
		t.Errorf("the time is that of %q, %v", link, err)
	}
	wifi := read(t, p.Etc, "NetworkManager/system-connections/cricket-1.nmconnection")
	if !strings.Contains(wifi, "\nssid=78;101;116;59;32;49;\n") || !strings.Contains(wifi, "\npsk=hush\\\\hush\n") {
		t.Errorf("NetworkManager reads\n%s", wifi)
	}
	if info, err := os.Stat(filepath.Join(p.Etc, "NetworkManager/system-connections/cricket-1.nmconnection")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others can read the key: %v, %v", info.Mode(), err)
	}

	// The card has no secret any more, and what else was written there.
	left := read(t, p.Firmware, TextFile)
	if strings.Contains(left, "hush") || strings.Contains(left, "quiet") || strings.Contains(left, "knock") || !strings.Contains(left, "name = attic\r\n") || !strings.HasPrefix(left, "# mine\r\n") {
		t.Errorf("on the card is\n%s", left)
	}

	// The second start finds the same, and forgets nothing.
	os.Remove(filepath.Join(p.Etc, "hostname"))
	if faults := apply(t, p); len(faults) > 0 {
		t.Error(faults)
	}
	if read(t, p.Etc, "hostname") != "attic\n" || read(t, p.Etc, "NetworkManager/system-connections/cricket-1.nmconnection") != wifi ||
		read(t, p.Etc, "cricket/mqtt-password") != "quiet\"please\n" || read(t, p.Etc, "cricket/page-code") != "knock knock\n" {
		t.Error("after the second start something is gone")
	}
}

func TestStartWithImagersFiles(t *testing.T) {
	p := card(t, map[string]string{
		"firmware/user-data":      "#cloud-config\nhostname: from-imager\ntimezone: Europe/Nowhere\nlocale: xx_XX\n",
		"firmware/network-config": "network: {wifis: {wlan0: {regulatory-domain: DE, access-points: {home: {password: hush-hush}}}}}\n",
		"firmware/cricket.txt":    "name = by hand\n",
	})
	faults := apply(t, p)
	checkFaults(t, faults, []string{`language "xx" is none of en, de`, `no time zone "Europe/Nowhere"`})
	if got := read(t, p.Etc, "hostname"); got != "by-hand\n" {
		t.Errorf("it is called %q: what is written by hand holds", got)
	}
	if !strings.Contains(read(t, p.Etc, "NetworkManager/system-connections/cricket-1.nmconnection"), "psk=hush-hush\n") {
		t.Error("it knows no network")
	}
	if read(t, p.Etc, "modprobe.d/cricket-wifi.conf") != "options cfg80211 ieee80211_regdom=DE\n" {
		t.Error("the country is not known")
	}
	for _, name := range []string{UserDataFile, NetworkFile} {
		if _, err := os.Stat(filepath.Join(p.Firmware, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still on the card: %v", name, err)
		}
	}
	if got := read(t, p.Firmware, FaultsFile); !strings.Contains(got, "Europe/Nowhere") || strings.Contains(got, "hush") {
		t.Errorf("the card says %q", got)
	}
}

// A secret that could not be kept is not taken off the card.
func TestSecretsStayUntilTheyAreKept(t *testing.T) {
	p := card(t, map[string]string{"firmware/cricket.txt": "wifi_name = a\nwifi_password = hush-hush\n"})
	if err := os.WriteFile(filepath.Join(p.Etc, "NetworkManager"), nil, 0o600); err != nil { // in the way
		t.Fatal(err)
	}
	if _, err := Apply(p); err == nil {
		t.Error("there is no error")
	}
	if !strings.Contains(read(t, p.Firmware, TextFile), "hush-hush") {
		t.Error("the secret is lost")
	}
}

func TestSetKey(t *testing.T) {
	const text = "a = 1\n\n[mqtt]\n# the broker\nbroker = \"\"\n\n[audio]\nbroker = \"other\"\n"
	for _, test := range []struct{ name, section, key, want string }{
		{"in its place", "mqtt", "broker", strings.Replace(text, "broker = \"\"", `broker = "x\"\\"`, 1)},
		{"new in a section", "audio", "microphone", strings.Replace(text, "[audio]\n", "[audio]\nmicrophone = \"x\\\"\\\\\"\n", 1)},
		{"before all sections", "", "room", "room = \"x\\\"\\\\\"\n" + text},
		{"in a new section", "place", "zone", text + "\n[place]\nzone = \"x\\\"\\\\\"\n"},
	} {
		if got := setKey(text, test.section, test.key, `x"\`); got != test.want {
			t.Errorf("%s:\n%s", test.name, got)
		}
	}
}
