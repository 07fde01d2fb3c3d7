package home

import "slices"

// What the house says when a part of the appliance itself is down.

// NoBroker is said when a command could not be published.
func (h *Home) NoBroker() string { return h.replies.sentence(h.replies.say("down.broker")) }

// LostBroker is said when the broker went away while a command was published:
// nobody knows whether it, or which part of it, was done.
func (h *Home) LostBroker() string { return h.replies.sentence(h.replies.say("down.lost")) }

// NoRecognizer is said when speech was heard and could not be recognised.
func (h *Home) NoRecognizer() string { return h.replies.sentence(h.replies.say("down.recognizer")) }

// NoHomeAssistant is said when a command could not be sent to Home Assistant.
func (h *Home) NoHomeAssistant() string { return h.replies.sentence(h.replies.say("down.hass")) }

// HomeAssistantRefused is said when Home Assistant did not carry out a command.
func (h *Home) HomeAssistantRefused() string {
	return h.replies.sentence(h.replies.say("down.hass.refused"))
}

// HomeAssistantSilent is said when nobody knows whether Home Assistant carried out a command.
func (h *Home) HomeAssistantSilent() string {
	return h.replies.sentence(h.replies.say("down.hass.silent"))
}

// NoAssistant is said when an assistant elsewhere was asked and did not answer.
func (h *Home) NoAssistant() string { return h.replies.sentence(h.replies.say("down.assistant")) }

// TooLate is said when a request was recognised so late that it is not carried out.
func (h *Home) TooLate() string { return h.replies.sentence(h.replies.say("down.late")) }

// ModelSays is an answer of the language model, as its own.
func (h *Home) ModelSays(answer string) string {
	return h.replies.sentence(h.replies.say("model.says", "answer", answer))
}

// BrokenOff is said where the language model did not finish what it began to say.
func (h *Home) BrokenOff() string { return h.replies.sentence(h.replies.say("model.broken_off")) }

// Limit is said in place of a language model's answer: field is "medical" or "financial".
func (h *Home) Limit(field string) string {
	key := "model.medical"
	if field == "financial" {
		key = "model.financial"
	}
	return h.replies.sentence(h.replies.say(key))
}

// NotHeard is said when somebody spoke and no words, or hardly any, were heard.
func (h *Home) NotHeard() string { return h.replies.sentence(h.replies.say("refused.not_heard")) }

// NoBook is said when a plan's changes could not be written: a full or broken
// disk. None of them is made; what else the plan did is told before.
func (h *Home) NoBook(p Plan) string {
	s := speaker{home: h, replies: h.replies, room: p.room}
	parts := slices.DeleteFunc(slices.Clone(p.parts), func(p part) bool { return len(p.changes) > 0 || p.volume != nil })
	return s.reply(append(parts, part{answer: s.say("down.book")}), nil)
}

// LostBook is said when the book on the disk was found damaged at the start.
func (h *Home) LostBook() string { return h.replies.sentence(h.replies.say("down.book.lost")) }
