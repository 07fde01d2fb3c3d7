package appliance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/mesh"
	"github.com/cricket-home/cricket/mesh/lan"
	"github.com/cricket-home/cricket/mesh/pairing"
)

// Mesh says where siblings reach this box, and where they are.
type Mesh struct {
	Enabled bool     `toml:"enabled"`
	Listen  string   `toml:"listen"`
	Peers   []string `toml:"peers"`
	Brain   bool     `toml:"brain"`
	Lend    int64    `toml:"lend"` // MiB
	Split   bool     `toml:"split"`
	Private []string `toml:"private"`
	Metrics string   `toml:"metrics"`

	Site       string   `toml:"site"`
	Rendezvous []string `toml:"rendezvous"`
	ShareWith  []string `toml:"share_with"` // other sites
}

func (m Mesh) validate(fault func(string, ...any)) {
	host, port, err := net.SplitHostPort(m.Listen)
	_, notNumber := strconv.ParseUint(port, 10, 16)
	if _, noAddress := netip.ParseAddr(host); err != nil || notNumber != nil || host != "" && noAddress != nil {
		fault("'mesh.listen' must be host:port, the host an address in numbers or empty, not %q", m.Listen)
	}
	if at, err := netip.ParseAddrPort(m.Metrics); m.Metrics != "" && (err != nil || !at.Addr().IsLoopback()) {
		fault("'mesh.metrics' must be an address of this machine alone with a port, \"127.0.0.1:7422\", not %q", m.Metrics)
	}
	if m.Lend < 0 || m.Lend > 1<<20 {
		fault("'mesh.lend' must be between 0 and %d MiB, not %d", 1<<20, m.Lend)
	}
	if len(m.Site) > 64 {
		fault("'mesh.site' must be at most 64 bytes long")
	}
	if _, err := mesh.ReadRendezvous(m.Rendezvous); err != nil {
		fault("'mesh.rendezvous' must be as /ip4/192.0.2.1/tcp/7420/p2p/ID, as `cricket mesh rendezvous` prints it: %v", err)
	}
	if len(m.Rendezvous) > 0 && m.Site == "" {
		fault("'mesh.rendezvous' needs 'mesh.site', the name of the house that this box is in")
	}
	for _, p := range m.Peers {
		host, port, err := net.SplitHostPort(p)
		if err != nil {
			host, port = p, "0"
		}
		if _, err := strconv.ParseUint(port, 10, 16); err != nil || host == "" || strings.ContainsAny(host, "/ @") {
			fault("'mesh.peers': %q must be a host or host:port", p)
		}
	}
}

// siblings is the box's part of the mesh.
type siblings struct {
	mesh  *mesh.Mesh // nil: the mesh is off, or cannot be
	fault error      // why it cannot be: what the owner must mend
	box   *Box
}

// openMesh opens the mesh of a box that keeps anything. A key or members that are damaged
// end the mesh and not the box, and the doctor says what to do.
func (b *Box) openMesh() error {
	c := b.config.Mesh
	b.siblings.box = b
	if !b.options.Keep || !c.Enabled {
		return nil
	}
	m, err := mesh.Open(mesh.Options{StateDir: b.options.StateDir, Name: b.meshName(), Listen: c.Listen, Peers: c.Peers, Site: c.Site, Rendezvous: c.Rendezvous, Finder: lan.New(), Log: b.log.With("part", "mesh")})
	if err != nil {
		b.siblings.fault = err
		b.log.Error("this box has no siblings", "err", err)
		return nil
	}
	b.siblings.mesh = m
	return nil
}

// meshName is what siblings call this box.
func (b *Box) meshName() string {
	if a, ok := b.house.Now().Home.Area(b.config.Room); ok && b.config.Room != "" {
		return a.Name
	}
	name, err := os.Hostname()
	if err != nil {
		return "Cricket"
	}
	return name
}

// runMesh does not end the box where the mesh ends.
func (b *Box) runMesh(ctx context.Context) error {
	if err := b.siblings.mesh.Run(ctx); err != nil && ctx.Err() == nil {
		b.log.Error("this box has no siblings any more", "err", err)
		<-ctx.Done()
	}
	return nil
}

// checkMesh says what is wrong between this box and its siblings.
func (b *Box) checkMesh(ctx context.Context) []Finding {
	s := b.siblings
	if s.fault != nil {
		hint := "ls -l " + filepath.Join(b.options.StateDir, "mesh")
		if e, ok := errors.AsType[*mesh.KeyError](s.fault); ok {
			hint = e.Hint
		} else if e, ok := errors.AsType[*mesh.MembersError](s.fault); ok {
			hint = e.Hint()
		}
		return []Finding{{Part: "mesh", Text: s.fault.Error(), Hint: hint}}
	}
	if s.mesh == nil {
		return nil
	}
	faults := s.mesh.Faults(ctx)
	status := s.mesh.Status()
	out := []Finding{{Part: "mesh", OK: true, Text: status.Summary()}}
	for _, f := range faults {
		out = append(out, b.meshFinding(f))
	}
	return append(append(out, b.checkShared()...), b.checkSplit()...)
}

