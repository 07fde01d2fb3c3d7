//go:build nodered

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cricket-home/cricket/mqtt/mqtttest"
)

// nodeRED is a Node-RED that runs.
type nodeRED struct {
	t       *testing.T
	address string
	log     string
}

// startNodeRED starts the real one, with nothing in it.
func startNodeRED(t *testing.T, d *daemon) nodeRED {
	t.Helper()
	program := os.Getenv("CRICKET_NODE_RED")
	if program == "" {
		t.Fatal("there is no Node-RED; hint: make node-red-test")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	_, port, _ := net.SplitHostPort(address)
	dir := t.TempDir()
	n := nodeRED{t, "http://" + address, filepath.Join(dir, "log")}
	log, err := os.Create(n.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	ctx, stop := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, "node", program, "--userDir", dir, "--port", port, "-D", "uiHost=127.0.0.1", "-D", "telemetry.enabled=false")
	c.Env, c.Stdout, c.Stderr = append(os.Environ(), "HOME="+dir), log, log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		c.Wait()
		if t.Failed() {
			t.Logf("Node-RED's log:\n%s", n.says())
		}
	})
	d.until(func() bool { return n.asks(http.MethodGet, "/flows", nil) == http.StatusOK })
	return n
}

func (n nodeRED) says() string {
	text, _ := os.ReadFile(n.log)
	return string(text)
}

// asks sends a request to its editor's API, and returns the status; 0 while nobody answers.
func (n nodeRED) asks(method, path string, body []byte) int {
	n.t.Helper()
	r, err := http.NewRequestWithContext(n.t.Context(), method, n.address+path, bytes.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Node-RED-Deployment-Type", "full")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode >= 400 {
		n.t.Logf("%s %s: %s: %s", method, path, answer.Status, text)
	}
	return answer.StatusCode
}

// A real Node-RED imports the flow of docs/node-red.md, and a real box and it talk through
// a real Mosquitto: the evening's request is carried out, the bell is announced, and what
// failed is said.
func TestNodeREDRunsTheFlow(t *testing.T) {
	m := mqtttest.NewMosquitto(t, "", nil)
	d := configured(t, build(t), "hall", "[mqtt]\nbroker = \""+m.URL()+"\"\n")
	d.start()
	s := newShell(t)
	s.clients(m)
	if out, err := s.runs(`mosquitto_pub -r -t homeassistant/light/hall_lamp/config -m '{"name":"Hall lamp","unique_id":"l1","command_topic":"hall/set","state_topic":"hall","suggested_area":"Hall"}' && mosquitto_pub -r -t hall -m OFF`, ""); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	d.until(func() bool { return strings.Contains(d.says("home", "show"), "light.hall_lamp ") })
	out, _ := s.runs("mosquitto_sub -v -t 'cricket/+/availability' -W 2", "") // which ends by a code of its own
	node := regexp.MustCompile(`(?m)^cricket/([a-z0-9_]+)/availability online$`).FindStringSubmatch(out)
	if node == nil {
		t.Fatalf("no box is online: %s", out)
	}

	flow, err := os.ReadFile("../docs/home-assistant/node-red.json")
	if err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(strings.TrimPrefix(m.URL(), "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	flow = bytes.ReplaceAll(flow, []byte("NODE"), []byte(node[1])) // step 3 of the page
	var nodes []map[string]any
	if err := json.Unmarshal(flow, &nodes); err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		if n["type"] == "mqtt-broker" { // step 2
			n["broker"], n["port"] = host, port
		}
	}
	if flow, err = json.Marshal(nodes); err != nil {
		t.Fatal(err)
	}
	red := startNodeRED(t, d)
	if code := red.asks(http.MethodPost, "/flows", flow); code != http.StatusNoContent && code != http.StatusOK {
		t.Fatalf("the flow is not taken: %d", code)
	}
	d.until(func() bool { return strings.Contains(red.says(), "Connected to broker") })
	for _, wrong := range []string{"Flows stopped", "Waiting for missing types", "[error]"} {
		if strings.Contains(red.says(), wrong) {
			t.Errorf("Node-RED says %q", wrong)
		}
	}

	lamp, said := s.follows("mosquitto_sub -v -t hall/set"), s.follows("mosquitto_sub -v -t 'cricket/+/announce/set'")
	probe := s.follows("mosquitto_sub -v -t hall")
	d.until(func() bool { return probe.has("hall OFF") }) // later than the two before
	if code := red.asks(http.MethodPost, "/inject/cricket.bell", []byte("{}")); code != http.StatusOK {
		t.Errorf("the bell: %d", code)
	}
	d.until(func() bool { return said.has("cricket/" + node[1] + "/announce/set Somebody is at the door.") })
	if code := red.asks(http.MethodPost, "/inject/cricket.evening", []byte("{}")); code != http.StatusOK {
		t.Errorf("the evening: %d", code)
	}
	d.until(func() bool { return lamp.has("hall/set ON") })
	// The lamp tells no state, so it did not answer, and the flow has the box say so.
	d.until(func() bool { return said.has("announce/set Something in the hall does not answer.") })
}
