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

// TooLate is said when a request was recognised so late that it is not carried out.
func (h *Home) TooLate() string { return h.replies.sentence(h.replies.say("down.late")) }

// ModelSays is an answer of the language model, as its own.
func (h *Home) ModelSays(answer string) string {
	return h.replies.say("model.says", "answer", answer)
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
