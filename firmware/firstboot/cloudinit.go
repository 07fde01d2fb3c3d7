package firstboot

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The files of cloud-init's NoCloud source, as Raspberry Pi Imager writes them.
const (
	UserDataFile = "user-data"
	NetworkFile  = "network-config"
)

// userData is what is taken of a #cloud-config. Everything else in it is for systems
// that install packages and run commands, and this one does not.
type userData struct {
	Hostname string    `yaml:"hostname"`
	Timezone string    `yaml:"timezone"`
	Locale   string    `yaml:"locale"`
	Keys     texts     `yaml:"ssh_authorized_keys"`
	Users    yaml.Node `yaml:"users"`
	PwAuth   bool      `yaml:"ssh_pwauth"`
}

// texts is a text or a list of them.
type texts []string

func (t *texts) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*t = texts{n.Value}
		return nil
	}
	return n.Decode((*[]string)(t))
}

// decode reads one YAML document of a bounded size into to. An empty one is none.
func decode(data []byte, to any) error {
	if len(data) > maxFile {
		return fmt.Errorf("it has more than %d bytes", maxFile)
	}
	err := yaml.Unmarshal(data, to)
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// ParseUserData reads user-data. Of its users only the keys count: there is one login,
// and no password.
func ParseUserData(data []byte) (Settings, []Fault) {
	var s Settings
	var u userData
	var faults []Fault
	fault := func(err error) {
		if err != nil {
			faults = append(faults, Fault{UserDataFile, 0, err.Error()})
		}
	}
	first, _, _ := strings.Cut(string(data[:min(len(data), 100)]), "\n")
	if strings.TrimSpace(first) != "#cloud-config" {
		return s, []Fault{{UserDataFile, 0, "its first line is not #cloud-config"}}
	}
	if err := decode(data, &u); err != nil {
		return s, []Fault{{UserDataFile, 0, err.Error()}}
	}
	for _, v := range []struct {
		text string
		set  func(string) error
	}{{u.Hostname, s.setHostname}, {u.Timezone, s.setTimeZone}, {u.Locale, s.setLanguage}} {
		if v.text != "" {
			fault(v.set(v.text))
		}
	}
	keys := u.Keys
	passwords := u.PwAuth
	if u.Users.Kind == yaml.SequenceNode {
		for _, n := range u.Users.Content {
			var user struct {
				Keys texts `yaml:"ssh_authorized_keys"`
			}
			if n.Kind != yaml.MappingNode { // "default", a name: cloud-init makes such a user
				continue
			}
			if err := n.Decode(&user); err != nil {
				fault(err)
				continue
			}
			keys = append(keys, user.Keys...)
		}
	}
	for _, k := range keys {
		fault(s.addKey(strings.TrimSpace(k)))
	}
	if passwords && len(s.Keys) == 0 {
		fault(errors.New("nobody can log in by SSH with a password here; give a public key"))
	}
	return s, faults
}

// network is what is taken of a network-config, version 2 (netplan's format).
type network struct {
	Wifis map[string]struct {
		Domain string `yaml:"regulatory-domain"`
		Points map[string]struct {
			Password string `yaml:"password"`
			Hidden   bool   `yaml:"hidden"`
			Auth     struct {
				Password string `yaml:"password"`
			} `yaml:"auth"`
		} `yaml:"access-points"`
	} `yaml:"wifis"`
}

// ParseNetwork reads network-config: its wireless networks. Cables need no settings.
func ParseNetwork(data []byte) (Settings, []Fault) {
	var s Settings
	var faults []Fault
	var file struct {
		Network *network `yaml:"network"`
		network `yaml:",inline"`
	}
	if err := decode(data, &file); err != nil {
		return s, []Fault{{NetworkFile, 0, err.Error()}}
	}
	n := file.network
	if file.Network != nil {
		n = *file.Network
	}
	devices := make([]string, 0, len(n.Wifis))
	for device := range n.Wifis {
		devices = append(devices, device)
	}
	sort.Strings(devices)
	for _, device := range devices {
		d := n.Wifis[device]
		if d.Domain != "" {
			if err := s.setCountry(d.Domain); err != nil {
				faults = append(faults, Fault{NetworkFile, 0, err.Error()})
			}
		}
		var names []string
		for name := range d.Points {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			p := d.Points[name]
			w := WiFi{Name: name, Password: p.Password, Hidden: p.Hidden}
			if w.Password == "" {
				w.Password = p.Auth.Password
			}
			err := w.checkName()
			if err == nil && w.Password != "" {
				err = w.checkPassword()
			}
			if err == nil && name == "" {
				err = errors.New("there is a wireless network without a name")
			}
			if err != nil {
				faults = append(faults, Fault{NetworkFile, 0, err.Error()})
				continue
			}
			s.WiFi = append(s.WiFi, w)
		}
	}
	return s, faults
}
