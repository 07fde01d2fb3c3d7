package mqtt

import (
	"maps"
	"strings"
)

// targeted is what the names of attributes begin with that tell where a device
// is heading. homie_target_state stands for the value of the state.
const targeted = "homie_target_"

// aim notes what a $target says: the device has heard a command and is on its
// way. What it is now stays.
func (e *Entity) aim(s *State, role, text string) error {
	ahead := State{Attributes: map[string]any{}}
	err := platforms(e.Platform, e.schema()).apply(e, &ahead, role, text)
	if ahead.Value != "" {
		s.Attributes[targeted+"state"] = ahead.Value
	}
	for name, v := range ahead.Attributes {
		s.Attributes[targeted+name] = v
	}
	return err
}

// reach forgets the targets that the device has reached, so that none of them
// confirms a later command.
func reach(s *State) {
	maps.DeleteFunc(s.Attributes, func(name string, aim any) bool {
		what, is := strings.CutPrefix(name, targeted)
		if is && what == "state" {
			word, _ := aim.(string)
			return word == s.Value
		}
		now, known := s.Attributes[what]
		return is && known && sameAttribute(what, aim, now)
	})
}
