package appliance

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/mqtt"
)

// runHouse runs a house of no device until the test ends.
func runHouse(t testing.TB, log *slog.Logger) *House {
	t.Helper()
	h, err := home.Parse("", nil)
	if err != nil {
		t.Fatal(err)
	}
	sentences, err := Sentences(DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	house := NewHouse(h, sentences, "homeassistant", log)
	go func() {
		for range house.followed {
		}
	}()
	ended := make(chan struct{})
	go func() { house.Run(t.Context()); close(ended) }()
	t.Cleanup(func() { <-ended; close(house.followed) })
	return house
}

// A device that talks nonsense is logged once for each thing that it talks
// about, and its messages are counted.
func TestNonsenseIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		house := runHouse(t, slog.New(slog.NewTextHandler(&log, nil)))
		house.Discover(mqtt.Message{Topic: "homeassistant/light/x/config",
			Payload: []byte(`{"name":"Lamp","uniq_id":"x","cmd_t":"c","stat_t":"s","bri_stat_t":"b","bri_cmd_t":"bc"}`)})
		time.Sleep(time.Second)
		synctest.Wait()
		for i := range 500 {
			house.Hear(mqtt.Message{Topic: "s", Payload: fmt.Appendf(nil, "nonsense %d", i)})
			house.Hear(mqtt.Message{Topic: "b", Payload: fmt.Appendf(nil, "bright %d", i)})
		}
		house.Hear(mqtt.Message{Topic: "s", Payload: []byte("ON")})
		synctest.Wait()
		if lines := strings.Count(log.String(), "state not understood"); lines != 2 {
			t.Fatalf("%d lines:\n%s", lines, log.String())
		}
		said := house.notUnderstood(t.Context())
		if len(said) != 2 || said[0].count != 500 || said[1].count != 500 || said[1].topic != "s" || !strings.Contains(said[1].reason, "nonsense 0") {
			t.Fatalf("%+v", said)
		}
		if d, _ := house.Now().Home.Device("light.lamp"); d.State != "on" {
			t.Fatalf("%q", d.State)
		}
	})
}
