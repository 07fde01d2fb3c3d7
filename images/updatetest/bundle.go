package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// bundles lets RAUC judge, with the card's own system.conf but for the place of the keyring.
func bundles(dir, repo string) (int, error) {
	conf, err := os.ReadFile(filepath.Join(repo, "images/root/etc/rauc/system.conf"))
	if err != nil {
		return 0, err
	}
	if n := strings.Count(string(conf), "[slot."); n != 2 {
		return 0, fmt.Errorf("RAUC may write %d places, and not the two slots", n)
	}
	text := strings.Replace(string(conf), "/etc/rauc/keyring.pem", filepath.Join(dir, "owner.pem"), 1)
	file := filepath.Join(dir, "system.conf")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return 0, err
	}
	good, err := os.ReadFile(filepath.Join(dir, "owner.raucb"))
	if err != nil {
		return 0, err
	}
	changed := append([]byte(nil), good...)
	changed[len(changed)-600] ^= 1 // in the signature, which is at the end
	if err := os.WriteFile(filepath.Join(dir, "changed.raucb"), changed, 0o644); err != nil {
		return 0, err
	}
	for _, tt := range []struct{ name, says string }{
		{"owner", "'cricket-arm64'"},
		{"stranger", "signature verification failed"},
		{"changed", "signature verification failed"},
	} {
		out, err := exec.Command("rauc", "--conf="+file, "info", filepath.Join(dir, tt.name+".raucb")).CombinedOutput()
		if (err == nil) != (tt.name == "owner") || !strings.Contains(string(out), tt.says) {
			return 0, fmt.Errorf("the bundle %s: %v: %s", tt.name, err, out)
		}
		if err == nil && (!strings.Contains(string(out), "1 Image:") || !strings.Contains(string(out), "rootfs")) {
			return 0, fmt.Errorf("the bundle has more than one system in it: %s", out)
		}
		fmt.Printf("update-test: bundle of %s: judged right\n", tt.name)
	}
	return 3, nil
}
