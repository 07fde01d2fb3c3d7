package mqtt

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// CommandTopics are the topics that the entity's commands go to, each once, in order.
func (e *Entity) CommandTopics() []string {
	var topics []string
	for _, c := range e.commands {
		topics = append(topics, c.Topic)
	}
	slices.Sort(topics)
	return slices.Compact(topics)
}

// Wiring is a fingerprint of where the entity sends its commands, whom it believes
// about its state, and in which words: of its topics, templates and payloads. A lock
// with another one is another lock, whatever it is called.
func (e *Entity) Wiring() string {
	h := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(e.Config)) {
		if strings.HasSuffix(key, "_topic") || strings.HasSuffix(key, "_template") || strings.HasPrefix(key, "payload_") || strings.HasPrefix(key, "state_") {
			value, _ := json.Marshal(e.Config[key]) // it came from JSON
			fmt.Fprintf(h, "%s %s\n", key, value)
		}
	}
	for _, role := range slices.Sorted(maps.Keys(e.commands)) { // a Homie device has no keys for them
		fmt.Fprintf(h, "to %q %q\n", role, e.commands[role].Topic)
	}
	for _, r := range e.readings {
		fmt.Fprintf(h, "from %q %q\n", r.Role, r.Filter)
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}
