package firstboot

import (
	"bytes"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Settings is what a box can be told before its first start. What is empty was not said.
type Settings struct {
	Hostname string
	Language string // "en"
	TimeZone string // "Europe/Berlin"
	Room     string
	WiFi     []WiFi
	Country  string // two letters, for the Wi-Fi channels that are allowed there
	Broker   string // "tcp://homeassistant.local:1883"
	Username string // at the broker
	Password string // at the broker
	PageCode string // by which the owner's password of the house page is set, where nobody hears the box say one
	Microphone,
	Loudspeaker string // a part of a device's name
	Keys []string // public keys of those who may log in by SSH; none: nobody can
}

// WiFi is a wireless network.
type WiFi struct {
	Name     string // SSID
	Password string // a pass phrase of 8 to 63 characters, or 64 hexadecimal digits; empty: an open network
	Hidden   bool
}

// Fault is something in a file that was not taken over.
type Fault struct {
	File string
	Line int // from 1; 0: the whole file
	Text string
}

func (f Fault) Error() string {
	if f.Line == 0 {
		return f.File + ": " + f.Text
	}
	return fmt.Sprintf("%s, line %d: %s", f.File, f.Line, f.Text)
}

// TextFile is the file for people who use an editor.
const TextFile = "cricket.txt"

// maxFile is how long a settings file may be, in bytes.
const maxFile = 64 << 10

// textKeys are the keys of cricket.txt, and where their values go.
var textKeys = map[string]func(s *Settings, value string) error{
	"name":          func(s *Settings, v string) error { return s.setHostname(v) },
	"language":      func(s *Settings, v string) error { return s.setLanguage(v) },
	"time_zone":     func(s *Settings, v string) error { return s.setTimeZone(v) },
	"room":          func(s *Settings, v string) error { s.Room = v; return nil },
	"wifi_name":     func(s *Settings, v string) error { s.wiFi().Name = v; return s.wiFi().checkName() },
	"wifi_password": func(s *Settings, v string) error { s.wiFi().Password = v; return s.wiFi().checkPassword() },
	"wifi_hidden":   func(s *Settings, v string) error { return yes(v, &s.wiFi().Hidden) },
	"wifi_country":  func(s *Settings, v string) error { return s.setCountry(v) },
	"mqtt_broker":   func(s *Settings, v string) error { return s.setBroker(v) },
	"mqtt_username": func(s *Settings, v string) error { s.Username = v; return nil },
	"mqtt_password": func(s *Settings, v string) error { s.Password = v; return nil },
	"page_code":     func(s *Settings, v string) error { return s.setPageCode(v) },
	"microphone":    func(s *Settings, v string) error { s.Microphone = v; return nil },
	"loudspeaker":   func(s *Settings, v string) error { s.Loudspeaker = v; return nil },
	"ssh_key":       func(s *Settings, v string) error { return s.addKey(v) },
}

// secretKeys are those whose values are taken off the card.
var secretKeys = []string{"wifi_password", "mqtt_password", "page_code"}

// ParseText reads cricket.txt. A line that is wrong is left out, with a fault.
func ParseText(data []byte) (Settings, []Fault) {
	var s Settings
	var faults []Fault
	if !isText(data) {
		return s, []Fault{{TextFile, 0, "this is not a text file; save it as plain text (UTF-8)"}}
	}
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) { // Notepad begins files with a mark
		number++
		key, value, ok := setting(line)
		if !ok {
			if key != "" {
				faults = append(faults, Fault{TextFile, number, fmt.Sprintf("%q is no setting; write  name = value", key)})
			}
			continue
		}
		set := textKeys[key]
		if set == nil {
			faults = append(faults, Fault{TextFile, number, fmt.Sprintf("there is no setting %q", key)})
			continue
		}
		if value == "" {
			continue
		}
		before := s
		before.WiFi = append([]WiFi(nil), s.WiFi...)
		if err := set(&s, value); err != nil {
			s = before
			faults = append(faults, Fault{TextFile, number, fmt.Sprintf("%s: %v", key, err)})
		}
	}
	if len(s.WiFi) > 0 && s.WiFi[0].Name == "" {
		s.WiFi = nil
		faults = append(faults, Fault{TextFile, 0, "there is a wifi_password, and no wifi_name"})
	}
	return s, faults
}

func isText(data []byte) bool {
	return len(data) <= maxFile && utf8.Valid(data) && bytes.IndexByte(data, 0) < 0
}

// setting splits a line. ok is false, and key the line, where it is none; key is empty
// for blank lines and comments.
func setting(line string) (key, value string, ok bool) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return "", "", false
	}
	key, value, ok = strings.Cut(line, "=")
	if !ok {
		return line, "", false
	}
	value = strings.TrimSpace(value)
	if n := len(value); n >= 2 && value[0] == '"' && value[n-1] == '"' { // for blanks at the ends
		value = value[1 : n-1]
	}
	return strings.ToLower(strings.TrimSpace(key)), value, true
}

