package home

import "strings"

// PairingCode is said while another box can be paired: the code digit by digit, twice.
func (h *Home) PairingCode(code string) string {
	digits := strings.Join(strings.Split(code, ""), ", ")
	return h.replies.sentence(h.replies.say("pair.code", "code", digits))
}

// SplitLost is said when a language model that ran on several boxes ends, since one of them, by
// its name, is gone.
func (h *Home) SplitLost(box string) string {
	return h.replies.sentence(h.replies.say("split.lost", "box", box))
}
