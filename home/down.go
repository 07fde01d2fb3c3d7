package home

// What the house says when a part of the appliance itself is down.

// NoBroker is said when a command could not be published.
func (h *Home) NoBroker() string { return sentence(h.replies.say("down.broker")) }

// LostBroker is said when the broker went away while a command was published:
// nobody knows whether it, or which part of it, was done.
func (h *Home) LostBroker() string { return sentence(h.replies.say("down.lost")) }

// NoRecognizer is said when speech was heard and could not be recognised.
func (h *Home) NoRecognizer() string { return sentence(h.replies.say("down.recognizer")) }
