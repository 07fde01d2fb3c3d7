package e2e

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cricket-home/cricket/mqtt"
	"github.com/cricket-home/cricket/mqtt/mqtttest"
)

// mostMemory is what the program may take up in a home of 5,000 devices, with its code.
const mostMemory = 120 << 20 // bytes

// The program itself, in a home of a thousand devices (with CRICKET_LOAD, five
// thousand) that a Mosquitto has retained: each is there, in no more memory than
// mostMemory. How soon is printed.
func TestProgramInALargeHome(t *testing.T) {
	n := 1000
	if os.Getenv("CRICKET_LOAD") != "" {
		n = 5000
	}
	program := build(t)
	m := mqtttest.NewMosquitto(t, "", nil)
	retain(t, m.URL(), n)

	dir, err := os.MkdirTemp("", "cricket-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	config := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(config, fmt.Appendf(nil, "[mqtt]\nbroker = %q\n[audio]\nmicrophone = \"none\"\n", m.URL()), 0o600); err != nil {
		t.Fatal(err)
	}
	d := &daemon{t: t, program: program, dir: dir}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	begin := time.Now()
	d.process = d.command("run", "--config", config)
	d.process.Stdout, d.process.Stderr = log, log
	if err := d.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.stop)
	d.until(func() bool {
		said, err := os.ReadFile(log.Name())
		return err == nil && strings.Contains(string(said), "broker connected")
	})
	connected := time.Now()
	for _, device := range []int{0, n / 2, n - 1} {
		d.until(func() bool { return d.command("ask", "--dry-run", fmt.Sprintf("turn on spot %d", device)).Run() == nil })
	}
	ready := time.Since(connected)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.process.Process.Pid))
	if err != nil {
		t.Skipf("SKIPPED: %v: Linux tells there how much memory a program has taken", err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	fields := strings.Fields(after)
	kb, err := strconv.Atoi(fields[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d devices: ready %v after the program began, %v after it was connected; %d MB of memory at most, code and all",
		n, time.Since(begin).Round(time.Millisecond), ready.Round(time.Millisecond), kb>>10)
	if kb<<10 > mostMemory {
		t.Errorf("it took up %d MB, %d are allowed", kb>>10, mostMemory>>20)
	}
}

// retain has a broker retain lights, each with its announcement, state and availability.
func retain(t *testing.T, broker string, n int) {
	t.Helper()
	c, err := mqtt.NewClient(mqtt.ClientOptions{Broker: broker, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	defer func() { stop(); <-ended }()
	if err := c.Connected(ctx); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		id := fmt.Sprintf("l%04d", i)
		for _, m := range []mqtt.Message{
			{Topic: "homeassistant/light/" + id + "/config", Payload: fmt.Appendf(nil, `{"name":"Spot %d","unique_id":"%s","schema":"json","brightness":true,`+
				`"state_topic":"z/%s","command_topic":"z/%s/set","availability":[{"topic":"z/%s/availability"}],`+
				`"device":{"identifiers":["%s"],"name":"Spot %d","manufacturer":"ACME","model":"L1","sw_version":"1.2.3","suggested_area":"Room %d"},`+
				`"origin":{"name":"Zigbee2MQTT","sw_version":"2.1.0"}}`, i, id, id, id, id, id, i, i/20)},
			{Topic: "z/" + id, Payload: []byte(`{"state":"OFF","brightness":100,"linkquality":80}`)},
			{Topic: "z/" + id + "/availability", Payload: []byte("online"), QoS: 1},
		} {
			m.Retain = true
			if err := c.Publish(ctx, m); err != nil {
				t.Fatal(err)
			}
		}
	}
}
