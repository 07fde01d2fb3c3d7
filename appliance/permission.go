package appliance

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/permission"
	"github.com/cricket-home/cricket/intent"
)

// numberRows tells each row of the table of permissions where it is in its file.
func (c *Config) numberRows(file string, data []byte) {
	var p unstable.Parser
	p.Reset(data)
	row := 0
	for p.NextExpression() {
		e := p.Expression()
		if e.Kind != unstable.ArrayTable {
			continue
		}
		key := e.Key()
		if key.Next(); string(key.Node().Data) != "permission" || !key.IsLast() || row >= len(c.Permission) {
			continue
		}
		c.Permission[row].Where = fmt.Sprintf("%s:%d", file, p.Shape(key.Node().Raw).Start.Line)
		row++
	}
}

// permissionFaults is what is wrong with the owner's rows.
func (c *Config) permissionFaults() []error {
	var faults []error
	for _, r := range c.Permission {
		for _, text := range r.Faults(c.Dialogue.code() != "") {
			faults = append(faults, fmt.Errorf("%s: %s", r.Where, text))
		}
	}
	return faults
}

// openPermissions makes the table. An intent that no sentence leads to is a fault, and so
// is a device or a room that the home does not have where all of it is known already.
func (b *Box) openPermissions(sentences *intent.Sentences) error {
	b.table = permission.Table{Rows: b.config.Permission, HasCode: b.config.Dialogue.code() != ""}
	faults := unknownIntents(b.table.Rows, sentences)
	for _, r := range b.table.Rows {
		if b.options.Devices {
			for _, text := range strangers(r, b.options.Home) {
				faults = append(faults, fmt.Errorf("%s: %s", r.Where, text))
			}
		}
	}
	return errors.Join(faults...)
}

// unknownIntents are the faults of rows that name intents to which no sentence leads.
func unknownIntents(rows []permission.Row, sentences *intent.Sentences) (faults []error) {
	for _, r := range rows {
		for _, in := range r.Intents {
			if !slices.Contains(permission.Words, in) && !slices.Contains(sentences.Intents(), in) {
				faults = append(faults, fmt.Errorf("%s: 'permission.intents': no sentence leads to %q", r.Where, in))
			}
		}
	}
	return faults
}

// strangers is what a row names that the home does not have: it may be spelt wrongly.
func strangers(r permission.Row, h *home.Home) []string {
	var out []string
	for _, id := range r.Devices {
		if _, ok := h.Device(id); !ok {
			out = append(out, fmt.Sprintf("'permission.devices': the home has no device %q", id))
		}
	}
	for _, room := range r.Rooms {
		if a, ok := h.Area(room); !ok || a.ID != room && !strings.EqualFold(a.Name, room) {
			out = append(out, fmt.Sprintf("'permission.rooms': the home has no room %q", room))
		}
	}
	return out
}

// PermissionRow is a row of the table as `cricket home permissions` shows it;
// docs/cli.md documents the fields.
type PermissionRow struct {
	Number int      `json:"n"`
	Text   string   `json:"text"`
	Where  string   `json:"where,omitempty"` // file and line; left out for a row that every home has
	Faults []string `json:"faults,omitempty"`
}

// Permissions is the table in the order in which it is read.
func (b *Box) Permissions() []PermissionRow {
	var out []PermissionRow
	for i, r := range b.table.All() {
		out = append(out, PermissionRow{Number: i + 1, Text: r.String(), Where: r.Where, Faults: strangers(r, b.house.Now().Home)})
	}
	return out
}

// checkPermissions is what doctor says of the table.
func (b *Box) checkPermissions() []Finding {
	var out []Finding
	for _, r := range b.Permissions() {
		for _, text := range r.Faults {
			out = append(out, Finding{Part: "permissions", Text: r.Where + ": " + text, Hint: "cricket home show; correct the row in config.toml"})
		}
	}
	return out
}

// judged is what the table said of a request, each once.
func judged(list []home.Judged) []string {
	var out []string
	for _, j := range list {
		if text := j.What + ": " + j.String(); !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}
