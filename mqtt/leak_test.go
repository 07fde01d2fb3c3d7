package mqtt

import (
	"runtime"
	"testing"
	"time"

	"github.com/cricket-home/cricket/mqtt/mqtttest"
)

// Connections that are lost leave no goroutine behind, however often.
func TestLostConnectionsLeaveNothingBehind(t *testing.T) {
	m := mqtttest.NewMosquitto(t, "", nil)
	statuses := make(chan Status, 1000)
	_, stop := runClient(t, ClientOptions{Broker: m.URL(), OnStatus: func(s Status) { put(statuses, s) }})
	count := func() int {
		for s := next(t, "the connection", statuses); !s.Connected; s = next(t, "the connection", statuses) {
		}
		runtime.GC()
		return runtime.NumGoroutine()
	}
	first := count()
	for range 3 {
		m.Kill()
		next(t, "the loss", statuses)
		m.Start()
		count()
	}
	m.Kill()
	next(t, "the loss", statuses)
	m.Start()
	limit := time.Now().Add(deadline)
	last := count()
	for last > first+2 && time.Now().Before(limit) { // paho's own end a little later
		runtime.Gosched()
		last = runtime.NumGoroutine()
	}
	if last > first+2 {
		t.Errorf("%d goroutines after five connections, %d after the first", last, first)
	}
	stop()
}
