package page

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// status is what the API says of the box.
type status struct {
	Name    string    `json:"name"`
	Room    string    `json:"room"`
	Mode    string    `json:"mode"`
	Muted   bool      `json:"muted"`
	Hears   bool      `json:"hears"`
	Speaks  bool      `json:"speaks"`
	Broker  string    `json:"broker"`
	Reached bool      `json:"broker_connected"`
	Devices int       `json:"devices"`
	Rooms   int       `json:"rooms"`
	Version string    `json:"version"`
	Since   time.Time `json:"since"`
	Time    time.Time `json:"time"`
}

// request is one of what the API says was asked; docs/cli.md has the fields.
type request struct {
	Number     int                `json:"n"`
	Time       time.Time          `json:"time"`
	File       string             `json:"file"`
	Wake       string             `json:"wake"`
	Person     string             `json:"person"`
	Text       string             `json:"text"`
	Transcript *string            `json:"transcript"`
	Heard      *float64           `json:"transcript_confidence"`
	Room       string             `json:"room"`
	Source     string             `json:"source"`
	Due        string             `json:"due"`
	Planned    string             `json:"planned"`
	Intent     *string            `json:"intent"`
	Slots      map[string]any     `json:"slots"`
	Targets    []string           `json:"targets"`
	Also       []request          `json:"also"`
	Tier       string             `json:"tier"`
	Confidence float64            `json:"confidence"`
	Refusal    string             `json:"refusal"`
	Candidates []string           `json:"candidates"`
	Plan       string             `json:"plan_refusal"`
	Judged     []string           `json:"permission"`
	Actions    []action           `json:"actions"`
	Reply      string             `json:"reply"`
	Fault      *fault             `json:"fault"`
	Hint       string             `json:"hint"`
	MS         map[string]float64 `json:"ms"`
	Stages     []stage            `json:"stages"`
}

type action struct {
	Device    string `json:"device"`
	Topic     string `json:"topic"`
	Payload   string `json:"payload"`
	Confirmed *bool  `json:"confirmed"`
}

type fault struct {
	Part  string `json:"part"`
	Error string `json:"error"`
	Hint  string `json:"hint"`
}

type stage struct {
	Name     string        `json:"name"`
	Start    time.Time     `json:"start"`
	Duration time.Duration `json:"duration_ns"`
	Decision string        `json:"decision"`
}

// Said is what somebody said or typed; what was planned, where nobody did.
func (q request) Said() string {
	switch {
	case q.Transcript != nil:
		return *q.Transcript
	case q.Text != "":
		return q.Text
	}
	return q.Planned
}

// Outcome is how it ended: a key of words, and the class of its mark.
func (q request) Outcome() string {
	switch {
	case q.Fault != nil:
		return "fault"
	case q.Refusal != "" || q.Plan != "":
		return "refused"
	}
	return "done"
}

// Why is why it was refused, as a key of words.
func (q request) Why() string {
	if q.Refusal != "" {
		return "why." + q.Refusal
	}
	return "why." + q.Plan
}

// Percent is how sure the understanding is.
func (q request) Percent() int { return int(q.Confidence*100 + 0.5) }

// Slotted are the slots in a line.
func (q request) Slotted() string {
	if len(q.Slots) == 0 {
		return ""
	}
	data, err := json.Marshal(q.Slots)
	if err != nil {
		return fmt.Sprint(q.Slots)
	}
	return strings.NewReplacer(`":`, `": `, `,"`, `, "`).Replace(string(data))
}

// Total is how long it took, in milliseconds.
func (q request) Total() float64 { return q.MS["total"] }

// bar is a stage of the waterfall, in thousandths of the whole width.
type bar struct {
	stage
	X, Width int
	MS       string
}

// Waterfall are the stages as bars, on one scale.
func (q request) Waterfall() []bar {
	if len(q.Stages) == 0 {
		return nil
	}
	first, last := q.Stages[0].Start, q.Stages[0].Start
	for _, s := range q.Stages {
		if s.Start.Before(first) {
			first = s.Start
		}
		if end := s.Start.Add(s.Duration); end.After(last) {
			last = end
		}
	}
	whole := max(last.Sub(first), time.Microsecond)
	var out []bar
	for _, s := range q.Stages {
		b := bar{stage: s, X: int(1000 * s.Start.Sub(first) / whole), MS: milliseconds(float64(s.Duration.Microseconds()) / 1000)}
		b.Width = max(int(1000*s.Duration/whole), 4) // so that it is seen
		b.X = min(b.X, 1000-b.Width)
		out = append(out, b)
	}
	return out
}

// milliseconds are read at a glance: 0.4, 12, 1,234.
func milliseconds(ms float64) string {
	if ms < 10 {
		return fmt.Sprintf("%.1f", ms)
	}
	return fmt.Sprintf("%.0f", ms)
}
