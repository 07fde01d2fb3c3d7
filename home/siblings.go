package home

import "strings"

// PairingCode is said while another box can be paired: the code digit by digit, twice.
func (h *Home) PairingCode(code string) string {
	digits := strings.Join(strings.Split(code, ""), ", ")
	return h.replies.sentence(h.replies.say("pair.code", "code", digits))
}
