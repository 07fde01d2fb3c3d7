package appliance

import (
	"net/http"
	"runtime/debug"
	"time"
)

// Status is how the box is, at a glance.
type Status struct {
	Name      string    `json:"name"`
	Room      string    `json:"room,omitempty"` // its own
	Language  string    `json:"language"`
	Mode      Mode      `json:"mode,omitempty"` // left out where it has never listened
	Muted     bool      `json:"muted"`
	Hears     bool      `json:"hears"`  // it has a microphone
	Speaks    bool      `json:"speaks"` // it has a loudspeaker
	Volume    int       `json:"volume"`
	Broker    string    `json:"broker"`
	Connected bool      `json:"broker_connected"`
	Devices   int       `json:"devices"`
	Rooms     int       `json:"rooms"`
	Version   string    `json:"version"`
	Since     time.Time `json:"since"` // it was started
	Time      time.Time `json:"time"`
}

// Status is how the box is now.
func (b *Box) Status() Status {
	h, broker := b.house.Now().Home, b.client.Status()
	s := Status{Name: b.own().Name, Language: b.config.Language, Mode: b.Mode(), Hears: b.live != nil, Speaks: b.hasLoudspeaker(), Volume: b.loud.Now(),
		Broker: broker.Broker, Connected: broker.Connected, Devices: len(h.Devices), Rooms: len(h.Areas), Version: "devel", Since: b.started, Time: time.Now()}
	s.Muted = s.Mode == Muted
	if a, ok := h.Area(b.config.Room); ok && b.config.Room != "" {
		s.Room = a.Name
	}
	if build, ok := debug.ReadBuildInfo(); ok && build.Main.Version != "" {
		s.Version = build.Main.Version
	}
	if v := b.options.System.Version; v != "" {
		s.Version = v
	}
	return s
}

func (b *Box) serveStatus(mux *http.ServeMux) {
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, b.Status()) })
}