// over is s with what t says instead.
func (s Settings) over(t Settings) Settings {
	for _, f := range [][2]*string{{&s.Hostname, &t.Hostname}, {&s.Language, &t.Language}, {&s.TimeZone, &t.TimeZone}, {&s.Room, &t.Room},
		{&s.Country, &t.Country}, {&s.Broker, &t.Broker}, {&s.Username, &t.Username}, {&s.Password, &t.Password}, {&s.PageCode, &t.PageCode},
		{&s.Microphone, &t.Microphone}, {&s.Loudspeaker, &t.Loudspeaker}} {
		if *f[1] != "" {
			*f[0] = *f[1]
		}
	}
	if len(t.WiFi) > 0 {
		s.WiFi = t.WiFi
	}
	s.Keys = append(append([]string(nil), s.Keys...), t.Keys...)
	return s
}

func (s *Settings) wiFi() *WiFi {
	if len(s.WiFi) == 0 {
		s.WiFi = []WiFi{{}}
	}
	return &s.WiFi[0]
}

var (
	hostname = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`) // RFC 1123, 2.1
	language = regexp.MustCompile(`^[a-z]{2,3}$`)
	zone     = regexp.MustCompile(`^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}$`)
	country  = regexp.MustCompile(`^[A-Z]{2}$`)
	key      = regexp.MustCompile(`^(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/=]+( [^\x00-\x1f\x7f]*)?$`)
	hexKey   = regexp.MustCompile(`^[0-9A-Fa-f]{64}$`)
)

func (s *Settings) setHostname(v string) error {
	v = strings.ToLower(strings.ReplaceAll(strings.TrimSpace(v), " ", "-"))
	if !hostname.MatchString(v) {
		return fmt.Errorf("%q is no name in a network: letters, digits and hyphens", v)
	}
	s.Hostname = v
	return nil
}

// setLanguage takes "de" and locales such as "de_DE.UTF-8".
func (s *Settings) setLanguage(v string) error {
	v, _, _ = strings.Cut(strings.ToLower(strings.ReplaceAll(v, "_", "-")), "-")
	if !language.MatchString(v) {
		return fmt.Errorf("%q is no language such as en or de", v)
	}
	s.Language = v
	return nil
}

func (s *Settings) setTimeZone(v string) error {
	if !zone.MatchString(v) {
		return fmt.Errorf("%q is no time zone such as Europe/Berlin", v)
	}
	s.TimeZone = v
	return nil
}

func (s *Settings) setCountry(v string) error {
	v = strings.ToUpper(v)
	if !country.MatchString(v) {
		return fmt.Errorf("%q is no country such as DE", v)
	}
	s.Country = v
	return nil
}

func (s *Settings) setBroker(v string) error {
	if v == "discover" {
		s.Broker = v
		return nil
	}
	if !strings.Contains(v, "://") {
		v = "tcp://" + v
	}
	u, err := url.Parse(v)
	if err != nil || u.Hostname() == "" || !strings.Contains(" tcp mqtt ssl mqtts ws wss ", " "+u.Scheme+" ") || u.User != nil {
		return fmt.Errorf("%q is no broker such as tcp://homeassistant.local:1883", v)
	}
	if u.Port() == "" && (u.Scheme == "tcp" || u.Scheme == "mqtt") {
		v = u.Scheme + "://" + u.Host + ":1883"
	}
	s.Broker = v
	return nil
}

// fewestOfCode is how many characters a page_code has: nobody guesses it from outside the house.
const fewestOfCode = 8

func (s *Settings) setPageCode(v string) error {
	v = strings.TrimSpace(v)
	if utf8.RuneCountInString(v) < fewestOfCode || strings.ContainsFunc(v, control) {
		return fmt.Errorf("it must have at least %d characters", fewestOfCode)
	}
	s.PageCode = v
	return nil
}

func (s *Settings) addKey(v string) error {
	if !key.MatchString(v) {
		return fmt.Errorf("this is no public key: it begins with ssh-ed25519, for example")
	}
	s.Keys = append(s.Keys, v)
	return nil
}

func (w WiFi) checkName() error {
	if len(w.Name) > 32 || strings.ContainsFunc(w.Name, control) { // IEEE 802.11, 9.4.2.2
		return fmt.Errorf("a network's name has at most 32 bytes")
	}
	return nil
}

// checkPassword: a pass phrase as in IEEE 802.11 J.4.1, or the key made of one.
func (w WiFi) checkPassword() error {
	if n := len(w.Password); !hexKey.MatchString(w.Password) && (n < 8 || n > 63) || strings.ContainsFunc(w.Password, control) {
		return fmt.Errorf("a Wi-Fi password has 8 to 63 characters")
	}
	return nil
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

func yes(v string, to *bool) error {
	switch strings.ToLower(v) {
	case "yes", "true", "1", "on":
		*to = true
	case "no", "false", "0", "off":
		*to = false
	default:
		return fmt.Errorf("%q is neither yes nor no", v)
	}
	return nil
}
