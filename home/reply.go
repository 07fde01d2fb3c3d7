package home

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

//go:embed replies/*.yaml
var replyFiles embed.FS

// replies are the words of one language, from home/replies.
type replies struct {
	Say      map[string]string    `yaml:"say"`
	Things   map[string][2]string `yaml:"things"` // by domain or domain.class: one, several
	States   map[string]string    `yaml:"states"` // by [domain.[class.]]state
	Modes    map[string]string    `yaml:"modes"`  // by a device's word for it, in lower case with underscores
	Units    map[string][2]string `yaml:"units"`  // by unit of measurement: one, several
	Colors   map[string]string    `yaml:"colors"` // by CSS name, where that is not what is said
	Bare     []string             `yaml:"bare"`
	Numbers  []string             `yaml:"numbers"`
	Ordinals []string             `yaml:"ordinals"`
	Weekdays []string             `yaml:"weekdays"`
	Months   []string             `yaml:"months"`

	Hours     []string          `yaml:"hours"`      // one to twelve o'clock, where that is not the number; or midnight to eleven in the evening
	HoursPast []string          `yaml:"hours_past"` // the same behind minutes, where it is another form
	HoursTo   []string          `yaml:"hours_to"`   // the same of the next hour
	Rooms     map[string]string `yaml:"rooms"`      // by how the name of a room or storey ends: "in the {name}"
	Many      []string          `yaml:"many"`       // endings of names that are plurals
	One       []string          `yaml:"one"`        // endings that look like it, but are not
	Letters   string            `yaml:"letters"`    // capitals: nouns keep theirs; turkish: i is not I; or ""
	Comma     bool              `yaml:"comma"`      // 19,5
	Nouns     []noun            `yaml:"nouns"`      // with their articles
	HeadFirst bool              `yaml:"head_first"` // a name's noun is its first word
	Endings   []string          `yaml:"endings"`    // of adjectives: encendid-o, -a, -os, -as
	Unbent    []string          `yaml:"unbent"`     // endings of words that look like it, but never change
	Lengths   map[string]string `yaml:"lengths"`    // words of a length of time, and how they are said behind "in"
	Together  []string          `yaml:"together"`   // one thing on a list, with "and" in it
	Amounts   []string          `yaml:"amounts"`    // before one thing on a list, how much of it
	Agree     []string          `yaml:"agree"`      // to what opens the house
	Decline   []string          `yaml:"decline"`
	Zero      []string          `yaml:"zero"`   // in a code
	Halves    []string          `yaml:"halves"` // of a day, where people count hours to twelve; else empty
}

// loadReplies has the replies of a language, or of the one that it is a variety
// of: "de" for "de-AT".
func loadReplies(language string) (replies, error) {
	base, _, _ := strings.Cut(language, "-")
	data, err := replyFiles.ReadFile("replies/" + language + ".yaml")
	if err != nil {
		data, err = replyFiles.ReadFile("replies/" + base + ".yaml")
	}
	if err != nil {
		return replies{}, fmt.Errorf("no replies in language %q: there are %s", language, strings.Join(languages(), ", "))
	}
	var r replies
	if err := yaml.Unmarshal(data, &r); err != nil {
		return replies{}, fmt.Errorf("read replies of %q: %w", language, err)
	}
	return r, nil
}

// languages lists those that the house can reply in.
func languages() (out []string) {
	files, _ := fs.Glob(replyFiles, "replies/*.yaml") // the pattern is well formed
	for _, f := range files {
		out = append(out, strings.TrimSuffix(path.Base(f), ".yaml"))
	}
	return out
}

