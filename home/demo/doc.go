// Package demo is a home to try things on: HOME.toml of a house with two floors
// and eight rooms, and its devices as real MQTT clients that announce themselves
// by Home Assistant discovery, obey commands and report their states.
//
// In: a home.Home, of the embedded file or of any HOME.toml; commands at
// cricket/demo/<domain>/<object>/set. Out: discovery messages (retained),
// states at .../state (retained) and online or offline at .../availability
// (retained, offline as the last will). Every device is its own MQTT client,
// with one goroutine and one connection until its Run ends.
//
// A device that has a discovery table in HOME.toml is announced by that table
// and left alone otherwise: its topics belong to the real device.
package demo
