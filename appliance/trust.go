package appliance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/internal/durable"
	"github.com/cricket-home/cricket/mqtt"
)

// ledger is the file that keeps whom the house trusts.
type ledger struct {
	file    string
	log     *slog.Logger
	writing chan struct{} // holds an element while a write is under way
	unsaved bool          // of the house's goroutine: something waits for the next write
}

// entrusted is what the file has.
type entrusted struct {
	Known    []home.Known    `json:"known"`
	Approved []home.Approval `json:"approved"`
}

// openTrust reads the ledger of a state directory. A file that cannot be read is
// put aside, and what opens the house must be approved again.
func openTrust(dir string, log *slog.Logger) (*ledger, *home.Trust, error) {
	l := &ledger{file: filepath.Join(dir, "trust.json"), log: log, writing: make(chan struct{}, 1)}
	data, err := os.ReadFile(l.file)
	if errors.Is(err, fs.ErrNotExist) {
		return l, home.NewTrust(nil, nil), nil
	}
	var kept entrusted
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		err = d.Decode(&kept)
	}
	if err != nil {
		err = errors.Join(fmt.Errorf("read %s: %w", l.file, err), os.Rename(l.file, l.file+".damaged"))
		return l, home.NewTrust(nil, nil), err
	}
	return l, home.NewTrust(kept.Known, kept.Approved), nil
}

// trustIn makes the house keep whom it trusts, and keeps the entity ids of those
// that it knows for them. It must come before Run.
func (h *House) trustIn(l *ledger, t *home.Trust) {
	h.ledger, h.trust = l, t
	for _, k := range t.Known() {
		h.announced.Reserve(k.ID, k.Unique)
	}
}

// keepTrust writes what is new of trust in a goroutine of its own, one at a
// time; what comes meanwhile goes with the next write.
func (h *House) keepTrust() {
	l := h.ledger
	if l == nil {
		return
	}
	if l.unsaved = h.trust.Changed() || l.unsaved; !l.unsaved {
		return
	}
	select {
	case l.writing <- struct{}{}:
	default:
		return
	}
	l.unsaved = false
	kept := entrusted{Known: h.trust.Known(), Approved: h.trust.Approved()}
	go func() {
		data, err := json.MarshalIndent(kept, "", "\t")
		if err == nil {
			err = durable.Replace(l.file, data)
		}
		if err != nil {
			l.log.Error("whom the house trusts is not kept", "err", err)
		}
		<-l.writing
		h.post(h.keepTrust)
	}()
}

// flushTrust writes what is not written yet. Run must have ended.
func (h *House) flushTrust() error {
	l := h.ledger
	if l == nil {
		return nil
	}
	l.writing <- struct{}{} // a write that was under way has ended
	if !h.trust.Changed() && !l.unsaved {
		return nil
	}
	data, err := json.MarshalIndent(entrusted{Known: h.trust.Known(), Approved: h.trust.Approved()}, "", "\t")
	if err != nil {
		return fmt.Errorf("keep trust: %w", err)
	}
	if err := durable.Replace(l.file, data); err != nil {
		return fmt.Errorf("keep trust: %w", err)
	}
	return nil
}

// ErrNobodyWaits says that no newcomer has the id.
var ErrNobodyWaits = errors.New("nothing waits for approval under this id")

// Approve takes in the newcomer of an id, now and after a restart.
func (h *House) Approve(ctx context.Context, id string) error {
	var err error
	asked := h.do(ctx, func() {
		if _, ok := h.trust.Approve(id, h.announced.Announces); !ok {
			err = fmt.Errorf("approve %q: %w", id, ErrNobodyWaits)
			return
		}
		for _, d := range h.announced.Admitted() {
			h.note(d)
		}
		h.batch = append(h.batch, mqtt.Discovery{}) // the list of newcomers is another, even if nobody came in
		h.takeIn()
	})
	return errors.Join(asked, err)
}

// openHouse makes the house of a box: with what was imported and whom it trusts,
// where anything is kept.
func (b *Box) openHouse(sentences *intent.Sentences) {
	o := b.options
	h := o.Home
	var ledger *ledger
	trust := home.NewTrust(nil, nil)
	if o.Keep {
		registry, err := openRegistry(o.HomeDir)
		if err == nil {
			h = h.WithRegistry(registry)
		}
		rooms, lost := openRooms(o.HomeDir)
		h = h.WithRooms(rooms)
		var untold error
		ledger, trust, untold = openTrust(o.HomeDir, o.Log)
		if b.distrust = errors.Join(err, untold, lost); b.distrust != nil {
			b.log.Error("what was imported or approved is not known", "err", b.distrust)
		}
	}
	b.house = NewHouse(h, sentences, o.Config.MQTT.DiscoveryPrefix, o.Log)
	b.house.trustIn(ledger, trust)
	b.house.swapped = func() { b.events.put("home", nil) }
}

// Pending is one newcomer, as cricket home pending prints it.
type Pending struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Device string `json:"device,omitempty"`
	Area   string `json:"area,omitempty"`
	Topic  string `json:"topic"`
	Reason string `json:"reason"` // opens_house, rewired, unique_id, entity_id, name
	Rival  string `json:"rival,omitempty"`
	Text   string `json:"text"`
}

// Pending lists who waits for the owner's approval.
func (b *Box) Pending() []Pending {
	out := []Pending{}
	for _, n := range b.house.Now().Home.Newcomers() {
		p := Pending{ID: n.ID, Name: n.Name, Device: n.Device, Area: n.Area, Topic: n.Topic, Reason: string(n.Reason), Rival: n.Rival}
		switch n.Reason {
		case home.OpensHouse:
			p.Text = "is new and could open the house"
		case home.Rewired:
			p.Text = "could open the house, and speaks or is spoken to in another way than when it was approved"
		case home.TakesUnique:
			p.Text = "says that it is " + n.Rival + ", which another topic announced"
		case home.TakesID:
			p.Text = "asks for the id of " + n.Rival
		case home.TakesName:
			p.Text = "has the name of " + n.Rival
		}
		out = append(out, p)
	}
	return out
}

// checkTrust tells of those who wait, and of a ledger that could not be read.
func (b *Box) checkTrust() []Finding {
	var out []Finding
	for _, p := range b.Pending() {
		out = append(out, Finding{Part: p.ID, Text: fmt.Sprintf("%q %s; until you approve it, nothing is done with it (announced at %s)", p.Name, p.Text, p.Topic),
			Hint: "cricket home approve " + p.ID})
	}
	for _, d := range b.house.Now().Home.Deputies() {
		out = append(out, Finding{Part: d.ID, Hint: "cricket home show",
			Text: fmt.Sprintf("%q would send its commands to a lock, a door, an alarm or a box; nothing is done with it (announced at %s)", d.Name, d.Entity.Source)})
	}
	if b.distrust != nil {
		out = append(out, Finding{Part: "trust", Text: b.distrust.Error(), Hint: "cricket home pending"})
	}
	return out
}
