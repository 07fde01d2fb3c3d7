package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// broker starts the programs that the tests of mqtt speak with.
func broker(ctx context.Context, at place) (string, error) {
	var saw []string
	for _, c := range [][]string{{"mosquitto", "-h"}, {"mosquitto_sub", "--version"}} {
		out, err := exec.CommandContext(ctx, filepath.Join(at.bin, c[0]), c[1:]...).CombinedOutput()
		lines := strings.Split(string(out), "\n") // what it logs may come before what it prints
		at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, c[0]+" version ") })
		if at < 0 {
			return "", fmt.Errorf("%s says %q: %v", c[0], out, err)
		}
		saw = append(saw, lines[at])
	}
	return strings.Join(saw, ", "), nil
}
