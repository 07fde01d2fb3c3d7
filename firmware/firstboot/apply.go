package firstboot

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Places are where Apply reads and writes.
type Places struct {
	Firmware  string   // the FAT partition, writable
	System    string   // the folder of the data partition for what is set up at each start
	Etc       string   // /etc, in memory but for cricket and NetworkManager's connections in it
	Languages []string // those that can be spoken
}

// Files below Places.System.
const (
	machineIDFile = "machine-id" // the initramfs reads it at the next start
	hostnameFile  = "hostname"
	zoneFile      = "time-zone"
	keysFile      = "authorized_keys"
	countryFile   = "wifi-country"
)

// FaultsFile on the FAT partition says what was not taken over, and why.
const FaultsFile = "cricket-faults.txt"

// Read reads the settings that are on the FAT partition; found says whether there are any.
func Read(dir string) (s Settings, faults []Fault, found bool, err error) {
	for _, f := range []struct {
		name  string
		parse func([]byte) (Settings, []Fault)
	}{{UserDataFile, ParseUserData}, {NetworkFile, ParseNetwork}, {TextFile, ParseText}} { // a later one holds
		data, err := os.ReadFile(filepath.Join(dir, f.name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return s, nil, false, fmt.Errorf("read settings: %w", err)
		}
		found = true
		more, wrong := f.parse(data)
		s, faults = s.over(more), append(faults, wrong...)
	}
	return s, faults, found, nil
}

// Apply takes over what the card says, takes secrets off it, and sets the system up
// with what was taken over now or earlier. The faults are those of the settings.
func Apply(p Places) ([]Fault, error) {
	s, faults, found, err := Read(p.Firmware)
	if err != nil {
		return nil, err
	}
	if s.Language != "" && !slices.Contains(p.Languages, s.Language) {
		faults = append(faults, Fault{TextFile, 0, fmt.Sprintf("language %q is none of %s", s.Language, strings.Join(p.Languages, ", "))})
		s.Language = ""
	}
	if s.TimeZone != "" {
		if _, err := os.Stat(filepath.Join(p.Etc, "../usr/share/zoneinfo", s.TimeZone)); err != nil {
			faults = append(faults, Fault{TextFile, 0, fmt.Sprintf("there is no time zone %q", s.TimeZone)})
			s.TimeZone = ""
		}
	}
	id, err := p.identity()
	if err != nil {
		return nil, err
	}
	if found {
		if err := p.keep(s); err != nil {
			return nil, err
		}
		// Only what is kept elsewhere is taken off the card.
		if err := p.clean(faults); err != nil {
			return nil, err
		}
	}
	return faults, p.setUp(id)
}

// identity keeps the id that the box has, so that it has the same after each start.
func (p Places) identity() (string, error) {
	data, err := os.ReadFile(filepath.Join(p.Etc, "machine-id"))
	id := strings.TrimSpace(string(data))
	if err != nil || !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(id) {
		return "", fmt.Errorf("read machine-id: %q, %w", id, err)
	}
	return id, write(filepath.Join(p.System, machineIDFile), id+"\n", 0o444)
}

// The files of secrets in /etc/cricket.
const (
	passwordFile = "mqtt-password"
	pageCodeFile = "page-code"
)

// keep writes the settings to the data partition.
func (p Places) keep(s Settings) error {
	for _, f := range []struct{ name, text string }{
		{hostnameFile, s.Hostname}, {zoneFile, s.TimeZone}, {countryFile, s.Country}, {keysFile, strings.Join(s.Keys, "\n")},
	} {
		if f.text == "" {
			continue
		}
		if err := write(filepath.Join(p.System, f.name), f.text+"\n", 0o600); err != nil {
			return err
		}
	}
	for i, w := range s.WiFi {
		file := filepath.Join(p.Etc, "NetworkManager/system-connections", fmt.Sprintf("cricket-%d.nmconnection", i+1))
		if w.Password == "" && strings.Contains(old(file), "\nssid="+w.ssid()+"\n") {
			continue // its password was taken off the card at an earlier start
		}
		if err := write(file, w.connection(i), 0o600); err != nil {
			return err
		}
	}
	dir := filepath.Join(p.Etc, "cricket")
	for _, secret := range []struct{ name, text string }{{passwordFile, s.Password}, {pageCodeFile, s.PageCode}} {
		if secret.text == "" {
			continue
		}
		file := filepath.Join(dir, secret.name)
		if err := write(file, secret.text+"\n", 0o640); err != nil {
			return err
		}
		if err := sameGroup(file, dir); err != nil {
			return err
		}
	}
	config := filepath.Join(dir, "config.toml")
	data, err := os.ReadFile(config)
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	text := string(data)
	for _, v := range []struct{ section, key, value string }{
		{"", "language", s.Language}, {"", "room", s.Room},
		{"mqtt", "broker", s.Broker}, {"mqtt", "username", s.Username},
		{"audio", "microphone", s.Microphone}, {"audio", "loudspeaker", s.Loudspeaker},
	} {
		if v.value != "" {
			text = setKey(text, v.section, v.key, v.value)
		}
	}
	if s.Password != "" {
		text = setKey(text, "mqtt", "password_file", "/etc/cricket/"+passwordFile)
	}
	if s.PageCode != "" {
		text = setKey(text, "page", "code_file", "/etc/cricket/"+pageCodeFile)
	}
	return write(config, text, 0o644)
}

// connection is a wireless network as NetworkManager keeps it. nm-settings-keyfile(5)
func (w WiFi) connection(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[connection]\nid=cricket-%d\ntype=wifi\nautoconnect-priority=%d\n\n[wifi]\nmode=infrastructure\nssid=%s\n", n+1, -n, w.ssid())
	if w.Hidden {
		b.WriteString("hidden=true\n")
	}
	if w.Password != "" {
		fmt.Fprintf(&b, "\n[wifi-security]\nkey-mgmt=wpa-psk\npsk=%s\n", keyfile(w.Password))
	}
	b.WriteString("\n[ipv4]\nmethod=auto\n\n[ipv6]\nmethod=auto\n")
	return b.String()
}

// ssid is the name as bytes, in which no character has a meaning.
func (w WiFi) ssid() string {
	var b strings.Builder
	for _, c := range []byte(w.Name) {
		fmt.Fprintf(&b, "%d;", c)
	}
	return b.String()
}

// old is what a file says; nothing where there is none.
func old(file string) string {
	data, _ := os.ReadFile(file) // one that cannot be read is replaced
	return string(data)
}

// keyfile is a value as GLib's key files have it: backslashes and blanks at the
// beginning would be something else.
func keyfile(v string) string {
	v = strings.ReplaceAll(v, `\`, `\\`)
	if rest := strings.TrimLeft(v, " "); len(rest) < len(v) {
		v = strings.Repeat(`\s`, len(v)-len(rest)) + rest
	}
	return v
}

// setKey sets a key of a section in a TOML text, in the place where it is, or at the
// section's beginning; section "" is what comes before the first. What else is written
// there stays.
func setKey(text, section, key, value string) string {
	entry := key + " = " + quote(value) + "\n"
	lines := slices.Collect(strings.Lines(text))
	begin := 0
	if section != "" {
		begin = slices.IndexFunc(lines, func(l string) bool { return strings.TrimSpace(l) == "["+section+"]" }) + 1
		if begin == 0 {
			if text != "" && !strings.HasSuffix(text, "\n") {
				text += "\n"
			}
			return text + "\n[" + section + "]\n" + entry
		}
	}
	for i := begin; i < len(lines) && !strings.HasPrefix(strings.TrimSpace(lines[i]), "["); i++ {
		if name, _, ok := strings.Cut(lines[i], "="); ok && strings.TrimSpace(name) == key {
			lines[i] = entry
			return strings.Join(lines, "")
		}
	}
	return strings.Join(slices.Insert(lines, begin, entry), "")
}

// quote is a TOML basic string. TOML 1.0, "String"
func quote(v string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range v {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case control(r):
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// clean takes secrets off the FAT partition: cricket.txt stays, without them; the files
// of Raspberry Pi Imager go. It leaves a file with the faults, or none.
func (p Places) clean(faults []Fault) error {
	file := filepath.Join(p.Firmware, TextFile)
	data, err := os.ReadFile(file)
	if err == nil {
		if clean := withoutSecrets(data); !bytes.Equal(clean, data) {
			err = overwrite(file, clean)
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("take secrets off the card: %w", err)
	}
	for _, name := range []string{UserDataFile, NetworkFile} {
		file := filepath.Join(p.Firmware, name)
		err := overwrite(file, nil)
		if err == nil {
			err = os.Remove(file)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("take secrets off the card: %w", err)
		}
	}
	file = filepath.Join(p.Firmware, FaultsFile)
	if len(faults) == 0 {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	text := "This was not taken over:\r\n" // Windows' editor needs the \r
	for _, f := range faults {
		text += f.Error() + "\r\n"
	}
	return write(file, text, 0o644)
}

// withoutSecrets is cricket.txt without the values of secretKeys. A file of which nothing
// was taken over stays as it is.
func withoutSecrets(data []byte) []byte {
	if !isText(data) {
		return data
	}
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		if key, value, ok := setting(strings.TrimPrefix(line, "\ufeff")); ok && value != "" && slices.Contains(secretKeys, key) {
			end := line[len(strings.TrimRight(line, "\r\n")):]
			if end == "" { // the last line
				end = "\n"
			}
			line = key + " =" + end + "# It was taken over, and is no longer on this card." + end
		}
		b.WriteString(line)
	}
	return []byte(b.String())
}

// overwrite puts zeros in the place of a file's bytes, then data. The flash of a card
// may keep the old ones in cells that nobody can address any more.
func overwrite(file string, data []byte) error {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(make([]byte, min(info.Size(), 1<<20)), 0); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if _, err := f.WriteAt(data, 0); err != nil {
		return err
	}
	return errors.Join(f.Truncate(int64(len(data))), f.Sync())
}

// setUp makes the system what was kept says.
func (p Places) setUp(id string) error {
	kept := func(name string) (string, error) {
		data, err := os.ReadFile(filepath.Join(p.System, name))
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil
		}
		return strings.TrimSpace(string(data)), err
	}
	name, err := kept(hostnameFile)
	if name == "" {
		name = "cricket-" + id[:6] // every box has another
	}
	zone, zoneErr := kept(zoneFile)
	country, countryErr := kept(countryFile)
	if err := errors.Join(err, zoneErr, countryErr); err != nil {
		return err
	}
	if err := errors.Join(write(filepath.Join(p.Etc, "hostname"), name+"\n", 0o644),
		write(filepath.Join(p.Etc, "hosts"), "127.0.0.1 localhost\n127.0.1.1 "+name+"\n::1 localhost\n", 0o644)); err != nil {
		return err
	}
	if zone != "" {
		link := filepath.Join(p.Etc, "localtime")
		if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.Symlink("../usr/share/zoneinfo/"+zone, link); err != nil {
			return err
		}
	}
	if country != "" { // modprobe.d(5): the module may be loaded later than this
		return write(filepath.Join(p.Etc, "modprobe.d/cricket-wifi.conf"), "options cfg80211 ieee80211_regdom="+country+"\n", 0o644)
	}
	return nil
}

// write replaces a file in one step, so that a power cut leaves the old one or the new.
func write(file, text string, mode fs.FileMode) error {
	if text != "" && old(file) == text {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(file+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return os.Rename(file+".new", file)
}
