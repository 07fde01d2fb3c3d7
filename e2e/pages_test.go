package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/home/hass/hasstest"
	"github.com/cricket-home/cricket/mqtt/mqtttest"
)

// page is a page of docs: what is in fences, and what is between backticks.
type page struct {
	name   string
	blocks []block
	spans  []string
}

// block is what is in a fence, without its indent.
type block struct{ language, text string }

func readPage(t *testing.T, name string) page {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../docs", name))
	if err != nil {
		t.Fatal(err)
	}
	p := page{name: name}
	fence := regexp.MustCompile("(?ms)^( *)```(\\w*)\n(.*?)^ *```$")
	for _, m := range fence.FindAllStringSubmatch(string(data), -1) {
		p.blocks = append(p.blocks, block{m[2], strings.TrimPrefix(strings.ReplaceAll("\n"+m[3], "\n"+m[1], "\n"), "\n")})
	}
	for _, m := range regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(fence.ReplaceAllString(string(data), ""), -1) {
		p.spans = append(p.spans, m[1])
	}
	return p
}

// commands are the lines of the blocks that are no configuration, each with its comment.
func (p page) commands() (all [][2]string) {
	for _, b := range p.blocks {
		if b.language == "toml" || strings.HasPrefix(b.text, "[") {
			continue
		}
		for line := range strings.Lines(b.text) {
			command, comment, _ := strings.Cut(strings.TrimSpace(line), " # ")
			all = append(all, [2]string{strings.TrimSpace(command), strings.TrimSpace(comment)})
		}
	}
	return all
}

