package appliance

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/cricket-home/cricket/home/hass"
	"github.com/cricket-home/cricket/home/permission"
	"github.com/cricket-home/cricket/mesh"
	"github.com/cricket-home/cricket/mqtt"
	"github.com/cricket-home/cricket/voice/wyoming"
)

// ConfigFile is where the owner's configuration is when Cricket is installed.
const ConfigFile = "/etc/cricket/config.toml"

// Config is what config.toml says. The config.toml at the root of the
// repository is its manual, and decodes to DefaultConfig.
type Config struct {
	Language string      `toml:"language"`
	Room     string      `toml:"room"`
	MQTT     MQTT        `toml:"mqtt"`
	Audio    Audio       `toml:"audio"`
	STT      STT         `toml:"stt"`
	TTS      TTS         `toml:"tts"`
	LLM      LLM         `toml:"llm"`
	Guest    Guest       `toml:"guest"`
	OpenAI   OpenAI      `toml:"openai"`
	Quiet    Quiet       `toml:"quiet"`
	Wake     Wake        `toml:"wake"`
	Place    Place       `toml:"place"`
	Wyoming  Wyoming     `toml:"wyoming"`
	Hermes   Hermes      `toml:"hermes"`
	Dialogue Dialogue    `toml:"dialogue"`
	Mesh     Mesh        `toml:"mesh"`
	Page     Page        `toml:"page"`
	Board    BoardConfig `toml:"board"`

	Update UpdateConfig `toml:"update"`

	HomeAssistant HomeAssistant `toml:"home_assistant"`

	Permission []permission.Row `toml:"permission"`

	// Dir is the folder of the file: home.toml and custom_sentences are beside it.
	Dir string `toml:"-"`

	// Taught is a folder of further custom sentences, those made on the house page; "": there are none.
	Taught string `toml:"-"`

	// Fixed are the settings of the house page that config.toml makes, by name.
	Fixed map[string]bool `toml:"-"`

	// Unsettled is why the settings of the house page do not hold; "" where they do.
	Unsettled string `toml:"-"`
}

// MQTT says which broker the home uses.
type MQTT struct {
	Broker          string `toml:"broker"`
	Username        string `toml:"username"`
	PasswordFile    string `toml:"password_file"`
	CAFile          string `toml:"ca_file"`
	CertFile        string `toml:"cert_file"`
	KeyFile         string `toml:"key_file"`
	Listen          string `toml:"listen"`
	DiscoveryPrefix string `toml:"discovery_prefix"`
	TellHeard       bool   `toml:"tell_heard"`
}

// STT says what recognises speech.
type STT struct {
	Model string `toml:"model"`
}

// TTS says what speaks.
type TTS struct {
	Voice string `toml:"voice"`
	Piper string `toml:"piper"`
	Beep  bool   `toml:"beep"`
}

// LLM says what understands what nothing else does.
type LLM struct {
	Model string `toml:"model"`
}

// Wyoming says where Wyoming clients are served.
type Wyoming struct {
	Listen     string `toml:"listen"`
	Satellite  string `toml:"satellite"`
	Microphone string `toml:"microphone"`
	ASR        string `toml:"asr"`
	TTS        string `toml:"tts"`
	Wake       string `toml:"wake"`
}

// Hermes says whether the box is a base of Rhasspy's, and for which satellites.
type Hermes struct {
	Enabled     bool              `toml:"enabled"`
	Site        string            `toml:"site"`
	AudioFrames bool              `toml:"audio_frames"`
	Sites       map[string]string `toml:"sites"` // siteId -> room
}

// Place says where the home is, and how its box knows the time.
type Place struct {
	TimeZone     string  `toml:"time_zone"`
	Latitude     float64 `toml:"latitude"`
	Longitude    float64 `toml:"longitude"`
	BatteryClock bool    `toml:"battery_clock"`
}

