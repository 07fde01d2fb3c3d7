package appliance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/internal/durable"
	"github.com/cricket-home/cricket/mqtt"
)

// Settings are what the owner has set on the house page. What config.toml says otherwise
// than its defaults is before them.
type Settings struct {
	Language  string `json:"language,omitempty"`
	Room      string `json:"room,omitempty"`
	Broker    string `json:"broker,omitempty"` // as mqtt.broker
	Username  string `json:"username,omitempty"`
	QuietFrom string `json:"quiet_from,omitempty"`
	QuietTo   string `json:"quiet_to,omitempty"`
}

func settingsFile(stateDir string) string { return filepath.Join(stateDir, "settings.json") }

// brokerPasswordFile is where the password is that goes with Settings.Username.
func brokerPasswordFile(stateDir string) string { return filepath.Join(stateDir, "broker-password") }

// OwnConfig is LoadConfig with what was set on the house page. Settings that cannot be read set
// nothing: c.Unsettled says so.
func OwnConfig(file, stateDir string) (Config, error) {
	c, err := LoadConfig(file)
	if err != nil {
		return c, err
	}
	s, err := readSettings(settingsFile(stateDir))
	c.Fixed = fixed(c)
	settled := c
	if err == nil {
		settled.settle(s, stateDir)
		err = settled.validate(settingsFile(stateDir))
	}
	if err == nil && s != (Settings{}) {
		err = settled.starts()
	}
	if err != nil {
		c.Unsettled = err.Error()
		return c, nil
	}
	return settled, nil
}

func readSettings(file string) (s Settings, err error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil {
		return Settings{}, fmt.Errorf("read settings of the house page: %w", err)
	}
	return s, nil
}

// The settings that config.toml can keep from the page: each stands for all keys that go together.
const (
	languageSetting = "language"
	roomSetting     = "room"
	brokerSetting   = "broker"
	quietSetting    = "quiet"
)

// fixed are the settings that config.toml makes, which has something else than the default.
func fixed(c Config) map[string]bool {
	d := DefaultConfig()
	return map[string]bool{
		languageSetting: c.Language != d.Language,
		roomSetting:     c.Room != d.Room,
		brokerSetting: c.MQTT.Broker != d.MQTT.Broker || c.MQTT.Username != d.MQTT.Username || c.MQTT.PasswordFile != d.MQTT.PasswordFile ||
			c.MQTT.CAFile != d.MQTT.CAFile || c.MQTT.CertFile != d.MQTT.CertFile || c.MQTT.KeyFile != d.MQTT.KeyFile || secret("", passwordCredential) != "",
		quietSetting: c.Quiet.From != d.Quiet.From || c.Quiet.To != d.Quiet.To,
	}
}

// settle puts settings into c, where it is not fixed.
func (c *Config) settle(s Settings, stateDir string) {
	if !c.Fixed[languageSetting] && s.Language != "" {
		c.Language = s.Language
	}
	if !c.Fixed[roomSetting] {
		c.Room = s.Room
	}
	if !c.Fixed[quietSetting] {
		c.Quiet.From, c.Quiet.To = s.QuietFrom, s.QuietTo
	}
	if c.Fixed[brokerSetting] {
		return
	}
	c.MQTT.Broker, c.MQTT.Username, c.MQTT.PasswordFile = s.Broker, s.Username, ""
	if file := brokerPasswordFile(stateDir); s.Username != "" {
		if _, err := os.Stat(file); err == nil {
			c.MQTT.PasswordFile = file
		}
	}
}

// keep keeps what was set before of what config.toml makes: it holds again when that does not.
func (s *Settings) keep(before Settings, fixed map[string]bool) {
	if fixed[languageSetting] {
		s.Language = before.Language
	}
	if fixed[roomSetting] {
		s.Room = before.Room
	}
	if fixed[brokerSetting] {
		s.Broker, s.Username = before.Broker, before.Username
	}
	if fixed[quietSetting] {
		s.QuietFrom, s.QuietTo = before.QuietFrom, before.QuietTo
	}
}

// brokerURL is the URL of a broker that somebody typed: "homeassistant.local" is the usual port there.
func brokerURL(typed string) string {
	if typed == "" || typed == mqtt.Discover || strings.Contains(typed, "://") {
		return typed
	}
	if _, _, err := net.SplitHostPort(typed); err != nil {
		typed = net.JoinHostPort(strings.Trim(typed, "[]"), "1883")
	}
	return "tcp://" + typed
}

// longestSetting is how many bytes somebody may type for one.
const longestSetting = 200

// check says what is wrong with settings, for whoever typed them.
func (s Settings) check(c Config, stateDir string) error {
	if _, err := intent.Builtin(s.Language); !c.Fixed[languageSetting] && err != nil {
		return err
	}
	if u, err := url.Parse(s.Broker); err == nil && u.User != nil {
		return errors.New("the broker's address must be without a user and a password, which have fields of their own")
	}
	for what, text := range map[string]string{"room": s.Room, "broker's address": s.Broker, "user name": s.Username} {
		if len(text) > longestSetting || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return fmt.Errorf("the %s must have at most %d bytes that can be printed", what, longestSetting)
		}
	}
	c.settle(s, stateDir)
	if err := c.validate("settings"); err != nil {
		return err
	}
	return c.starts()
}

