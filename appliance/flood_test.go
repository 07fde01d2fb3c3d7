package appliance

import (
	"fmt"
	"log/slog"
	"runtime"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/mqtt"
)

// announcedHome is what a large home's bridge has retained: n devices of the usual
// kinds in forty rooms, each with its availability and templates.
func announcedHome(n int) []mqtt.Message {
	var out []mqtt.Message
	for i := range n {
		common := fmt.Sprintf(`"availability":[{"topic":"zigbee2mqtt/bridge/state","value_template":"{{ value_json.state }}"}],"device":{"identifiers":["z%d"],"name":"Room %d thing %d","suggested_area":"Room %d","manufacturer":"Example","model":"Thing","sw_version":"1.0"},"name":null,"origin":{"name":"Zigbee2MQTT","sw":"2.1.0","url":"https://example.org"},"state_topic":"zigbee2mqtt/thing %d","unique_id":"z%d"`, i, i%40, i, i%40, i, i)
		kind, more := "light", fmt.Sprintf(`"schema":"json","brightness":true,"brightness_scale":254,"supported_color_modes":["xy","color_temp"],"command_topic":"zigbee2mqtt/thing %d/set"`, i)
		switch i % 4 {
		case 1:
			kind, more = "switch", fmt.Sprintf(`"command_topic":"zigbee2mqtt/thing %d/set","payload_on":"ON","payload_off":"OFF","value_template":"{{ value_json.state }}"`, i)
		case 2:
			kind, more = "sensor", `"device_class":"temperature","unit_of_measurement":"°C","value_template":"{{ value_json.temperature }}"`
		case 3:
			kind, more = "binary_sensor", `"device_class":"door","payload_on":false,"payload_off":true,"value_template":"{{ value_json.contact }}"`
		}
		out = append(out, mqtt.Message{Topic: fmt.Sprintf("homeassistant/%s/z%d/x/config", kind, i), Payload: []byte("{" + common + "," + more + "}")})
	}
	return out
}

// A flood of announcements makes few homes and few resolvers: each of them costs
// as much as the home is large.
func TestAFloodIsTakenInTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const devices = 2000
		house := runHouse(t, slog.New(slog.DiscardHandler))
		binds := 0
		go func() {
			for {
				select {
				case <-house.renamed[0]:
					binds++
				case <-t.Context().Done():
					return
				}
			}
		}()
		messages := announcedHome(devices)
		for _, m := range messages {
			house.Discover(m)
		}
		synctest.Wait()
		time.Sleep(time.Minute) // of the test's own clock
		synctest.Wait()
		if n := len(house.Now().Home.Devices); n != devices {
			t.Fatalf("%d devices, want %d", n, devices)
		}
		in := house.Now().Resolver.Resolve(intent.Query{Text: fmt.Sprintf("turn on room %d thing %d", (devices-4)%40, devices-4)})
		if len(in.Targets) != 1 {
			t.Fatalf("the last lamp cannot be named: %+v", in)
		}
		if binds > 2 { // the one of no names, and the one of all
			t.Errorf("%d resolvers were made", binds)
		}
	})
}

// BenchmarkFlood is 5,000 retained announcements, from the first to a resolver
// that knows all names.
func BenchmarkFlood(b *testing.B) {
	messages := announcedHome(5000)
	b.ReportAllocs()
	began := processorTime(b)
	for b.Loop() {
		house := runHouse(b, slog.New(slog.DiscardHandler))
		for _, m := range messages {
			house.Discover(m)
		}
		last := intent.Query{Text: fmt.Sprintf("turn on room %d thing %d", (len(messages)-4)%40, len(messages)-4)}
		for len(house.Now().Resolver.Match(last).Targets) != 1 {
			select {
			case <-house.renamed[0]:
			case <-time.After(time.Minute):
				b.Fatal("the flood is not over after a minute")
			}
		}
		b.StopTimer()
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "MB-live")
		b.StartTimer()
	}
	b.ReportMetric((processorTime(b)-began).Seconds()/float64(b.N), "cpu-s/op")
}

// processorTime is what the process has used of the processors: on a machine that is
// busy with other things it says more than the clock.
func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
