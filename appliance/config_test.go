package appliance

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// The manual must not drift from the program: each key, with its default.
func TestConfigFileOfTheRepositoryIsTheDefault(t *testing.T) {
	got, err := LoadConfig("../config.toml")
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultConfig()
	want.Dir = ".."
	if !reflect.DeepEqual(got, want) {
		t.Errorf("config.toml decodes to\n%+v, want\n%+v", got, want)
	}
	data, _ := os.ReadFile("../config.toml")
	for _, key := range []string{"language", "room", "broker", "username", "password_file", "ca_file", "cert_file", "key_file", "listen", "discovery_prefix", "tell_heard", "model", "voice", "piper", "beep", "from", "to", "volume", "beeps",
		"record_near_misses", "name", "sensitivity", "refractory", "pipeline", "verify",
		"follow_up", "code", "habits", "enabled", "peers", "url", "token_file", "cert_key_file", "embeddings_model", "asr", "tts", "wake",
		"time_zone", "latitude", "longitude", "battery_clock",
		"profile", "leds", "led_count", "led_port", "led_pins", "button", "mute_button", "mute_led", "amplifier"} {
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
		{"no broker URL", "[mqtt]\nbroker = 'homeassistant.local'", `'mqtt.broker' must be tcp://, ssl://, ws:// or wss:// and a host, or "discover", not "homeassistant.local"`},
		{"certificate without key", "[mqtt]\ncert_file = 'config.toml'", "'mqtt.cert_file' and 'mqtt.key_file' go together"},
		{"endpoint on the network without a key", "[openai]\nlisten = ':7440'", "'openai.listen' is open to the network, which needs 'openai.key_file'"},
		{"endpoint without a port", "[openai]\nlisten = 'localhost'", "'openai.listen' must be host:port or empty, not \"localhost\""},
		{"key of the endpoint that can be guessed", "[openai]\nkey_file = 'testdata/short.key'", "'openai.key_file' testdata/short.key must hold a key of 20 characters or more"},
		{"certificate of the endpoint without its key", "[openai]\ncert_file = 'config_test.go'", "read 'openai.cert_file' and 'openai.cert_key_file'"},
		{"no port", "[mqtt]\nlisten = 'localhost'", "'mqtt.listen' must be host:port"},
		{"wildcard prefix", "[mqtt]\ndiscovery_prefix = 'home/#'", "'mqtt.discovery_prefix' must be a topic without wildcards"},
		{"no such model", "[stt]\nmodel = '/nowhere/x.bin'", "'stt.model': stat /nowhere/x.bin"},
		{"unknown key of a wake word", "[[wake.word]]\nname = 'hey cricket'\nsensitivty = 1", "config.toml:3: unknown key 'wake.word.sensitivty'"},
		{"wake word without a name", "[[wake.word]]\nsensitivity = 1", "'wake.word.name' must not be empty"},
		{"sensitivity", "[[wake.word]]\nname = 'hey cricket'\nsensitivity = 50", "'wake.word.sensitivity' of \"hey cricket\" must be between 0 and 1, not 50"},
		{"refractory time", "[[wake.word]]\nname = 'hey cricket'\nrefractory = '1h'", "'wake.word.refractory' of \"hey cricket\" must be between 0s and 1m0s"},
		{"no time", "[[wake.word]]\nname = 'hey cricket'\nrefractory = 'soon'", "config.toml:3: 'wake.word.refractory': "},
		{"wake word twice", "[[wake.word]]\nname = 'computer'\n[[wake.word]]\nname = 'Computer'", "'wake.word' \"Computer\" is there twice"},
		{"wake word of another language", "[[wake.word]]\nname = 'hallo'\nlanguage = 'de'", "'wake.word.language' of \"hallo\" must be \"en\" or empty"},
		{"no such voice file", "[tts]\nvoice = '/nowhere/x.onnx'", "'tts.voice': stat /nowhere/x.onnx"},
		{"no such piper", "[tts]\npiper = '/nowhere/piper'", "'tts.piper': stat /nowhere/piper"},
		{"quiet hours without an end", "[quiet]\nfrom = '22:00'", `'quiet.to' must be a time such as 22:00, not ""`},
		{"no time of day", "[quiet]\nfrom = 'ten'\nto = '7:00'", `'quiet.from' must be a time such as 22:00, not "ten"`},
		{"quiet all day", "[quiet]\nfrom = '7:00'\nto = '7:00'", "'quiet.from' and 'quiet.to' must not be the same time"},
		{"quieter than nothing", "[quiet]\nvolume = -1", "'quiet.volume' must be between 0 and 100"},
		{"no such time zone", "[place]\ntime_zone = 'Berlin'", `'place.time_zone' must be a name such as Europe/Berlin, not "Berlin"`},
		{"off the globe", "[place]\nlatitude = 91.0", "'place.latitude' must be between -90 and 90"},
		{"round the globe", "[place]\nlongitude = nan", "'place.longitude' must be between -180 and 180"},
		{"unknown key of a permission", "[[permission]]\nthen = 'refuse'\ndevice = 'lock.door'", "config.toml:3: unknown key 'permission.device'"},
		{"a verdict that is none, with its line", "\n[[permission]]\nthen = 'refuse'\n\n[[permission]]\nthen = 'deny'", "config.toml:5: 'permission.then' must be allow, confirm, code or refuse"},
		{"a permission for no device", "[[permission]]\ndevices = ['front door']\nthen = 'refuse'", "config.toml:1: 'permission.devices': \"front door\" is no id"},
		{"a permission with a code that is not set", "[[permission]]\nthen = 'code'", "config.toml:1: 'permission.then' = \"code\" needs 'dialogue.code'"},
		{"a code of words", "[dialogue]\ncode = 'sesame'", "'dialogue.code' must be 4 to 12 digits"},
		{"a mesh without a port", "[mesh]\nlisten = 'kitchen'", "'mesh.listen' must be host:port"},
		{"memory below nothing that is lent", "[mesh]\nlend = -1", "'mesh.lend' must be between 0 and"},
		{"a mesh at a name", "[mesh]\nlisten = 'kitchen:7420'", "'mesh.listen' must be host:port"},
		{"a peer that is none", "[mesh]\npeers = ['http://kitchen/']", "'mesh.peers': \"http://kitchen/\" must be a host or host:port"},
		{"a board that nobody knows", "[board]\nprofile = 'respeaker-9mic'", `'board.profile' must be empty, "gpio", or one of respeaker-2mic, respeaker-4mic, not "respeaker-9mic"`},
		{"a button on no board", "[board]\nbutton = 'GPIO17'", `'board.profile' must be "gpio" where pins are named`},
		{"LEDs that are there already", "[board]\nprofile = 'respeaker-2mic'\nleds = 'ws2812'", "'board.leds' must be empty"},
		{"LEDs without a port", "[board]\nprofile = 'gpio'\nleds = 'ws2812'\nled_count = 12", "[board]: the port must be such as SPI0.1"},
		{"a pin that the board has taken", "[board]\nprofile = 'respeaker-2mic'\nmute_led = 'GPIO17'", `[board]: the pin "GPIO17" is used twice`},
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

// An owner's wake words are instead of the default one, each with its own settings.
func TestConfigOfWakeWords(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.toml")
	text := "[[wake.word]]\nname = 'computer'\nmodel = 'okay_nabu'\nsensitivity = 0\nroom = 'kitchen'\n[[wake.word]]\nname = 'stop'\nrefractory = '0s'\nverify = true\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := LoadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	none, half, two, now := 0.0, 0.5, Duration(2*time.Second), Duration(0)
	want := []WakeWord{
		{Name: "computer", Model: "okay_nabu", Sensitivity: &none, Refractory: &two, Room: "kitchen"},
		{Name: "stop", Sensitivity: &half, Refractory: &now, Verify: true},
	}
	if !reflect.DeepEqual(c.Wake.Words, want) {
		t.Errorf("the words are %+v", c.Wake.Words)
	}
}
