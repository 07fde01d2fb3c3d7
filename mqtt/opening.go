package mqtt

import (
	"slices"
	"strings"
)

// Words in the names of covers that let somebody in from the street, and of those
// that hang in front of a window or a door. Parts of words count, but for doorWords,
// which must stand alone: "outdoor blind".
var (
	streetWords = []string{"garagen", "hoftor", "gartentor", "einfahrtstor", "rolltor", "haustor", "carport", "portón", "porton"}
	hungWords   = []string{"blind", "curtain", "shade", "awning", "vorhang", "markise", "jalousie", "rollo", "rolllad", "raffstore", "volet", "rideau", "persiana",
		"cortina", "gordijn", "rolluik", "perde", "panjur"}
	ownDoorWords = []string{"tür", "haustür", "kapısı", "voordeur", "achterdeur", "gates"}
)

// opening is the device class of a cover that has none, by its names: many
// bridges announce a garage door as a plain cover. "" where they do not say
// that it opens the house.
func opening(names ...string) string {
	all := strings.ToLower(strings.Join(names, " "))
	whole := strings.FieldsFunc(all, func(r rune) bool { return r == '-' || r == '_' || r == ' ' || r == '/' || r == '.' })
	stands := func(words []string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(whole, w) })
	}
	switch {
	case slices.ContainsFunc(hungWords, func(w string) bool { return strings.Contains(all, w) }):
		return ""
	case says(all, garageWords):
		return "garage"
	case stands(gateWords), says(all, streetWords):
		return "gate"
	case stands(doorWords), stands(ownDoorWords):
		return "door"
	}
	return ""
}