// meshFinding is a fault of the mesh as doctor says it. A sibling that others hear and this box
// does not reach is switched on: the network keeps the two apart.
func (b *Box) meshFinding(f mesh.Fault) Finding {
	out := Finding{Part: f.Part, Text: f.Text, Hint: f.Hint}
	if f.Part != "mesh" {
		out.Part = "sibling " + f.Part
	}
	if node := b.heavy.node.Load(); f.Unreached != "" && node != nil && node.ByOthers(f.Unreached) {
		out.Text = "other boxes hear it, but this one does not reach it: the network keeps the two apart (client isolation); " + f.Text
		out.Hint = "switch client isolation off in the access point (also called AP isolation or guest network), or put both boxes into one network"
	}
	return out
}

// PairLine is a line of what POST /mesh/pair answers: the code while it is shown, and then
// what came of it.
type PairLine struct {
	Code      string           `json:"code,omitempty"`
	Addresses []netip.AddrPort `json:"addresses,omitempty"` // where the other box can be told that this one is

	Paired    string `json:"paired,omitempty"`     // the name of the other box
	OwnerCode string `json:"owner_code,omitempty"` // where a home began; it is told this once
	Error     string `json:"error,omitempty"`
	Refused   bool   `json:"refused,omitempty"` // the code was wrong or is over
}

// RevokeRequest is the body of POST /mesh/revoke.
type RevokeRequest struct {
	IDs  []string `json:"ids"`
	Code string   `json:"code"` // the owner's
}

// Sponsored is the answer to GET /mesh/vouched: a box and those that are members by its word.
type Sponsored struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Vouched []Vouchee `json:"vouched"`
}

// Vouchee is a box that is a member by the word of another.
type Vouchee struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// serve answers what is asked about siblings.
func (s *siblings) serve(mux *http.ServeMux) {
	handle := func(pattern string, f func(w http.ResponseWriter, r *http.Request)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case s.fault != nil:
				http.Error(w, s.fault.Error(), http.StatusServiceUnavailable)
			case s.mesh == nil:
				http.Error(w, "the mesh is off: mesh.enabled in config.toml", http.StatusServiceUnavailable)
			default:
				f(w, r)
			}
		})
	}
	handle("GET /mesh", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, s.mesh.Status()) })
	handle("GET /mesh/boxes", s.box.meshBoxes)
	handle("POST /mesh/pair", s.pair)
	handle("GET /mesh/vouched", func(w http.ResponseWriter, r *http.Request) {
		m, err := s.mesh.Members().Find(r.FormValue("name"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		out := Sponsored{ID: m.ID.String(), Name: m.Name, Vouched: []Vouchee{}}
		for _, v := range s.mesh.Members().VouchedFor(m.ID) {
			out.Vouched = append(out.Vouched, Vouchee{v.ID.String(), v.Name})
		}
		writeJSON(w, out)
	})
	handle("POST /mesh/revoke", s.revoke)
	handle("GET /mesh/route", s.box.routeOf)
	handle("GET /mesh/export", s.box.exportShared)
	handle("POST /mesh/erase", s.box.eraseShared)
	handle("POST /mesh/talk", s.talk)
	handle("GET /mesh/split", s.box.splitNow)
	handle("POST /mesh/split", s.box.split)
	handle("POST /mesh/unsplit", s.box.unsplit)
}

// pair shows a code, or takes the one in "code".
func (s *siblings) pair(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/jsonl")
	lines := json.NewEncoder(w)
	var paired mesh.Paired
	var err error
	if typed := r.FormValue("code"); typed != "" {
		var code pairing.Code
		if code, err = pairing.ReadCode(typed); err == nil {
			paired, err = s.mesh.Enter(r.Context(), code, r.FormValue("address"))
		}
	} else {
		paired, err = s.mesh.Show(r.Context(), func(i mesh.Invitation) {
			lines.Encode(PairLine{Code: i.Code.Spaced(), Addresses: i.Addresses})
			http.NewResponseController(w).Flush()
			s.say(r.Context(), string(i.Code))
		})
	}
	line := PairLine{OwnerCode: paired.OwnerCode}
	if err != nil {
		line.Error = err.Error()
		for _, over := range []error{pairing.ErrCode, pairing.ErrClosed, pairing.ErrTries, pairing.ErrUsed} {
			line.Refused = line.Refused || errors.Is(err, over)
		}
	} else {
		line.Paired = paired.Name
	}
	lines.Encode(line)
}

// say speaks a code, where the box has a loudspeaker.
func (s *siblings) say(ctx context.Context, code string) {
	b := s.box
	if !b.hasLoudspeaker() {
		return
	}
	text := b.house.Now().Home.PairingCode(code)
	go func() {
		if err := b.speech.Speak(ctx, text, ownVolume); err != nil && ctx.Err() == nil {
			b.log.Warn("the pairing code was not spoken", "err", err)
		}
	}()
}

func (s *siblings) revoke(w http.ResponseWriter, r *http.Request) {
	var q RevokeRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&q); err != nil {
		http.Error(w, "read request: "+err.Error(), http.StatusBadRequest)
		return
	}
	var ids []peer.ID
	for _, text := range q.IDs {
		id, err := peer.Decode(text)
		if err != nil {
			http.Error(w, fmt.Sprintf("read request: %q is no box: %v", text, err), http.StatusBadRequest)
			return
		}
		ids = append(ids, id)
	}
	if err := s.mesh.Members().Revoke(q.Code, ids...); err != nil {
		status := http.StatusServiceUnavailable
		if errors.Is(err, mesh.ErrOwnerCode) {
			status = http.StatusForbidden
		}
		http.Error(w, err.Error(), status)
		return
	}
	b := s.box
	b.log.Info("revoked", "boxes", slog.AnyValue(q.IDs))
}
