package home

import "github.com/cricket-home/cricket/mqtt"

// Refusal says why a plan does nothing.
type Refusal string

const (
	NotUnderstood     Refusal = "not_understood"     // the intent was itself a refusal
	UnknownDevice     Refusal = "unknown_device"     // an id that this home does not have
	CannotDo          Refusal = "cannot_do"          // the device has no such ability
	NeedsConfirmation Refusal = "needs_confirmation" // opens the house to the street: locks, garage doors
)

// Plan is what an intent does in a home.
type Plan struct {
	Actions []Action
	Reply   string // said when every action is confirmed, or at once where there is none
	Refusal Refusal
}

// Action is one service call on one device and the messages that carry it out.
type Action struct {
	Device   string // id
	Call     mqtt.Call
	Messages []mqtt.Message
	Want     mqtt.State // what the device's topics say when it is done; zero where it has no state to confirm
}
