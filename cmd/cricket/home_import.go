package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/home"
)

// registries are the files of Home Assistant's .storage that are taken over.
var registries = []string{"core.floor_registry", "core.area_registry", "core.device_registry", "core.entity_registry"}

type homeImport struct {
	Paths []string `arg:"" name:"path" help:"Home Assistant's configuration folder, its .storage, or the files themselves." type:"path"`
}

func (c *homeImport) Run(ctx context.Context, t *terminal) error {
	files, err := c.files()
	if err != nil {
		return err
	}
	var all home.Registry
	var faults []error
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			faults = append(faults, fmt.Errorf("read registry: %w", err))
			continue
		}
		r, err := home.ParseRegistry(file, data)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		all = all.With(r)
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	if err := c.handOver(ctx, all); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "Imported %d floors, %d areas, %d devices, %d entities.\n", len(all.Floors), len(all.Areas), len(all.Devices), len(all.Entities))
	return nil
}

// files are the registry files that the arguments name.
func (c *homeImport) files() ([]string, error) {
	var out []string
	for _, path := range c.Paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("read registry: %w", err)
		}
		if !info.IsDir() {
			out = append(out, path)
			continue
		}
		before := len(out)
		for _, dir := range []string{path, filepath.Join(path, ".storage")} {
			for _, name := range registries {
				if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
					out = append(out, filepath.Join(dir, name))
				}
			}
		}
		if len(out) == before {
			return nil, &fault{fmt.Errorf("read registry: there is no core.area_registry, core.device_registry, core.entity_registry or core.floor_registry in %s", path),
				"cricket home import /path/to/homeassistant/.storage", exitUsage}
		}
	}
	return out, nil
}

// handOver gives a registry to the daemon, or where none runs, to the next one.
func (c *homeImport) handOver(ctx context.Context, r home.Registry) error {
	conn, err := net.Dial("unix", appliance.Socket(appliance.RuntimeDir()))
	if err != nil {
		_, err = appliance.KeepRegistry(appliance.StateDir(), r)
		return err
	}
	conn.Close()
	data, err := r.Save()
	if err != nil {
		return fmt.Errorf("hand registry over: %w", err)
	}
	s := dial(appliance.RuntimeDir(), func() {})
	body, err := s.call(ctx, "POST", "/home/registry", url.Values{}, bytes.NewReader(data))
	if err != nil {
		return err
	}
	return body.Close()
}