// say fills a text in; pairs are placeholder, value, placeholder, value, ...
// An unknown key is a mistake in this package, and a test finds those.
func (r replies) say(key string, pairs ...string) string {
	text, ok := r.Say[key]
	if !ok {
		panic("home: no reply " + strconv.Quote(key))
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		pairs[i] = "{" + pairs[i] + "}"
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// sentence starts with a capital and ends with a full stop.
func (r replies) sentence(clause string) string {
	clause = strings.ReplaceAll(strings.TrimSpace(clause), "  ", " ")
	if clause == "" {
		return ""
	}
	mark := ""
	if rest, ok := strings.CutPrefix(clause, "¿"); ok {
		mark, clause = "¿", rest
	}
	first, size := utf8.DecodeRuneInString(clause)
	capital := unicode.ToUpper(first)
	if r.Letters == "turkish" {
		capital = unicode.TurkishCase.ToUpper(first)
	}
	clause = mark + string(capital) + clause[size:]
	if strings.ContainsAny(clause[len(clause)-1:], ".?!") {
		return clause
	}
	return clause + "."
}

// list joins names: "a", "a and b", "a, b and c".
func (r replies) list(names []string) string { return r.joined(names, "list.two") }

// either joins choices: "a or b", "a, b or c".
func (r replies) either(names []string) string { return r.joined(names, "list.either") }

func (r replies) joined(names []string, last string) string {
	if len(names) == 0 {
		return ""
	}
	text := names[0]
	for i, n := range names[1:] {
		key := "list.more"
		if i == len(names)-2 {
			key = last
		}
		text = r.say(key, "first", text, "last", n)
	}
	return text
}

// number says a count, in words where they are short.
func (r replies) number(n int) string {
	if n >= 0 && n <= 20 {
		return r.Numbers[n]
	}
	return strconv.Itoa(n)
}

// things names n of a kind: "light", "lights".
func (r replies) things(kind string, n int) string {
	return r.Things[kind][plural(n)]
}

// counted is "one light", "five lights".
func (r replies) counted(kind string, n int) string {
	key := "number.things"
	if n == 1 {
		key = "number.thing"
	}
	return r.say(key, "number", r.number(n), "things", r.things(kind, n), "one", r.things(kind, 1))
}

func plural(n int) int {
	if n == 1 {
		return 0
	}
	return 1
}

// the is a name in the middle of a sentence, with its article.
func (r replies) the(name string) string {
	first, _, _ := strings.Cut(strings.ToLower(name), " ")
	for _, w := range r.Bare {
		if first == w {
			return r.lower(name)
		}
	}
	if strings.HasSuffix(first, "'s") || strings.HasSuffix(first, "’s") {
		return name
	}
	if n, ok := r.nounOf(name); ok {
		return strings.ReplaceAll(n.Article, "{name}", r.lower(name))
	}
	return r.say("the", "name", r.lower(name))
}

// lower takes the capital off the first word, unless the word is written in
// capitals ("TV") or is a possessive ("Anna's"), or the language writes nouns so.
func (r replies) lower(name string) string {
	if r.Letters == "capitals" {
		return name
	}
	word, _, _ := strings.Cut(name, " ")
	first, size := utf8.DecodeRuneInString(word)
	if strings.ContainsFunc(word[size:], unicode.IsUpper) || strings.ContainsAny(word, "'’") || utf8.RuneCountInString(word) < 2 {
		return name
	}
	small := unicode.ToLower(first)
	if r.Letters == "turkish" {
		small = unicode.TurkishCase.ToLower(first)
	}
	return string(small) + name[size:]
}

// manyNamed says whether a name is itself in the plural: "Blinds".
func (r replies) manyNamed(name string) bool {
	ends := func(with []string) bool {
		return slices.ContainsFunc(with, func(e string) bool { return strings.HasSuffix(strings.ToLower(name), e) })
	}
	return ends(r.Many) && !ends(r.One)
}

// inRoom is " in the kitchen".
func (r replies) inRoom(name string) string {
	return r.placed(name, r.say("in.area", "name", r.lower(name)))
}

// onFloor is " on the ground floor".
func (r replies) onFloor(name string) string {
	return r.placed(name, r.say("on.floor", "name", r.lower(name)))
}

// placed says where something is. Where a language has articles that depend on
// the noun, rooms knows those of the usual ones; the longest ending that fits counts.
func (r replies) placed(name, otherwise string) string {
	low, best := strings.ToLower(name), ""
	for end := range r.Rooms {
		if strings.HasSuffix(low, end) && len(end) > len(best) {
			best = end
		}
	}
	if best == "" {
		return otherwise
	}
	return " " + strings.ReplaceAll(r.Rooms[best], "{name}", r.lower(name))
}

// isAre picks the key for one or several.
func isAre(key string, several bool) string {
	if several {
		return key + ".are"
	}
	return key + ".is"
}

// figure is a number as a person says it: at most one decimal, none if whole.
func (r replies) figure(v float64) string {
	text := strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
	if text == "-0" {
		return "0"
	}
	if r.Comma {
		return strings.Replace(text, ".", ",", 1)
	}
	return text
}
