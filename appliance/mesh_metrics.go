package appliance

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/cricket-home/cricket/mesh/state"
)

// The figures of the mesh; docs/mesh.md lists them. None has a word that somebody said, and
// none a device.
var (
	siblingUp      = figure("sibling_up", "1 where the sibling is alive, 0 where it is not.", "sibling", "peer")
	siblingVital   = figure("sibling_vital", "How the sibling is: 0 never heard, 1 alive, 2 suspected, 3 dead, 4 gone.", "sibling", "peer")
	siblingLinked  = figure("sibling_connected", "1 where a connection to the sibling is open.", "sibling", "peer")
	siblingTrip    = figure("sibling_round_trip_seconds", "To the sibling and back.", "sibling", "peer")
	siblingQueue   = figure("sibling_queue", "Requests that wait at the sibling or run.", "sibling", "peer")
	meshEpoch      = figure("epoch", "How often the owner revoked a box.")
	meshStrangers  = figure("strangers_calls", "Calls of the last 16 boxes that are not paired with this one.")
	routeAsked     = figure("route_asked_total", "Requests that siblings were asked.")
	routeFailed    = figure("route_failed_total", "Requests that no sibling answered.")
	routeRescued   = figure("route_rescued_total", "Requests that were answered though a box failed.")
	routeBoxes     = figure("route_box_failures_total", "Boxes that failed at a request.")
	brainQueue     = figure("brain_queue", "Requests of siblings that wait here or run.")
	brainPaused    = figure("brain_paused", "1 while work for siblings stands still.")
	householdCount = figure("household_records", "Things that the boxes of the home know together.", "kind")
)

func figure(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("cricket_mesh_"+name, help, labels, nil)
}

// figures collects what is known at the moment when it is asked for.
type figures struct{ box *Box }

// Describe is none: what there is depends on the siblings.
func (f figures) Describe(chan<- *prometheus.Desc) {}

// Collect is of prometheus.Collector.
func (f figures) Collect(out chan<- prometheus.Metric) {
	b := f.box
	tell := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	}
	is := func(so bool) float64 {
		if so {
			return 1
		}
		return 0
	}
	m := b.siblings.mesh
	status := m.Status()
	tell(meshEpoch, prometheus.GaugeValue, float64(status.Epoch))
	tell(meshStrangers, prometheus.GaugeValue, float64(m.Strangers()))
	connected := map[string]bool{}
	for _, s := range status.Siblings {
		connected[s.ID] = s.Connected
	}
	node := b.heavy.node.Load()
	for _, s := range m.Members().All() {
		if s.ID == m.ID() {
			continue
		}
		tell(siblingLinked, prometheus.GaugeValue, is(connected[s.ID.String()]), s.Name, s.ID.String())
		if node == nil {
			continue
		}
		tell(siblingUp, prometheus.GaugeValue, is(node.Vital(s.ID) == state.Alive), s.Name, s.ID.String())
		tell(siblingVital, prometheus.GaugeValue, float64(node.Vital(s.ID)), s.Name, s.ID.String())
		tell(siblingTrip, prometheus.GaugeValue, m.Host().Peerstore().LatencyEWMA(s.ID).Seconds(), s.Name, s.ID.String())
	}
	if node != nil {
		for _, e := range node.Book().Siblings() {
			tell(siblingQueue, prometheus.GaugeValue, float64(e.Queue), b.siblingName(e.ID), e.ID.String())
		}
	}
	if home := b.heavy.home.Load(); home != nil {
		c := home.Counts()
		tell(routeAsked, prometheus.CounterValue, float64(c.Asked))
		tell(routeFailed, prometheus.CounterValue, float64(c.Failed))
		tell(routeRescued, prometheus.CounterValue, float64(c.Rescued))
		tell(routeBoxes, prometheus.CounterValue, float64(c.Boxes))
	}
	if brain := b.heavy.brain; brain != nil {
		queue, paused, _, _ := brain.Busy()
		tell(brainQueue, prometheus.GaugeValue, float64(queue))
		tell(brainPaused, prometheus.GaugeValue, is(paused))
	}
	if l := b.shared.log.Load(); l != nil {
		for kind, n := range l.Count() {
			tell(householdCount, prometheus.GaugeValue, float64(n), kind)
		}
	}
}

// metrics answers with the figures, and those of the process, in Prometheus's text form.
func (b *Box) metrics() http.Handler {
	r := prometheus.NewRegistry() // not the one that libraries fill
	r.MustRegister(figures{b}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{MaxRequestsInFlight: 2, Timeout: 5 * time.Second})
}

// serveMetrics serves them where the owner wants it, on this machine only, until ctx ends. A
// port that is taken ends nothing else.
func (b *Box) serveMetrics(ctx context.Context) error {
	if b.config.Mesh.Metrics == "" {
		return nil
	}
	l, err := net.Listen("tcp", b.config.Mesh.Metrics)
	if err != nil {
		b.log.Error("the figures of the mesh are not served", "err", err)
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", b.metrics())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		b.log.Error("the figures of the mesh are not served any more", "err", err)
	}
	return nil
}
