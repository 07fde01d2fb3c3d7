package intent

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// bigHome is a house of n devices, the same at every call: forty rooms on four
// storeys, names that repeat from room to room and names of their own.
func bigHome(n int) Names {
	var h Names
	for i, name := range []string{"Cellar", "Ground floor", "First floor", "Attic"} {
		h.Floors = append(h.Floors, Floor{ID: fmt.Sprintf("floor_%d", i), Name: name})
	}
	kinds := strings.Fields("kitchen bedroom bathroom office hall lounge nursery workshop library gallery")
	colors := strings.Fields("red blue green white")
	for i := range 40 {
		h.Areas = append(h.Areas, Area{
			ID: fmt.Sprintf("area_%d", i), Name: fmt.Sprintf("%s %s", colors[i/10], kinds[i%10]),
			Floor: h.Floors[i%4].ID, Aliases: []string{fmt.Sprintf("room %d", i+1)},
		})
	}
	things := []struct{ domain, class, name string }{
		{"light", "", "Ceiling light"}, {"light", "", "Lamp"}, {"light", "", "Reading light"}, {"light", "", "Spots"},
		{"switch", "", "Coffee machine"}, {"switch", "", "Printer"}, {"switch", "", "Charger"},
		{"cover", "blind", "Blinds"}, {"cover", "curtain", "Curtains"}, {"fan", "", "Fan"},
		{"media_player", "", "Speaker"}, {"media_player", "", "TV"}, {"climate", "", "Heating"}, {"lock", "", "Door"},
		{"sensor", "temperature", "Temperature"}, {"sensor", "humidity", "Humidity"}, {"binary_sensor", "window", "Window"}, {"binary_sensor", "motion", "Motion"},
	}
	owners := strings.Fields("Anna Bert Clara David Emil Frida Georg Hanna Ida Jonas Klara Leo Mia Nils Olga Paul")
	for i := range n {
		t := things[i%len(things)]
		a := h.Areas[(i/len(things))%len(h.Areas)]
		e := Entity{ID: fmt.Sprintf("%s.device_%d", t.domain, i), Name: t.name, Area: a.ID, DeviceClass: t.class, State: "off"}
		switch i % 3 {
		case 1:
			e.Name = a.Name + " " + strings.ToLower(t.name)
		case 2:
			e.Name = fmt.Sprintf("%s's %s %d", owners[i%len(owners)], strings.ToLower(t.name), i/7)
			e.Aliases = []string{fmt.Sprintf("%s number %d", strings.ToLower(t.name), i)}
		}
		h.Entities = append(h.Entities, e)
	}
	return h
}

// adversarial are sentences made to cost as much as they can.
var adversarial = []string{
	strings.Repeat("turn on the lights and ", 17) + "turn on",
	strings.Repeat("and ", 90),
	strings.Repeat("please ", 55),
	"turn on " + strings.Repeat("the ", 95),
	"set the red kitchen lamp to " + strings.Repeat("one hundred and ", 20) + "five",
	strings.Repeat("red kitchen ceiling light ", 15),
	"is the lamp in the red kitchen in the red kitchen in the red kitchen on",
	"turn off the red kitchen and the blue kitchen and the green kitchen and the white kitchen and the red bedroom lights",
	"could you please just maybe turn on now please the red kitchen light please thanks and then could you please turn off everything in the blue bedroom",
	strings.Repeat("a", 399),
}

func benchSentences(t testing.TB) []string {
	var all []string
	for _, file := range []string{"understood.yaml", "refused.yaml"} {
		for _, s := range stories(t, file) {
			all = append(all, s.Say...)
		}
	}
	for _, s := range all[:200] {
		all = append(all, strings.NewReplacer("kitchen", "red kitchen", "bedroom", "blue bedroom", "coffee machine", "Anna's coffee machine 3").Replace(s))
	}
	return append(all, adversarial...)
}

func BenchmarkResolve1000(b *testing.B) {
	r := compileBuiltin(b).Bind(bigHome(1000))
	all := benchSentences(b)
	took := make([]time.Duration, 0, b.N)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		start := time.Now()
		r.Resolve(Query{Text: all[i%len(all)], Room: "area_0"})
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds()), "p95-µs")
	b.ReportMetric(float64(took[len(took)-1].Microseconds()), "max-µs")
}

func BenchmarkBind1000(b *testing.B) {
	s, home := compileBuiltin(b), bigHome(1000)
	b.ReportAllocs()
	for b.Loop() {
		s.Bind(home)
	}
}

func BenchmarkCompile(b *testing.B) {
	home := bigHome(1000)
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	var r *Resolver
	for b.Loop() {
		r = compileBuiltin(b).Bind(home)
	}
	r.Resolve(Query{Text: "turn on the lights"})
	b.ReportMetric(float64(heap()-before)/1e6, "heap-MB")
	runtime.KeepAlive(r)
}
