package appliance

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/mesh"
)

// member is the id of a box that does not run.
func member(t *testing.T, letter string) peer.ID {
	t.Helper()
	_, public, err := crypto.GenerateEd25519Key(strings.NewReader(strings.Repeat(letter, 64)))
	if err != nil {
		t.Fatal(err)
	}
	id, err := peer.IDFromPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestMetrics(t *testing.T) {
	b := newBox(t, "[[area]]\nid = \"kitchen\"\nname = \"Kitchen\"\n", free(), false)
	m, err := mesh.Open(mesh.Options{StateDir: t.TempDir(), Name: "Kitchen", Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	b.siblings.mesh = m
	if _, err := m.Members().Begin("Kitchen"); err != nil {
		t.Fatal(err)
	}
	for letter, name := range map[string]string{"a": "Attic \"quoted\"", "h": "Hall"} {
		if err := m.Members().Admit(member(t, letter), name); err != nil {
			t.Fatal(err)
		}
	}
	w := httptest.NewRecorder()
	b.metrics().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	text, err := io.ReadAll(w.Body)
	if err != nil || w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Fatalf("%d %v %v\n%s", w.Code, w.Header(), err, text)
	}
	for _, line := range []string{"cricket_mesh_epoch 0", `cricket_mesh_sibling_connected{peer="` + member(t, "a").String() + `",sibling="Attic \"quoted\""} 0`, `sibling="Hall"} 0`, "process_resident_memory_bytes "} {
		if !strings.Contains(string(text), line) {
			t.Errorf("%s is missing in\n%s", line, text)
		}
	}
}

func TestMetricsAreForThisMachine(t *testing.T) {
	for address, ok := range map[string]bool{"": true, "127.0.0.1:7422": true, "[::1]:7430": true, "0.0.0.0:7430": false, ":7430": false, "192.168.1.2:7430": false, "localhost": false} {
		c := Mesh{Listen: ":7420", Metrics: address}
		faults := 0
		c.validate(func(string, ...any) { faults++ })
		if (faults == 0) != ok {
			t.Errorf("%q: %d faults", address, faults)
		}
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	b := newBox(t, "", free(), false)
	b.config.Mesh.Metrics = taken.Addr().String()
	if err := b.serveMetrics(t.Context()); err != nil {
		t.Errorf("a port that is taken ends the box: %v", err)
	}
}
