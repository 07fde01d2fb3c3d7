package home

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// place is how one language says where a thing is, inside the name of the thing.
type place struct {
	joins []string // between a thing and its room: "lamp in the kitchen"
	ends  []string // of a room's name before a thing: "kitchen's", "mutfaktaki"
	links []string // inside a compound: "Küche-n-lampe"; nil where there are none
	nouns []string // of compounds, beside the names of kinds that the replies have
	rooms []string // names that a device's name may have in it to be in a room that the home has not got yet
}

// places are by base language. Words are in lower case, rooms as they are written.
var places = map[string]place{
	"en": {
		joins: []string{"in the", "of the", "at the", "on the", "in", "of"},
		ends:  []string{"'s", "’s"},
		rooms: []string{"Living room", "Dining room", "Sitting room", "Utility room", "Laundry room", "Guest room", "Play room", "Bedroom",
			"Main bedroom", "Master bedroom", "Guest bedroom", "Bathroom", "Kitchen", "Hallway", "Hall", "Landing", "Office",
			"Study", "Nursery", "Garage", "Garden", "Attic", "Loft", "Basement", "Cellar", "Conservatory", "Lounge", "Porch", "Terrace"},
	},
	"de": {
		joins: []string{"in der", "in dem", "im", "auf der", "auf dem", "an der", "am", "vom", "von der", "der", "des", "in"},
		links: []string{"", "n", "s", "en", "er", "-"},
		nouns: []string{"licht", "lichter", "leuchte", "strahler", "spots", "stecker", "beleuchtung", "lüfter", "thermostat", "sensor",
			"deckenlampe", "deckenlicht", "deckenleuchte", "stehlampe", "tischlampe", "wandlampe", "leselampe", "hängelampe", "lichterkette"},
		rooms: []string{"Wohnzimmer", "Esszimmer", "Schlafzimmer", "Kinderzimmer", "Gästezimmer", "Arbeitszimmer", "Badezimmer", "Bad",
			"Küche", "Flur", "Diele", "Büro", "Keller", "Dachboden", "Garage", "Garten", "Terrasse", "Balkon", "Waschküche"},
	},
	"fr": {
		joins: []string{"de la", "de l'", "de l’", "du", "des", "dans la", "dans le", "dans l'", "à la", "au", "de", "d'"},
		rooms: []string{"Salon", "Séjour", "Salle à manger", "Salle de bain", "Salle de bains", "Cuisine", "Chambre", "Chambre d'amis",
			"Couloir", "Entrée", "Bureau", "Garage", "Jardin", "Grenier", "Cave", "Terrasse", "Buanderie"},
	},
	"es": {
		joins: []string{"de la", "del", "de los", "de las", "en la", "en el", "de", "en"},
		rooms: []string{"Salón", "Sala de estar", "Cocina", "Dormitorio", "Habitación", "Baño", "Comedor", "Pasillo", "Entrada",
			"Despacho", "Oficina", "Garaje", "Jardín", "Sótano", "Ático", "Terraza"},
	},
	"nl": {
		joins: []string{"in de", "in het", "van de", "van het", "op de", "op het", "in", "van"},
		links: []string{"", "s", "-"},
		nouns: []string{"licht", "lichten", "verlichting", "spots", "stekker", "thermostaat", "sensor",
			"plafondlamp", "staanlamp", "tafellamp", "wandlamp", "leeslamp", "hanglamp"},
		rooms: []string{"Woonkamer", "Eetkamer", "Slaapkamer", "Kinderkamer", "Logeerkamer", "Badkamer", "Keuken", "Gang", "Hal",
			"Kantoor", "Werkkamer", "Garage", "Tuin", "Zolder", "Kelder", "Terras", "Bijkeuken"},
	},
	"tr": {
		ends: []string{"daki", "deki", "taki", "teki", "'daki", "'deki", "'taki", "'teki", "nın", "nin", "nun", "nün", "ın", "in", "un", "ün"},
		rooms: []string{"Oturma odası", "Yatak odası", "Yemek odası", "Çalışma odası", "Çocuk odası", "Misafir odası", "Salon", "Mutfak",
			"Banyo", "Koridor", "Antre", "Ofis", "Garaj", "Bahçe", "Bodrum", "Balkon", "Teras"},
	},
}

// place is the language's, or one that has only the room before the thing and
// behind it.
func (h *Home) place() place {
	base, _, _ := strings.Cut(h.Language, "-")
	return places[base]
}

// inside is what is left of a thing's name without the name of its room: the
// "ceiling light" of "Kitchen ceiling light", "Lampe" of "Lampe in der Küche"
// and of "Küchenlampe".
func (h *Home) inside(name, room string) (string, bool) {
	if room == "" || len(name) <= len(room) {
		return "", false
	}
	p := h.place()
	if rest, ok := after(name, room); ok {
		return rest, true
	}
	first, rest, several := strings.Cut(name, " ")
	if word, ok := fold(first, room); ok && several && slices.Contains(p.ends, strings.ToLower(word)) {
		return strings.TrimSpace(rest), strings.TrimSpace(rest) != ""
	}
	if rest, ok := before(name, room, p.joins); ok {
		return rest, true
	}
	return h.compound(name, room, p)
}

// fold is what follows a prefix, in any case.
func fold(s, prefix string) (string, bool) {
	if len(s) <= len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}

// before is what precedes the name of a room at the end of a thing's name, less
// the words that join them.
func before(name, room string, joins []string) (string, bool) {
	cut := len(name) - len(room)
	if cut <= 1 || !strings.EqualFold(name[cut:], room) {
		return "", false
	}
	rest := name[:cut]
	if last, _ := utf8.DecodeLastRuneInString(rest); unicode.IsLetter(last) || unicode.IsDigit(last) {
		return "", false // part of a word
	}
	longest := ""
	for _, join := range joins {
		if lower := strings.ToLower(strings.TrimSpace(rest)); strings.HasSuffix(lower, " "+join) && len(join) > len(longest) {
			longest = join
		}
	}
	rest = strings.TrimSpace(rest)
	if slices.Contains(joins, strings.ToLower(rest)) {
		return "", false // "In the kitchen": no thing is left
	}
	rest = strings.Trim(rest[:len(rest)-len(longest)], " -–,(/")
	return rest, rest != ""
}

// compound is the thing of a word that is a room and a thing: only of things
// that are known, since "Küchenzeile" is none.
func (h *Home) compound(name, room string, p place) (string, bool) {
	if p.links == nil || strings.Contains(name, " ") {
		return "", false
	}
	for _, link := range p.links {
		rest, ok := fold(name, room+link)
		if !ok || len(rest) < 4 {
			continue
		}
		lower := strings.ToLower(rest)
		known := slices.Contains(p.nouns, lower)
		for _, thing := range h.replies.Things {
			known = known || lower == strings.ToLower(thing[0][strings.LastIndex(thing[0], " ")+1:]) || lower == strings.ToLower(thing[1])
		}
		if !known {
			continue
		}
		if h.replies.Letters == "capitals" {
			first, size := utf8.DecodeRuneInString(rest)
			rest = string(unicode.ToUpper(first)) + rest[size:]
		}
		return rest, true
	}
	return "", false
}

// after is what follows a prefix of whole words, in any case: the "lamp" of
// "Kitchen lamp" after "kitchen".
func after(name, prefix string) (string, bool) {
	rest, ok := fold(name, prefix)
	if !ok || prefix == "" || rest[0] != ' ' && rest[0] != '\'' {
		return "", false
	}
	rest = strings.TrimSpace(strings.TrimPrefix(rest, "'s"))
	return rest, rest != ""
}
