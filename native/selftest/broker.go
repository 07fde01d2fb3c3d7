package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// broker starts the programs that the tests of mqtt speak with.
func broker(ctx context.Context, at place) (string, error) {
	var saw []string
	for _, c := range [][]string{{"mosquitto", "-h"}, {"mosquitto_sub", "--version"}} {
		out, err := exec.CommandContext(ctx, filepath.Join(at.bin, c[0]), c[1:]...).CombinedOutput()
		line, _, _ := strings.Cut(string(out), "\n")
		if !strings.HasPrefix(line, c[0]+" version ") {
			return "", fmt.Errorf("%s says %q: %v", c[0], line, err)
		}
		saw = append(saw, line)
	}
	return strings.Join(saw, ", "), nil
}
