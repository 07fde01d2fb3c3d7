package appliance

import (
	"os"
	"strings"
)

// Dialogue says how the box converses.
type Dialogue struct {
	FollowUp bool   `toml:"follow_up"`
	Code     string `toml:"code"`
	Habits   bool   `toml:"habits"`
}

// codeCredential is the name of systemd's credential for the code.
const codeCredential = "door-code"

// code is the digits that somebody must say before the box opens the house, or "". It is
// kept out of every log, trace and answer.
func (d Dialogue) code() string {
	if d.Code != "" {
		return d.Code
	}
	file := secret("", codeCredential)
	if file == "" {
		return ""
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// validate: a code of other things than digits could not be told from a request.
func (d Dialogue) validate(fault func(format string, args ...any)) {
	code := d.code()
	if secret("", codeCredential) != "" && code == "" {
		fault("the credential %s is empty or cannot be read", codeCredential)
	}
	if code != "" && (len(code) < 4 || len(code) > 12 || strings.Trim(code, "0123456789") != "") {
		fault("'dialogue.code' must be 4 to 12 digits")
	}
}
