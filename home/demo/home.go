package demo

import (
	_ "embed"
	"fmt"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/mqtt"
)

// TOML is the HOME.toml of the demo home.
//
//go:embed home.toml
var TOML []byte

// Home is the demo home, nothing announced yet.
func Home() (*home.Home, error) { return home.Parse("demo/home.toml", TOML) }

// Announced is a home as it is when all its devices have announced themselves:
// for planning without a broker.
func Announced(h *home.Home) (*home.Home, error) {
	for _, d := range h.Devices {
		m, err := Discovery(h, d)
		if err != nil {
			return nil, err
		}
		found, err := mqtt.ParseDiscovery(Prefix, m)
		if err != nil {
			return nil, fmt.Errorf("announce %q: %w", d.ID, err)
		}
		if len(found.Faults) > 0 || len(found.Entities) != 1 {
			return nil, fmt.Errorf("announce %q: %d entities, faults: %v", d.ID, len(found.Entities), found.Faults)
		}
		h = h.WithEntity(found.Entities[0])
	}
	return h, nil
}