// DefaultConfig is the configuration of a box whose owner wrote none.
func DefaultConfig() Config {
	return Config{
		Language: "en",
		MQTT:     MQTT{Listen: "127.0.0.1:1883", DiscoveryPrefix: "homeassistant"},
		TTS:      TTS{Beep: true},
		OpenAI:   OpenAI{Listen: "127.0.0.1:7440"},
		Quiet:    Quiet{Volume: 30},
		Wake:     Wake{Words: defaultWakeWords()},
		Place:    Place{BatteryClock: true},
		Mesh:     Mesh{Enabled: true, Listen: fmt.Sprint(":", mesh.Port), Peers: []string{}, Brain: true, Private: []string{}, Rendezvous: []string{}, ShareWith: []string{}},
		Page:     Page{Listen: ":7430", Names: []string{}},
		Hermes:   Hermes{Site: "default", Sites: map[string]string{}},
		Dialogue: Dialogue{FollowUp: true},
		Board:    BoardConfig{LEDPins: []string{}},
	}
}

// LoadConfig reads file over the defaults. With an empty name it reads
// ConfigFile if that exists. Unknown keys and all faults of values are one error.
func LoadConfig(file string) (Config, error) {
	c := DefaultConfig()
	optional := file == ""
	if optional {
		file = ConfigFile
	}
	c.Dir = filepath.Dir(file)
	data, err := os.ReadFile(file)
	if optional && errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("read config: %w", err)
	}
	if err := c.decode(file, data); err != nil {
		return c, err
	}
	c.numberRows(file, data)
	return c, c.validate(file)
}

func (c *Config) decode(file string, data []byte) error {
	d := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields()
	c.Wake.Words = nil // the owner's words are instead of the default
	err := d.Decode(c)
	if c.Wake.Words == nil {
		c.Wake.Words = defaultWakeWords()
	}
	for i, w := range c.Wake.Words {
		c.Wake.Words[i] = w.complete()
	}
	if strict, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		var faults []error
		for _, e := range strict.Errors {
			line, _ := e.Position()
			faults = append(faults, fmt.Errorf("%s:%d: unknown key '%s'", file, line, strings.Join(e.Key(), ".")))
		}
		return errors.Join(faults...)
	}
	if e, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, _ := e.Position()
		if key := strings.Join(e.Key(), "."); key != "" {
			return fmt.Errorf("%s:%d: '%s': %w", file, line, key, err)
		}
		return fmt.Errorf("%s:%d: %w", file, line, err)
	}
	return err
}

