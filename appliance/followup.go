package appliance

import (
	"time"

	"github.com/cricket-home/cricket/intent"
)

// After a reply the box listens for a while without the wake word. What is said then may
// be a follow-up, or people who talk to each other, or the television: it is carried out only
// where the sentences know it as it was heard, and for all else the box says nothing.

// sureUnbidden is the confidence of a transcript below which what nobody called for is ignored.
const sureUnbidden = 0.5

// invites says whether the box listens on after a reply. Who said no, or thanks, is done.
func (b *Box) invites(r Result) bool {
	if !b.config.Dialogue.FollowUp || r.Intent == nil || r.Fault != nil {
		return false
	}
	switch *r.Intent {
	case "CricketNo", "HassNevermind", "HassRespond":
		return false
	}
	return true
}

// nearby says whether a request is about as loud as the one before it that called the box.
func (b *Box) nearby(q Request) bool {
	level := b.rooms.of(b.dialogue(q), "", time.Now()).level
	return level == 0 || q.level >= level-softer
}

// ignore is the result of what was not meant for the box: it does and says nothing.
func (b *Box) ignore(r Result, q Request) Result {
	r.Room, r.Source, r.Actions, r.Reply = b.room(q), q.Source, []Action{}, ""
	r.Resolved = NewResolved(nil, intent.Intent{Refusal: intent.NotCommand})
	return r
}
