package home

// What the house says when a part of the appliance itself is down.

// NoBroker is said when a command could not be published.
func (h *Home) NoBroker() string { return sentence(h.replies.say("down.broker")) }

// NoRecognizer is said when speech was heard and could not be recognised.
func (h *Home) NoRecognizer() string { return sentence(h.replies.say("down.recognizer")) }
