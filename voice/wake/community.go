package wake

import "errors"

// community is a model of microWakeWord, by its manifest.
func community(manifest string) (*Model, error) {
	return nil, errors.New("microWakeWord models cannot be read yet")
}
