package mqtt

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxName is how long a name or an id may be, in bytes. Home Assistant's longest is 255
// characters.
const maxName = 1024

// names fills the entity's ids and names, and returns what to call it in a
// fault. object is the topic's or component's own id, the last resort.
func (b *builder) names(object string) string {
	e := b.e
	device, _ := e.Config["device"].(map[string]any)
	text := func(m map[string]any, key string) string {
		switch v := m[key].(type) {
		case nil:
		case string:
			if len(v) > maxName {
				b.fail("%s has %d bytes, %d are allowed", key, len(v), maxName)
				return shorten(v)
			}
			return strings.TrimSpace(v)
		case float64:
			return numeral(v)
		default:
			b.fail("%s must be text", key)
		}
		return ""
	}
	own := text(e.Config, "name")
	e.DeviceName = text(device, "name")
	e.Area = text(device, "suggested_area")
	e.Name = own
	if own == "" {
		e.Name = e.DeviceName
	}
	unique := text(e.Config, "unique_id")
	e.UniqueID = e.Platform + "/" + unique
	if unique == "" {
		unique = object
		e.UniqueID = e.Platform + "/" + object
	}

	// A sensor without a name is called after what it measures, as in Home Assistant.
	if _, given := e.Config["name"]; own == "" && !given {
		switch e.Platform {
		case "sensor", "binary_sensor", "number", "button":
			own = text(e.Config, "device_class")
		}
	}
	given := text(e.Config, "default_entity_id")
	if _, after, dotted := strings.Cut(given, "."); dotted {
		given = after
	}
	slug := ""
	for _, candidate := range []string{
		given, text(e.Config, "object_id"), e.DeviceName + " " + own, unique, e.Platform,
	} {
		if slug = slugify(candidate); slug != "" {
			break
		}
	}
	e.ID = e.Platform + "." + slug
	if e.Name == "" {
		e.Name = strings.ReplaceAll(slug, "_", " ")
	}
	return e.ID
}

// slugify turns a name into the object part of an id: lower case letters of
// a to z, digits and single underscores. Accents are dropped; letters of other
// scripts stay as they are, for there is no spelling of them that all share.
func slugify(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(strings.ToLower(name)) {
		letters := ""
		switch {
		case unicode.Is(unicode.Mn, r):
			continue
		case r == 'ß':
			letters = "ss"
		case r == 'ø':
			letters = "o"
		case r == 'æ':
			letters = "ae"
		case r == 'œ':
			letters = "oe"
		case r == 'ł':
			letters = "l"
		case r == 'đ' || r == 'ð':
			letters = "d"
		case r == 'ı':
			letters = "i"
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			letters = string(r)
		default:
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteByte('_')
			gap = false
		}
		b.WriteString(letters)
	}
	return b.String()
}