// starts says what would keep a box from starting, of all that settings have a part in.
func (c Config) starts() error {
	sentences, err := Sentences(c)
	if err != nil {
		sentences, _, err = soundSentences(c, err)
	}
	if err == nil {
		err = errors.Join(unknownIntents(c.Permission, sentences)...)
	}
	if err != nil || c.MQTT.Broker == "" {
		return err
	}
	password, err := c.MQTT.password()
	if err == nil {
		_, err = mqtt.NewClient(mqtt.ClientOptions{Broker: c.MQTT.Broker, Username: c.MQTT.Username, Password: password,
			CAFile: c.MQTT.CAFile, CertFile: c.MQTT.CertFile, KeyFile: c.MQTT.key(), Log: slog.New(slog.DiscardHandler)})
	}
	return err
}

// keepSettings keeps settings, and a new password for the broker where there is one.
func (b *Box) keepSettings(s Settings, password string) error {
	s.Language, s.Room, s.Broker = strings.TrimSpace(s.Language), strings.TrimSpace(s.Room), brokerURL(strings.TrimSpace(s.Broker))
	if s.Broker == "" {
		s.Username = ""
	}
	before, err := readSettings(settingsFile(b.options.StateDir))
	if err != nil {
		b.log.Error("the settings before are lost", "err", err)
	}
	s.keep(before, b.config.Fixed)
	if err := s.check(b.config, b.options.StateDir); err != nil {
		return &badSettings{err}
	}
	file := brokerPasswordFile(b.options.StateDir)
	switch {
	case b.config.Fixed[brokerSetting]:
	case s.Username == "", password == "" && (s.Username != before.Username || s.Broker != before.Broker): // it is for nobody else
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("forget the broker's password: %w", err)
		}
	case password != "":
		if err := durable.Replace(file, []byte(password+"\n")); err != nil {
			return fmt.Errorf("keep the broker's password: %w", err)
		}
	}
	var data []byte
	if data, err = json.Marshal(s); err == nil {
		err = durable.Replace(settingsFile(b.options.StateDir), data)
	}
	if err != nil {
		return fmt.Errorf("keep settings: %w", err)
	}
	return nil
}

// badSettings are the fault of whoever typed them.
type badSettings struct{ error }

// SettingsView is the answer to GET /settings.
type SettingsView struct {
	Settings
	Fixed     []string `json:"fixed"`     // "language", "room", "broker", "quiet": these stand in config.toml
	Languages []string `json:"languages"` // that the box understands
	Rooms     []string `json:"rooms"`     // of the home, by name
	Unsettled string   `json:"unsettled,omitempty"`
}

func (b *Box) settingsView() SettingsView {
	c := b.config
	v := SettingsView{Settings: Settings{c.Language, c.Room, c.MQTT.Broker, c.MQTT.Username, c.Quiet.From, c.Quiet.To},
		Fixed: []string{}, Languages: intent.Languages(), Rooms: []string{}, Unsettled: c.Unsettled}
	for _, name := range []string{languageSetting, roomSetting, brokerSetting, quietSetting} {
		if c.Fixed[name] {
			v.Fixed = append(v.Fixed, name)
		}
	}
	for _, a := range b.house.Now().Home.Areas {
		v.Rooms = append(v.Rooms, a.Name)
	}
	return v
}

// checkSettings says whether what was set on the house page holds.
func (b *Box) checkSettings() []Finding {
	if b.config.Unsettled == "" {
		return nil
	}
	return []Finding{{Part: "settings", Text: b.config.Unsettled, Hint: "set them again on the house page"}}
}

// serveSettings is for the house page. The box restarts with new settings.
func (b *Box) serveSettings(mux *http.ServeMux) {
	mux.HandleFunc("GET /settings", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, b.settingsView()) })
	mux.HandleFunc("POST /settings", func(w http.ResponseWriter, r *http.Request) {
		if !b.options.Keep {
			http.Error(w, "change settings: this box ends with its command", http.StatusServiceUnavailable)
			return
		}
		err := b.keepSettings(Settings{Language: r.PostFormValue("language"), Room: r.PostFormValue("room"), Broker: r.PostFormValue("broker"), Username: r.PostFormValue("username"),
			QuietFrom: r.PostFormValue("quiet_from"), QuietTo: r.PostFormValue("quiet_to")}, r.PostFormValue("password"))
		_, bad := errors.AsType[*badSettings](err)
		switch {
		case bad:
			http.Error(w, err.Error(), http.StatusBadRequest)
		case err != nil:
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		default:
			b.log.Info("the settings were changed on the house page; the box restarts")
			time.AfterFunc(time.Second, func() { signal(b.again) }) // when the answer has been read
		}
	})
}
