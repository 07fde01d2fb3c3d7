package appliance

import (
	"encoding/json"
	"math"
	"strings"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/internal/trace"
	"github.com/cricket-home/cricket/voice"
)

// Result is one request and what came of it. Its JSON is the contract of
// `hear --json`, `ask --json`, `why --json` and, for the resolved part,
// `resolve`; docs/cli.md documents the fields.
type Result struct {
	File                 string      `json:"file,omitempty"`
	Wake                 *string     `json:"wake,omitempty"`
	Person               string      `json:"person,omitempty"`
	Pipeline             string      `json:"pipeline,omitempty"`
	Text                 string      `json:"text,omitempty"`
	Transcript           *string     `json:"transcript,omitempty"`
	TranscriptConfidence *float64    `json:"transcript_confidence,omitempty"`
	Truncated            bool        `json:"truncated,omitempty"`
	Due                  string      `json:"due,omitempty"`     // nobody asked: this kind of entry of the book was due
	Planned              string      `json:"planned,omitempty"` // its name, or what it does
	Room                 string      `json:"room,omitempty"`
	Source               home.Source `json:"source,omitempty"` // nobody spoke to the box: "cli", "mqtt", "planned", …
	Resolved
	Plan    home.Refusal       `json:"plan_refusal,omitempty"`
	Judged  []string           `json:"permission,omitempty"` // what the table of permissions said, and which row
	Actions []Action           `json:"actions"`
	Reply   string             `json:"reply"`
	Beep    bool               `json:"beep,omitempty"` // a sound stands for the reply
	Fault   *Fault             `json:"fault,omitempty"`
	Hint    string             `json:"hint,omitempty"` // what would help against a refusal
	MS      map[string]float64 `json:"ms"`

	Number int           `json:"n,omitempty"`
	Time   time.Time     `json:"time"`
	Stages []trace.Stage `json:"stages,omitempty"`

	dry     bool         // nothing was to be published
	asks    bool         // the reply is a question, however it ends
	secret  bool         // it was, or may have been, the code
	sound   voice.Speech // the reply in the voice of an assistant elsewhere
	unheard bool         // there were no words in it, or none to be sure of
	played  func()       // tells the assistant that it was heard; nil: it need not be told
}

// Resolved is an intent or a refusal as JSON.
type Resolved struct {
	ID         json.RawMessage `json:"id,omitempty"` // of a query of `resolve`
	Intent     *string         `json:"intent"`       // null when refused
	Slots      map[string]any  `json:"slots,omitempty"`
	Targets    []string        `json:"targets,omitempty"`
	Also       []Resolved      `json:"also,omitempty"`
	Command    *Resolved       `json:"command,omitempty"` // of a timer or schedule: what is done when it is due
	Refusal    intent.Refusal  `json:"refusal,omitempty"`
	Candidates []string        `json:"candidates,omitempty"`
	Tier       intent.Tier     `json:"tier,omitempty"`
	Confidence float64         `json:"confidence"`
}

// Action is one message that a request published, or would have.
type Action struct {
	Device    string `json:"device"`
	Topic     string `json:"topic"`
	Payload   string `json:"payload"`
	Confirmed *bool  `json:"confirmed"` // by the device's state topic; null where nothing can or did tell
}

// Fault is a part that failed while it was needed.
type Fault struct {
	Part  string `json:"part"` // "broker", "recogniser", "device light.hall_lamp", ...
	Error string `json:"error"`
	Hint  string `json:"hint,omitempty"`
}

// NewResolved is an intent as JSON shows it.
func NewResolved(id json.RawMessage, in intent.Intent) Resolved {
	r := Resolved{
		ID: id, Slots: in.Slots, Targets: in.Targets, Refusal: in.Refusal,
		Candidates: in.Candidates, Tier: in.Tier, Confidence: in.Confidence,
	}
	if in.Refusal == "" {
		r.Intent = &in.Name
	}
	for _, also := range in.Also {
		r.Also = append(r.Also, NewResolved(nil, also))
	}
	if in.Command != nil {
		command := NewResolved(nil, *in.Command)
		r.Command = &command
	}
	return r
}

// bare is an intent without the words that were said.
func (r Resolved) bare() Resolved {
	r.Slots, r.Command, r.Also = nil, nil, nil
	return r
}

// heard is the transcript, or "".
func (r Result) heard() string {
	if r.Transcript == nil {
		return ""
	}
	return *r.Transcript
}

// Done says that the request was understood and carried out.
func (r Result) Done() bool {
	return r.Refusal == "" && r.Plan == "" && r.Fault == nil
}

// actions lists a plan's messages, none of them confirmed yet.
func actions(p home.Plan) []Action {
	out := []Action{}
	for _, a := range p.Actions {
		for _, m := range a.Messages {
			out = append(out, Action{Device: a.Device, Topic: m.Topic, Payload: string(m.Payload)})
		}
	}
	return out
}

// String is the result on one line, for a terminal.
func (r Result) String() string {
	var b strings.Builder
	field := fieldsTo(&b)
	if r.File != "" {
		b.WriteString(r.File)
	}
	if r.Wake != nil {
		field("wake", *r.Wake)
	}
	if r.Person != "" {
		field("person", r.Person)
	}
	if r.Transcript != nil {
		field("transcript", *r.Transcript)
		field("heard", math.Round(*r.TranscriptConfidence*100)/100)
	}
	if r.Due != "" {
		field("due", r.Due)
		field("planned", r.Planned)
	}
	r.Resolved.fields(field)
	if r.Plan != "" {
		field("refusal", r.Plan)
	}
	for _, a := range r.Actions {
		b.WriteString(" -> " + a.Topic + " " + a.Payload)
		switch {
		case a.Confirmed == nil:
		case *a.Confirmed:
			b.WriteString(" (confirmed)")
		default:
			b.WriteString(" (no answer)")
		}
	}
	field("reply", r.Reply)
	if r.Fault != nil {
		field("fault", r.Fault.Part)
	}
	field("ms", r.MS)
	return b.String()
}

// fieldsTo writes fields name=JSON with a blank between them.
func fieldsTo(b *strings.Builder) func(name string, value any) {
	return func(name string, value any) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		data, err := json.Marshal(value)
		if err != nil {
			panic(err) // values of Result are made of JSON's own kinds
		}
		b.WriteString(name + "=" + string(data))
	}
}

// String is the intent or refusal on one line, for a terminal.
func (r Resolved) String() string {
	var b strings.Builder
	r.fields(fieldsTo(&b))
	return b.String()
}

func (r Resolved) fields(field func(string, any)) {
	if r.Intent != nil {
		field("intent", *r.Intent)
	}
	if r.Refusal != "" {
		field("refusal", r.Refusal)
	}
	if len(r.Slots) > 0 {
		field("slots", r.Slots)
	}
	if len(r.Candidates) > 0 {
		field("candidates", r.Candidates)
	}
	if r.Tier != "" {
		field("tier", r.Tier)
		field("confidence", r.Confidence)
	}
	if r.Command != nil {
		field("command", r.Command.String())
	}
	for _, also := range r.Also {
		also.fields(field)
	}
}

// Last returns up to n results, the newest first.
func (b *Box) Last(n int) []Result { return b.results.Last(n) }
