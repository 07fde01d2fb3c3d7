package e2e

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/cricket-home/cricket/"

// trainers make what the packages beside them are given; nobody imports them.
const trainers = "models/training"

// mayImport says which of our folders each top folder may import beside its
// own and internal. Data flows one way, from sound to messages: a stage that
// imported a later one could not be tested, or replaced, without it. What is
// not listed here may import nothing of ours.
var mayImport = map[string][]string{
	"home":      {"intent", "mqtt"},
	"appliance": {"voice", "intent", "home", "mqtt", "mesh", "firmware", "models", "page"},
	"cmd":       {"appliance", "voice", "intent", "home", "mqtt", "mesh", "firmware", "models"},
	"e2e":       {"appliance", "voice", "intent", "home", "mqtt", "mesh", "firmware", "models"},
	"images":    {"appliance", "home"}, // the boot test asks the daemon in its guest, and reads what it wrote
	"native":    {"models", "voice"},
	trainers:    {"appliance", "voice", "intent", "home", "mqtt", "models"},
}

func TestImportsFlowOneWay(t *testing.T) {
	list := exec.Command("go", "list", "-json=ImportPath,Imports,CgoFiles", "./...")
	list.Dir = ".."
	list.Env = append(list.Environ(), "CGO_ENABLED=1")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := 0
	for d := json.NewDecoder(strings.NewReader(string(out))); ; packages++ {
		var p struct {
			ImportPath        string
			Imports, CgoFiles []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(p.ImportPath, module)
		from, _, _ := strings.Cut(name, "/")
		if strings.HasPrefix(name, trainers+"/") {
			from = trainers
		}
		for _, i := range p.Imports {
			to, ours := strings.CutPrefix(i, module)
			if to, _, _ = strings.Cut(to, "/"); ours && to != from && to != "internal" && !slices.Contains(mayImport[from], to) {
				t.Errorf("%s imports %s: %s may import %v and internal only, because data flows one way (docs/architecture.md)", name, i, from, mayImport[from])
			}
		}
		if len(p.CgoFiles) > 0 && name != "cmd/cricket-native" {
			t.Errorf("%s has cgo files: only cmd/cricket-native may, so that the daemon cannot crash with a native library", name)
		}
	}
	if packages < 10 {
		t.Errorf("go list shows %d packages: the rule was checked on almost nothing", packages)
	}
}
