package appliance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/cricket-home/cricket/internal/durable"
)

// updateRecord is what a box remembers of its systems, over starts of the machine. Both
// systems read it.
type updateRecord struct {
	Good  *goodSystem    `json:"good,omitempty"` // that was found to be good last; nil: a new card
	Was   *goodSystem    `json:"was,omitempty"`  // the good one before; nil: the other slot has no such
	Trial *UpdateTrial   `json:"trial,omitempty"`
	Last  *UpdateOutcome `json:"last,omitempty"`
}

type goodSystem struct {
	Slot    string `json:"slot"`
	Version string `json:"version"`
}

// UpdateTrial is a system that is not known to be good.
type UpdateTrial struct {
	Version string   `json:"version"`
	Slot    string   `json:"slot"`
	Boot    string   `json:"boot"`             // the start of the machine in which it was written
	Written bool     `json:"written"`          // it is in its slot, whole
	Broken  []string `json:"broken,omitempty"` // parts that did not work before it: it need not mend them
	Fault   string   `json:"fault,omitempty"`  // why it was left
}

// What became of an update.
const (
	Confirmed   = "confirmed"
	FellBack    = "fell back"   // it did not start, or was not healthy
	Interrupted = "interrupted" // while it was written
)

// UpdateOutcome is what became of an update.
type UpdateOutcome struct {
	Version string    `json:"version"`
	Result  string    `json:"result"`
	Fault   string    `json:"fault,omitempty"`
	Time    time.Time `json:"time"`
}

func (t UpdateTrial) ended(result string) *UpdateOutcome {
	return &UpdateOutcome{Version: t.Version, Result: result, Fault: t.Fault, Time: time.Now()}
}

func readUpdateRecord(file string) (updateRecord, error) {
	var r updateRecord
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		return updateRecord{}, fmt.Errorf("read record of updates: %w", err)
	}
	return r, nil
}

func (r updateRecord) write(file string) error {
	data, err := json.Marshal(r)
	if err == nil {
		err = durable.Replace(file, append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keep record of updates: %w", err)
	}
	return nil
}
