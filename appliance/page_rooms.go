package appliance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/internal/durable"
)

// HouseView is the home as people look at it: room by room, with what cannot be spoken
// to and why.
type HouseView struct {
	Floors  []FloorView  `json:"floors"`
	Areas   []AreaView   `json:"areas"`
	Devices []DeviceView `json:"devices"`
	Faults  []FaultView  `json:"faults"` // what announced itself and cannot be used
}

// FloorView is a floor of a HouseView.
type FloorView struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Aliases []string `json:"aliases,omitempty"`
}

// AreaView is a room of a HouseView.
type AreaView struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Aliases []string `json:"aliases,omitempty"`
	Floor   string   `json:"floor,omitempty"` // id
}

// DeviceView is a device of a HouseView.
type DeviceView struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Aliases   []string `json:"aliases,omitempty"`
	Taught    []string `json:"taught,omitempty"` // names that people have taught
	Area      string   `json:"area,omitempty"`   // id
	Domain    string   `json:"domain"`
	Class     string   `json:"device_class,omitempty"`
	State     string   `json:"state,omitempty"`
	Unit      string   `json:"unit,omitempty"`
	Offline   bool     `json:"offline,omitempty"`
	Speakable bool     `json:"speakable"`
	Why       string   `json:"why,omitempty"`     // it is not: "hidden", "unannounced"
	Movable   bool     `json:"movable,omitempty"` // POST /home/area can put it into another room
}

// FaultView is something that announced itself and cannot be used.
type FaultView struct {
	Topic  string `json:"topic"`
	Entity string `json:"entity,omitempty"`
	Reason string `json:"reason"`
}

// View is the home as people look at it.
func (s *Snapshot) View() HouseView {
	v := HouseView{Floors: []FloorView{}, Areas: []AreaView{}, Devices: []DeviceView{}, Faults: []FaultView{}}
	for _, f := range s.Home.Floors {
		v.Floors = append(v.Floors, FloorView(f))
	}
	for _, a := range s.Home.Areas {
		v.Areas = append(v.Areas, AreaView(a))
	}
	for _, d := range s.Home.Devices {
		one := DeviceView{ID: d.ID, Name: d.Name, Aliases: d.Aliases, Taught: s.Home.Taught(d.ID), Area: d.Area, Domain: d.Domain(), Class: d.DeviceClass,
			State: d.State, Offline: d.Offline, Speakable: d.Exposed && d.Entity != nil, Movable: d.Movable()}
		if unit, ok := d.Attributes["unit_of_measurement"].(string); ok {
			one.Unit = unit
		}
		switch {
		case d.Entity == nil:
			one.Why = "unannounced"
		case !d.Exposed:
			one.Why = "hidden"
		}
		if d.Entity != nil && d.Entity.Unit != "" {
			one.Unit = d.Entity.Unit
		}
		v.Devices = append(v.Devices, one)
	}
	for _, f := range s.Faults {
		v.Faults = append(v.Faults, FaultView{Topic: f.Topic, Entity: f.Entity, Reason: f.Reason})
	}
	return v
}

// roomsFile keeps which rooms people put devices in: unique ids of entities to names of rooms.
func roomsFile(dir string) string { return filepath.Join(dir, "rooms.json") }

func openRooms(dir string) (map[string]string, error) {
	data, err := os.ReadFile(roomsFile(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var rooms map[string]string
	if err == nil {
		err = json.Unmarshal(data, &rooms)
	}
	if err != nil {
		return nil, fmt.Errorf("read rooms that people put devices in: %s: %w", roomsFile(dir), err)
	}
	return rooms, nil
}

// errPlace says why a device cannot be put into a room.
type errPlace string

func (e errPlace) Error() string { return string(e) }

// PutInto puts a device into a room, now and after a restart. The house does all of it, so that
// nothing is lost where two people move devices at once.
func (b *Box) PutInto(ctx context.Context, device, area string) error {
	var fault error
	err := b.house.do(ctx, func() {
		now := b.house.Now()
		var rooms map[string]string
		if rooms, fault = moved(now.Home, device, area); fault != nil {
			return
		}
		if b.options.Keep {
			data, err := json.MarshalIndent(rooms, "", "\t")
			if err == nil {
				err = durable.Replace(roomsFile(b.options.HomeDir), data)
			}
			if err != nil {
				fault = fmt.Errorf("keep which room a device is in: %w", err)
				return
			}
		}
		b.house.swap(now.Home.WithRooms(rooms), now.Faults)
		b.house.rebuild()
	})
	return errors.Join(err, fault)
}

// moved are the rooms that people put devices in, with one more.
func moved(now *home.Home, device, area string) (map[string]string, error) {
	d, ok := now.Device(device)
	if !ok {
		return nil, errPlace(fmt.Sprintf("there is no device %q", device))
	}
	a, ok := now.Area(area)
	if !ok || area == "" {
		return nil, errPlace(fmt.Sprintf("there is no room %q", area))
	}
	if !d.Movable() {
		return nil, errPlace(fmt.Sprintf("the room of %q is written in home.toml, or it has not announced itself", device))
	}
	rooms := maps.Clone(now.Rooms())
	if rooms == nil {
		rooms = map[string]string{}
	}
	rooms[d.Entity.UniqueID] = a.Name
	return rooms, nil
}

func (b *Box) serveRooms(mux *http.ServeMux) {
	mux.HandleFunc("GET /home/devices", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, b.house.Now().View()) })
	mux.HandleFunc("POST /home/area", func(w http.ResponseWriter, r *http.Request) {
		err := b.PutInto(r.Context(), r.FormValue("device"), r.FormValue("area"))
		_, asked := errors.AsType[errPlace](err)
		switch {
		case asked:
			http.Error(w, err.Error(), http.StatusBadRequest)
		case err != nil:
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
}
