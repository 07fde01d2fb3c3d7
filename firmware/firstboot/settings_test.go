package firstboot

import (
	"reflect"
	"strings"
	"testing"
)

func TestTextFile(t *testing.T) {
	const keyText = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHqk anna@desk"
	for _, test := range []struct {
		name, text string
		want       Settings
		faults     []string
	}{
		{"nothing", "", Settings{}, nil},
		{"only comments, as it is on a new card", "# wifi_name = x\n\n   # name =\n", Settings{}, nil},
		{"all of it", strings.Join([]string{"name = Kitchen Cricket", "language = de", "time_zone = Europe/Berlin", "room = Küche",
			"wifi_name = Müller's Netz", "wifi_password = correct horse = battery", "wifi_country = de", "wifi_hidden = yes",
			"mqtt_broker = homeassistant.local", "mqtt_username = box", "mqtt_password = p=#1", "page_code = knock knock", "microphone = USB", "loudspeaker = USB", "ssh_key = " + keyText}, "\n"),
			Settings{Hostname: "kitchen-cricket", Language: "de", TimeZone: "Europe/Berlin", Room: "Küche",
				WiFi: []WiFi{{"Müller's Netz", "correct horse = battery", true}}, Country: "DE", Broker: "tcp://homeassistant.local:1883",
				Username: "box", Password: "p=#1", PageCode: "knock knock", Microphone: "USB", Loudspeaker: "USB", Keys: []string{keyText}}, nil},
		{"from Windows' editor", "\ufeffname = attic\r\nroom = Attic\r\n", Settings{Hostname: "attic", Room: "Attic"}, nil},
		{"blanks that belong to a password", `wifi_password = " eight ch"` + "\nWiFi_Name=x", Settings{WiFi: []WiFi{{"x", " eight ch", false}}}, nil},
		{"a value that is left empty", "wifi_name =\nname=", Settings{}, nil},
		{"a code that is soon guessed", "page_code = 1234567\npage_code = \"   abcde   \"\npage_code = éééé", Settings{}, []string{"line 1: page_code", "line 2: page_code", "line 3: page_code"}},
		{"TLS to the broker", "mqtt_broker = ssl://home:8883", Settings{Broker: "ssl://home:8883"}, nil},
		{"a broker that is to be found", "mqtt_broker = discover", Settings{Broker: "discover"}, nil},
		{"faults name their lines, and the rest counts", "nmae = x\nroom\nname = a/b\nlanguage = klingon language\ntime_zone = ../../etc/passwd\nwifi_name = home\nwifi_password = short\nmqtt_broker = ftp://x\nssh_key = /home/anna/.ssh/id\nroom = Hall",
			Settings{Room: "Hall", WiFi: []WiFi{{Name: "home"}}},
			[]string{`line 1: there is no setting "nmae"`, `line 2: "room" is no setting; write  name = value`, "line 3: name: ", "line 4: language: ",
				"line 5: time_zone: ", "line 7: wifi_password: a Wi-Fi password has 8", "line 8: mqtt_broker: ", "line 9: ssh_key: "}},
		{"a password for no network", "wifi_password = 12345678", Settings{}, []string{"there is a wifi_password, and no wifi_name"}},
		{"a document of an office program", "PK\x03\x04\x00\x00", Settings{}, []string{"not a text file"}},
		{"a key over two lines would be more than a key", "ssh_key = ssh-rsa AAAA\x01", Settings{}, []string{"line 1: ssh_key"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, faults := ParseText([]byte(test.text))
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
			checkFaults(t, faults, test.faults)
		})
	}
}

func checkFaults(t *testing.T, got []Fault, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d faults, want %d: %v", len(got), len(want), got)
	}
	for i, f := range got {
		if !strings.Contains(f.Error(), want[i]) {
			t.Errorf("fault %d is %q, want %q", i, f, want[i])
		}
	}
}

func TestUserData(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       Settings
		faults     []string
	}{
		{"as Raspberry Pi Imager writes it", `#cloud-config
hostname: attic
manage_etc_hosts: true
apt:
  conf: |
    Acquire { Check-Date "false"; };
timezone: Europe/Paris
locale: fr_FR.UTF-8
keyboard: {model: pc105, layout: fr}
users:
- name: anna
  groups: users,sudo
  shell: /bin/bash
  lock_passwd: false
  passwd: $5$salt$hash
  ssh_authorized_keys:
  - ssh-ed25519 AAAAC3Nz anna@desk
ssh_pwauth: false
runcmd: [reboot]
`, Settings{Hostname: "attic", TimeZone: "Europe/Paris", Language: "fr", Keys: []string{"ssh-ed25519 AAAAC3Nz anna@desk"}}, nil},
		{"users that cloud-init would make", "#cloud-config\nusers: [default, {name: x}]\n", Settings{}, nil},
		{"a single key", "#cloud-config\nssh_authorized_keys: ssh-rsa AAAA\n", Settings{Keys: []string{"ssh-rsa AAAA"}}, nil},
		{"a login by password", "#cloud-config\nssh_pwauth: true\n", Settings{}, []string{"password"}},
		{"a script", "#!/bin/sh\nreboot\n", Settings{}, []string{"#cloud-config"}},
		{"no YAML", "#cloud-config\nhostname: [\n", Settings{}, []string{"yaml"}},
		{"a name that is none", "#cloud-config\nhostname: a..b\n", Settings{}, []string{"network"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, faults := ParseUserData([]byte(test.text))
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
			checkFaults(t, faults, test.faults)
		})
	}
}

