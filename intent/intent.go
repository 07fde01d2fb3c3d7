package intent

import "time"

// Tier says which stage resolved a sentence.
type Tier string

const (
	Template Tier = "template"
	Repair   Tier = "repair"
	LLM      Tier = "llm"
)

// Refusal says why a sentence has no intent.
type Refusal string

const (
	NotRecognized Refusal = "not_recognized" // no sentence, name or place fits
	Ambiguous     Refusal = "ambiguous"      // several devices fit: Candidates has them
	NotCommand    Refusal = "not_command"    // what was said was not meant for the house
)

// Intent is what was meant. When Refusal is set, Name is empty and only
// Candidates, Slots (what was understood so far), Tier and Confidence count.
type Intent struct {
	Name       string         // Home Assistant's: HassTurnOn, HassLightSet, ...
	Slots      map[string]any // string or float64; canonical names of the home
	Targets    []string       // device ids, sorted; empty for intents without devices
	Also       []Intent       // further intents of the same sentence, in order
	Tier       Tier
	Confidence float64 // 0..1
	Response   string  // key of the reply that the sentence's author chose, or ""
	Command    *Intent // of HassStartTimer and CricketSchedule: what is carried out when it is due
	Refusal    Refusal
	Candidates []string // device ids
	Open       *Intent  // of an ambiguous sentence: what was understood, but for which of the Candidates is meant
	Toward     string   `json:",omitempty"` // "up" or "down", where a level was said to be reached that way: "turn it up to 80"
	Doubtful   bool     `json:",omitempty"` // of what repair asks about: however probable it is, it is not to be carried out unasked
	Asks       bool     `json:",omitempty"` // of HassRespond: a language model asks back, and the next sentence may answer it
	Advice     bool     `json:",omitempty"` // another box understood the sentence so: it is trusted as that one is, not as whoever spoke
}

// Query is one sentence to resolve.
type Query struct {
	Text   string
	Room   string            // id or name of the area that heard it, or ""
	Now    time.Time         // of the request; zero is allowed
	States map[string]string // device id to state, where it differs from Names

	Context      Context
	Alternatives []Alternative // what else the recogniser may have heard, best first
	Tokens       []Token       // the words of Text as the recogniser heard them; empty for typed text
}

// Context is what was said before in the same room. The zero Context is none.
type Context struct {
	Last *Intent // the last intent that was carried out
	Open *Intent // what the house has just asked about
	Asks Asked   // what the answer to Open is

	Exchange *Exchange // what a language model has just asked about; any sentence may be the answer
}

// Exchange is what was said to a language model, and what it asked back.
type Exchange struct {
	Text     string
	Question string
}

// Asked says what a question of the house asks for.
type Asked string

const (
	AsksWhich   Asked = ""        // which of the Targets
	AsksLength  Asked = "length"  // how long, or by how much
	AsksTime    Asked = "time"    // when
	AsksMessage Asked = "message" // of what: the slot message
	AsksItem    Asked = "item"    // what goes on the list: the slot item
	AsksArea    Asked = "area"    // which room
	AsksEntry   Asked = "entry"   // which timer, alarm, reminder or later command
)

// Alternative is another reading of what was said.
type Alternative struct {
	Text       string
	Confidence float64 // 0..1
}

// Token is a word that was heard, and how probable it is.
type Token struct {
	Text        string
	Probability float64 // 0..1
}

// Names is everything of a home that can be named in a sentence.
type Names struct {
	Entities []Entity
	Areas    []Area
	Floors   []Floor
}

// Entity is a device or group as sentences name it.
type Entity struct {
	ID          string // domain.object
	Name        string
	Aliases     []string
	Area        string // area id, or ""
	DeviceClass string
	State       string
	Features    []string
	Members     []string // device ids, for a group
}

// Area is a room.
type Area struct {
	ID, Name string
	Aliases  []string
	Floor    string // floor id, or ""
}

// Floor is a storey.
type Floor struct {
	ID, Name string
	Aliases  []string
}
