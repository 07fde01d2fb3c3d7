package systemd

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// hardening is what a unit has, or says why not.
var hardening = []string{
	"LimitCORE=0", "NoNewPrivileges=yes", "CapabilityBoundingSet=", "AmbientCapabilities=", "ProtectSystem=strict",
	"ProtectHome=yes", "PrivateTmp=yes", "PrivateDevices=yes", "DevicePolicy=closed", "PrivateUsers=yes", "PrivateIPC=yes",
	"ProtectClock=yes", "ProtectControlGroups=yes", "ProtectHostname=yes", "ProtectKernelLogs=yes", "ProtectKernelModules=yes",
	"ProtectKernelTunables=yes", "ProtectProc=invisible", "ProcSubset=pid", "RemoveIPC=yes", "RestrictNamespaces=yes",
	"RestrictRealtime=yes", "RestrictSUIDSGID=yes", "LockPersonality=yes", "MemoryDenyWriteExecute=yes", "KeyringMode=private",
	"PrivateNetwork=yes", "IPAddressDeny=any", "UMask=0077", "SystemCallArchitectures=native", "SystemCallFilter=@system-service",
	"SystemCallErrorNumber=EPERM", "TasksMax=",
}

func units(t *testing.T) []string {
	files, err := filepath.Glob("*.service")
	if err != nil || len(files) < 4 {
		t.Fatalf("units are %q, %v", files, err)
	}
	return files
}

func TestEachExceptionHasAReason(t *testing.T) {
	for _, file := range units(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var settings []string
		excepted := ""
		for line := range strings.Lines(string(data)) {
			line = strings.TrimSpace(line)
			if comment, ok := strings.CutPrefix(line, "#"); ok {
				excepted += comment
			} else {
				settings = append(settings, line)
			}
		}
		for _, want := range hardening {
			key, _, _ := strings.Cut(want, "=")
			has := false
			for _, s := range settings {
				has = has || s == want || strings.HasSuffix(want, "=") && len(want) < len(s) && strings.HasPrefix(s, want) && key == "TasksMax"
			}
			no := regexp.MustCompile(`(?i)\bno ` + key + `\b`).MatchString(excepted)
			switch {
			case !has && !no:
				t.Errorf("%s lacks %s, and no comment says %q and why", file, want, "Exception: no "+key)
			case has && no:
				t.Errorf("%s has %s, and a comment says that it has not", file, want)
			}
		}
	}
}

// The figures are those of `systemd-analyze security`: 0 is closed, 10 is open.
func TestExposure(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		if os.Getenv("CRICKET_NO_SKIP") == "1" {
			t.Fatal("systemd-analyze is missing: apt-get install systemd")
		}
		t.Skip("SKIPPED: systemd-analyze is missing: apt-get install systemd")
	}
	for _, file := range units(t) {
		most := "10" // in tenths
		if file == "cricket.service" {
			most = "15"
		}
		// A template is looked at as the unit of a connection.
		name := strings.Replace(file, "@.", "@1.", 1)
		dir := t.TempDir()
		data, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		var errs bytes.Buffer
		c := exec.Command(analyze, "security", "--offline=true", "--no-pager", "--threshold="+most, filepath.Join(dir, name))
		c.Stderr = &errs
		out, err := c.Output()
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if err != nil {
			t.Errorf("%s is too open: %v\n%s%s", file, err, out, &errs)
		}
		if errs.Len() > 0 {
			t.Errorf("%s has settings that systemd does not know: %s", file, &errs)
		}
		t.Log(lines[len(lines)-1])
	}
}

// The daemon and its helpers must mean the same places.
func TestUnitsFitTogether(t *testing.T) {
	daemon, err := os.ReadFile("cricket.service")
	if err != nil {
		t.Fatal(err)
	}
	sockets, err := filepath.Glob("*.socket")
	if err != nil || len(sockets) != len(units(t))-1 {
		t.Fatalf("sockets are %q, %v", sockets, err)
	}
	for _, file := range sockets {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		verb := strings.TrimSuffix(strings.TrimPrefix(file, "cricket-"), ".socket")
		if !strings.Contains(string(data), "\nListenStream=/run/cricket-helpers/"+verb+".sock\n") ||
			!strings.Contains(string(data), "\nSocketGroup=cricket\n") || !strings.Contains(string(data), "\nSocketMode=0660\n") {
			t.Errorf("%s is not where the daemon, and only it, finds it", file)
		}
		service, err := os.ReadFile("cricket-" + verb + "@.service")
		if err != nil || !strings.Contains(string(service), "\nExecStart=/usr/lib/cricket/cricket-native helper "+verb+"\n") {
			t.Errorf("%s: %v", file, err)
		}
		for _, key := range []string{"Wants=", "After="} {
			if !regexp.MustCompile(`(?m)^` + key + `.*\b` + regexp.QuoteMeta(file) + `\b`).Match(daemon) {
				t.Errorf("cricket.service has no %s%s", key, file)
			}
		}
	}
	if !strings.Contains(string(daemon), "\nEnvironment=CRICKET_HELPERS=/run/cricket-helpers\n") {
		t.Error("the daemon does not know its helpers")
	}
}

// No image and no installation has the demo home.
func TestNobodyGetsTheDemoHome(t *testing.T) {
	files := 0
	for _, root := range []string{".", "../images"} {
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, ".go") {
				return err
			}
			data, err := os.ReadFile(path)
			if strings.Contains(string(data), "--demo") {
				t.Errorf("%s has it", path)
			}
			files++
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 20 {
		t.Errorf("only %d files were looked at", files)
	}
}