func TestNetworkConfig(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       Settings
		faults     []string
	}{
		{"as Raspberry Pi Imager writes it", `network:
  version: 2
  ethernets: {eth0: {dhcp4: true, optional: true}}
  wifis:
    wlan0:
      dhcp4: true
      regulatory-domain: "GB"
      access-points:
        "home: upstairs": {password: "b9c8bb3a2c1cf4eb31efa2bb4ee7a7f8f6c0d0e38e4b7ee0b1f2a2d1c0ffee00"}
      optional: true
`, Settings{Country: "GB", WiFi: []WiFi{{"home: upstairs", "b9c8bb3a2c1cf4eb31efa2bb4ee7a7f8f6c0d0e38e4b7ee0b1f2a2d1c0ffee00", false}}}, nil},
		{"without the outer key", "version: 2\nwifis: {wlan0: {access-points: {open: {}}}}\n", Settings{WiFi: []WiFi{{Name: "open"}}}, nil},
		{"two networks", "network: {wifis: {wlan0: {access-points: {b: {hidden: true}, a: {auth: {password: 12345678}}}}}}\n",
			Settings{WiFi: []WiFi{{"a", "12345678", false}, {"b", "", true}}}, nil},
		{"a cable only", "network: {version: 2, ethernets: {eth0: {dhcp4: true}}}\n", Settings{}, nil},
		{"a password that is too short", "network: {wifis: {wlan0: {access-points: {a: {password: abc}}}}}\n", Settings{}, []string{"8 to 63"}},
		{"nothing", "", Settings{}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, faults := ParseNetwork([]byte(test.text))
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
			checkFaults(t, faults, test.faults)
		})
	}
}

// Whatever is on the card: what is taken over is safe where it is written to, and what
// is left of cricket.txt has no secret and says the same otherwise.
func FuzzText(f *testing.F) {
	f.Add([]byte("name = Kitchen\nwifi_name = x\nwifi_password = 12345678\nmqtt_password = \"a\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, _ := ParseText(data)
		checkSafe(t, s)
		again, _ := ParseText(withoutSecrets(data))
		if again.Password != "" || len(again.WiFi) > 0 && again.WiFi[0].Password != "" {
			t.Fatalf("a secret is left: %+v", again)
		}
		again.Password, again.WiFi = s.Password, s.WiFi
		if len(data) < maxFile/2 && !reflect.DeepEqual(again, s) {
			t.Fatalf("before %+v, after %+v", s, again)
		}
	})
}

func FuzzUserData(f *testing.F) {
	f.Add([]byte("#cloud-config\nhostname: x\nusers: [{ssh_authorized_keys: [ssh-rsa AAAA]}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, _ := ParseUserData(data)
		checkSafe(t, s)
	})
}

func FuzzNetwork(f *testing.F) {
	f.Add([]byte("network: {wifis: {wlan0: {access-points: {a: {password: 12345678}}}}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, _ := ParseNetwork(data)
		checkSafe(t, s)
	})
}

func checkSafe(t *testing.T, s Settings) {
	if strings.ContainsAny(s.Hostname+s.Country+s.Language, "\n/. ") || strings.Contains(s.TimeZone, "..") || strings.HasPrefix(s.TimeZone, "/") {
		t.Fatalf("%+v", s)
	}
	for _, k := range s.Keys {
		if strings.ContainsAny(k, "\n\r") {
			t.Fatalf("a key of two lines: %q", k)
		}
	}
	for i, w := range s.WiFi {
		if w.Name == "" || strings.Count(w.connection(i), "psk=") > 1 {
			t.Fatalf("%+v", w)
		}
		for line := range strings.Lines(w.connection(i)) { // no setting of another name has come in
			name, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			if !strings.Contains(" [connection] id type autoconnect-priority  [wifi] mode ssid hidden [wifi-security] key-mgmt psk [ipv4] [ipv6] method ", " "+name+" ") {
				t.Fatalf("connection %q", w.connection(i))
			}
		}
	}
}