// cricket are the commands of the program that the page has within its sentences.
func (p page) cricket() (all []string) {
	for _, s := range p.spans {
		if strings.HasPrefix(s, "cricket ") && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// written is what a program has written until now.
type written struct {
	mu   sync.Mutex
	text strings.Builder
}

func (h *written) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(p)
}

func (h *written) has(text string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Contains(h.text.String(), text)
}

// shell runs commands of a page. Programs of the folder come before the machine's.
type shell struct {
	t      *testing.T
	folder string
	env    []string
}

func newShell(t *testing.T, env ...string) shell {
	folder := t.TempDir()
	return shell{t, folder, append(append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH")), env...)}
}

// put makes a program of the folder.
func (s shell) put(name, script string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.folder, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		s.t.Fatal(err)
	}
}

// clients are Mosquitto's, which speak to a broker of the test wherever a page says nothing of it.
func (s shell) clients(m *mqtttest.Mosquitto) {
	for _, name := range []string{"mosquitto_pub", "mosquitto_sub"} {
		s.put(name, fmt.Sprintf("exec %q -p %d \"$@\"", mqtttest.Program(s.t, name), m.Port))
	}
}

func (s shell) runs(command, input string) (string, error) {
	cmd := exec.Command("sh", "-c", command)
	cmd.Env, cmd.Stdin, cmd.Dir = s.env, strings.NewReader(input), s.folder
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// follows runs a command for as long as the test lasts, and returns what it writes.
func (s shell) follows(command string) *written {
	s.t.Helper()
	cmd := exec.Command("sh", "-c", "exec "+strings.TrimSuffix(command, "&"))
	out := &written{}
	cmd.Env, cmd.Stdout, cmd.Stderr = s.env, out, out
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return out
}

// configured is a daemon that is not started, with a text in its configuration instead of its broker.
func configured(t *testing.T, program, room, config string) *daemon {
	t.Helper()
	d := newDaemon(t, program, room)
	d.stop()
	file := filepath.Join(d.dir, "config.toml")
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, []byte(strings.Replace(string(text), "[mqtt]\nlisten = \"127.0.0.1:0\"\n", config, 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The commands of the pages for Home Assistant, Rhasspy and Node-RED do what the pages say.
func TestPagesOfFriends(t *testing.T) {
	program := build(t)
	t.Run("rhasspy.md", func(t *testing.T) { rhasspyPage(t, program) })
	t.Run("node-red.md", func(t *testing.T) { nodeREDPage(t, program) })
	t.Run("home-assistant.md", func(t *testing.T) { homeAssistantPage(t, program) })
}

// What the pages show of config.toml is what the box takes.
func TestConfigurationOfPages(t *testing.T) {
	blocks := 0
	for _, name := range []string{"home-assistant.md", "rhasspy.md", "node-red.md"} {
		for _, b := range readPage(t, name).blocks {
			if b.language != "toml" {
				continue
			}
			blocks++
			file := filepath.Join(t.TempDir(), "config.toml")
			text := b.text
			for _, m := range regexp.MustCompile(`"(/etc/[^"]+)"`).FindAllStringSubmatch(text, -1) {
				secret := filepath.Join(filepath.Dir(file), filepath.Base(m[1]))
				text = strings.Replace(text, m[1], secret, 1)
				if err := os.WriteFile(secret, []byte("x\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			var wants string
			if strings.Contains(text, "[home_assistant]") { // the page has the credential for it
				wants = "needs 'home_assistant.token_file', or the credential"
			}
			if _, err := appliance.LoadConfig(file); (err != nil) != (wants != "") || err != nil && !strings.Contains(err.Error(), wants) {
				t.Errorf("%s: %v\n%s", name, err, b.text)
			}
		}
	}
	if blocks < 6 {
		t.Errorf("%d blocks", blocks)
	}
}

func rhasspyPage(t *testing.T, program string) {
	p := readPage(t, "rhasspy.md")
	m := mqtttest.NewMosquitto(t, "", nil)
	d := configured(t, program, "kitchen", p.blocks[0].text+"[mqtt]\nbroker = \""+m.URL()+"\"\n")
	d.start()
	s := newShell(t)
	s.clients(m)
	tested := 0
	var watch *written
	for _, c := range p.commands() {
		command, comment := c[0], c[1]
		if watch == nil {
			watch = s.follows(command)
			d.until(func() bool { // it hears, and so does the box
				if out, err := s.runs(`mosquitto_pub -t hermes/nlu/query -m '{"siteId":"kitchen_satellite","input":"what time is it","id":"first"}'`, ""); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				return watch.has(`"id":"first"`) && watch.has("hermes/intent/")
			})
			continue
		}
		if out, err := s.runs(command, ""); err != nil {
			t.Errorf("%s: %v\n%s", command, err, out)
			continue
		}
		want, there := map[string]string{
			"hermes/intent/HassGetCurrentTime": "hermes/intent/HassGetCurrentTime ",
			"a WAV on …/playBytes/…":           "hermes/audioServer/kitchen_satellite/playBytes/",
			"startListening":                   "hermes/asr/startListening ",
			"":                                 "hermes/dialogueManager/sessionStarted ",
		}[comment]
		if !there {
			t.Errorf("%s # %s: the test does not know what that is to do", command, comment)
			continue
		}
		tested++
		d.until(func() bool { return watch.has(want) })
	}
	if tested != 4 || !watch.has("The post is here.") {
		t.Errorf("%d commands were tested", tested)
	}
}

func nodeREDPage(t *testing.T, program string) {
	p := readPage(t, "node-red.md")
	m := mqtttest.NewMosquitto(t, "", nil)
	d := configured(t, program, "hall", "[mqtt]\nbroker = \""+m.URL()+"\"\n")
	d.start()
	s := newShell(t)
	s.clients(m)
	if out, err := s.runs(`mosquitto_pub -r -t homeassistant/light/hall_lamp/config -m '{"name":"Hall lamp","unique_id":"l1","command_topic":"hall/set","suggested_area":"Hall"}'`, ""); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	d.until(func() bool { return strings.Contains(d.says("home", "show"), "light.hall_lamp ") })
	lamp := s.follows("mosquitto_sub -v -t hall/set")
	node := ""
	var events *written
	tested := 0
	for _, c := range p.commands() {
		command := strings.ReplaceAll(c[0], "NODE", node)
		tested++
		switch {
		case strings.Contains(command, "availability"):
			out, err := s.runs(command, "") // which ends when nothing comes any more, by a code of its own
			found := regexp.MustCompile(`(?m)^cricket/([a-z0-9_]+)/availability online$`).FindStringSubmatch(out)
			if found == nil {
				t.Fatalf("%s: %v\n%s", command, err, out)
			}
			node = found[1]
		case strings.HasPrefix(command, "mosquitto_sub"):
			events = s.follows(command)
			probe := s.follows("mosquitto_sub -v -t 'cricket/" + node + "/availability'")
			d.until(func() bool { return probe.has("online") }) // later than the one before
		case strings.Contains(command, "/ask/set"):
			d.until(func() bool { // until both have subscribed
				if out, err := s.runs(command, ""); err != nil {
					t.Fatalf("%s: %v\n%s", command, err, out)
				}
				return lamp.has("hall/set ON") && events.has(`"intent":"HassTurnOn"`)
			})
		case strings.Contains(command, "/announce/set"):
			if out, err := s.runs(command, ""); err != nil {
				t.Errorf("%s: %v\n%s", command, err, out)
			}
			// This machine may have no loudspeaker. That the topic is spoken is tested with the flow, which has the same.
			topic := strings.Fields(c[0])[2]
			if flow, err := os.ReadFile("../docs/home-assistant/node-red.json"); err != nil || !strings.Contains(string(flow), `"`+topic+`"`) {
				t.Errorf("%s is not in the flow: %v", topic, err)
			}
		default:
			t.Errorf("%s is not tested", command)
		}
	}
	if tested != 4 {
		t.Errorf("%d commands", tested)
	}
}

func homeAssistantPage(t *testing.T, program string) {
	p := readPage(t, "home-assistant.md")
	server := hasstest.New(t, hasstest.Small())
	i := slices.IndexFunc(p.blocks, func(b block) bool { return strings.Contains(b.text, "[home_assistant]") })
	config := regexp.MustCompile(`"http://[^"]+"`).ReplaceAllString(p.blocks[i].text, `"`+server.URL+`"`)
	d := configured(t, program, "study", config+"[mqtt]\nlisten = \"127.0.0.1:0\"\n")
	root := t.TempDir()
	s := newShell(t, "STATE_DIRECTORY="+filepath.Join(d.dir, "state"), "RUNTIME_DIRECTORY="+filepath.Join(d.dir, "run"))
	s.put("sudo", `exec "$@"`)
	s.put("install", `for a; do shift; case $a in /etc/*) a="`+root+`$a" ;; esac; set -- "$@" "$a"; done; exec /usr/bin/install "$@"`)
	s.put("systemctl", `[ "$1 $2" = "edit cricket" ]`)
	s.put("cricket", `exec "`+program+`" "$@"`)

	// The token is kept where the unit of the page finds it, under the name that the box looks for.
	for _, c := range p.commands() {
		if out, err := s.runs(c[0], hasstest.Token+"\n"); err != nil {
			t.Errorf("%s: %v\n%s", c[0], err, out)
		}
	}
	unit := slices.IndexFunc(p.blocks, func(b block) bool { return strings.HasPrefix(b.text, "[Service]") })
	credential := regexp.MustCompile(`^\[Service\]\nLoadCredential=([a-z-]+):(/\S+)\n$`).FindStringSubmatch(p.blocks[unit].text)
	if credential == nil {
		t.Fatalf("the unit is\n%s", p.blocks[unit].text)
	}
	given := t.TempDir() // as systemd does
	if err := os.Link(filepath.Join(root, credential[2]), filepath.Join(given, credential[1])); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(root, credential[2])); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token's file: %v, %v", info, err)
	}
	d.credentials = given
	d.start()
	d.until(func() bool { return strings.Contains(d.says("home", "show"), "light.desk ") })

	registry, err := filepath.Abs("../home/testdata/registry")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(registry, filepath.Join(s.folder, ".storage")); err != nil {
		t.Fatal(err)
	}
	wants := map[string]string{
		"cricket doctor":                    "home assistant: version 2026.4.1 at " + server.URL + " serves 6 entities that are not on MQTT",
		"cricket home show":                 "light.desk ",
		"cricket ask turn on the desk lamp": `reply="Desk lamp on."`,
		"cricket home import .storage":      "",
	}
	for _, command := range p.cricket() {
		want, there := wants[command]
		if !there {
			t.Errorf("%s is not tested", command)
			continue
		}
		out, err := s.runs(command, "")
		if err != nil && command != "cricket doctor" || !strings.Contains(out, want) { // the doctor ends with 3: this machine may have no microphone
			t.Errorf("%s: %v\n%s", command, err, out)
		}
		delete(wants, command)
	}
	if len(wants) > 0 || len(server.Calls()) != 1 {
		t.Errorf("not on the page: %v; %d calls", wants, len(server.Calls()))
	}
}