// validate reports every fault of the values, not the first one only.
func (c *Config) validate(file string) error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf(file+": "+format, args...))
	}
	if c.Language == "" {
		fault("'language' must not be empty")
	}
	if b := c.MQTT.Broker; b != "" && b != mqtt.Discover {
		u, err := url.Parse(b)
		switch {
		case err != nil:
			fault("'mqtt.broker' must be a URL such as tcp://homeassistant.local:1883: %w", err)
		case u.Host == "" || !strings.Contains(" tcp mqtt ssl tls mqtts ws wss ", " "+u.Scheme+" "):
			fault("'mqtt.broker' must be tcp://, ssl://, ws:// or wss:// and a host, or \"discover\", not %q", b)
		}
	}
	if _, _, err := net.SplitHostPort(c.MQTT.Listen); err != nil {
		fault("'mqtt.listen' must be host:port: %w", err)
	}
	if host, _, err := net.SplitHostPort(c.MQTT.Listen); err == nil && c.MQTT.Broker == "" && !loopback(host) &&
		(c.MQTT.Username == "" || secret(c.MQTT.PasswordFile, passwordCredential) == "") {
		fault("'mqtt.listen' is open to the network, which needs 'mqtt.username' and 'mqtt.password_file'")
	}
	if m := c.MQTT; m.CertFile == "" && m.KeyFile != "" || m.CertFile != "" && secret(m.KeyFile, keyCredential) == "" {
		fault("'mqtt.cert_file' and 'mqtt.key_file' go together")
	}
	for key, address := range map[string]string{"listen": c.Wyoming.Listen, "satellite": c.Wyoming.Satellite, "microphone": c.Wyoming.Microphone} {
		if _, _, err := net.SplitHostPort(address); err != nil && address != "" {
			fault("'wyoming.%s' must be host:port: %w", key, err)
		}
	}
	if h := c.HomeAssistant; h.URL != "" {
		if _, err := h.token(); err != nil {
			fault("%w", err)
		}
		if err := hass.CheckURL(h.URL); err != nil {
			fault("'home_assistant.url': %w", err)
		}
	}
	for key, uri := range map[string]string{"asr": c.Wyoming.ASR, "tts": c.Wyoming.TTS, "wake": c.Wyoming.Wake} {
		if _, err := wyoming.Address(uri); err != nil && uri != "" {
			fault("'wyoming.%s': %w", key, err)
		}
	}
	c.Hermes.validate(fault)
	c.Quiet.validate(fault)
	c.Dialogue.validate(fault)
	c.Mesh.validate(fault)
	c.Guest.validate(fault)
	c.OpenAI.validate(fault)
	c.Page.validate(fault)
	c.Board.validate(fault)
	c.Update.validate(fault)
	faults = append(faults, c.permissionFaults()...)
	c.Wake.validate(fault, c.Language)
	if p := c.MQTT.DiscoveryPrefix; p == "" || strings.ContainsAny(p, "+#") {
		fault("'mqtt.discovery_prefix' must be a topic without wildcards, not %q", p)
	}
	if _, err := c.Place.zone(); err != nil {
		fault("'place.time_zone' must be a name such as Europe/Berlin, not %q", c.Place.TimeZone)
	}
	if l := c.Place.Latitude; !(l >= -90 && l <= 90) {
		fault("'place.latitude' must be between -90 and 90")
	}
	if l := c.Place.Longitude; !(l >= -180 && l <= 180) {
		fault("'place.longitude' must be between -180 and 180")
	}
	for key, path := range map[string]string{
		"mqtt.password_file": c.MQTT.PasswordFile, "mqtt.ca_file": c.MQTT.CAFile, "mqtt.cert_file": c.MQTT.CertFile, "mqtt.key_file": c.MQTT.KeyFile, "home_assistant.token_file": c.HomeAssistant.TokenFile, "guest.key_file": c.Guest.KeyFile, "guest.ca_file": c.Guest.CAFile, "openai.key_file": c.OpenAI.KeyFile, "openai.cert_file": c.OpenAI.CertFile, "openai.cert_key_file": c.OpenAI.CertKeyFile, "openai.embeddings_model": c.OpenAI.EmbeddingsModel, "stt.model": c.STT.Model, "tts.piper": c.TTS.Piper, "tts.voice": voiceFile(c.TTS.Voice),
	} {
		if path == "" {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			fault("'%s': %w", key, err)
		}
	}
	return errors.Join(faults...)
}

// voiceFile is a voice that is a file, and not one of espeak-ng's.
func voiceFile(voice string) string {
	if isPiper(voice) {
		return voice
	}
	return ""
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// The names of the credentials that systemd may pass to the daemon (LoadCredential=),
// for what the configuration names no file for.
const (
	passwordCredential = "mqtt-password"
	keyCredential      = "mqtt-key"
)

// secret is the file of a secret: the one that the configuration names, else the
// credential, else "".
func secret(file, credential string) string {
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	if file != "" || dir == "" {
		return file
	}
	file = filepath.Join(dir, credential)
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}

// key is the file of the certificate's key, or "".
func (m MQTT) key() string {
	if m.CertFile == "" {
		return ""
	}
	return secret(m.KeyFile, keyCredential)
}

// password reads the broker's password from its file, without the last newline.
func (m MQTT) password() (string, error) {
	file := secret(m.PasswordFile, passwordCredential)
	if file == "" {
		return "", nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read password of broker: %w", err)
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}
