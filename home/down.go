package home

// What the house says when a part of the appliance itself is down.

// NoBroker is said when a command could not be published.
func (h *Home) NoBroker() string { return h.replies.sentence(h.replies.say("down.broker")) }

// LostBroker is said when the broker went away while a command was published:
// nobody knows whether it, or which part of it, was done.
func (h *Home) LostBroker() string { return h.replies.sentence(h.replies.say("down.lost")) }

// NoRecognizer is said when speech was heard and could not be recognised.
func (h *Home) NoRecognizer() string { return h.replies.sentence(h.replies.say("down.recognizer")) }

// NoBook is said when the book could not be written: a full or broken disk.
// Nothing of the request that changes the book is then done.
func (h *Home) NoBook() string { return h.replies.sentence(h.replies.say("down.book")) }

// LostBook is said when the book on the disk was found damaged at the start.
func (h *Home) LostBook() string { return h.replies.sentence(h.replies.say("down.book.lost")) }
