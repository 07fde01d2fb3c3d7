package home

import (
	"embed"
	"fmt"
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
	Units    map[string][2]string `yaml:"units"`  // by unit of measurement: one, several
	Colors   map[string]string    `yaml:"colors"` // by CSS name, where that is not what is said
	Bare     []string             `yaml:"bare"`
	Numbers  []string             `yaml:"numbers"`
	Ordinals []string             `yaml:"ordinals"`
	Weekdays []string             `yaml:"weekdays"`
	Months   []string             `yaml:"months"`
	Halves   []string             `yaml:"halves"` // of a day, where people count hours to twelve; else empty
}

// loadReplies has the replies of a language; a language that has none yet gets
// the English ones.
func loadReplies(language string) (replies, error) {
	data, err := replyFiles.ReadFile("replies/" + language + ".yaml")
	if err != nil {
		language = "en"
		if data, err = replyFiles.ReadFile("replies/en.yaml"); err != nil {
			return replies{}, fmt.Errorf("read replies of %q: %w", language, err)
		}
	}
	var r replies
	if err := yaml.Unmarshal(data, &r); err != nil {
		return replies{}, fmt.Errorf("read replies of %q: %w", language, err)
	}
	return r, nil
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
func sentence(clause string) string {
	if clause == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(clause)
	clause = string(unicode.ToUpper(first)) + clause[size:]
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
			return lower(name)
		}
	}
	if strings.HasSuffix(first, "'s") || strings.HasSuffix(first, "’s") {
		return name
	}
	return r.say("the", "name", lower(name))
}

// lower takes the capital off the first word, unless the word is written in
// capitals ("TV") or is a possessive ("Anna's").
func lower(name string) string {
	word, _, _ := strings.Cut(name, " ")
	first, size := utf8.DecodeRuneInString(word)
	if strings.ContainsFunc(word[size:], unicode.IsUpper) || strings.ContainsAny(word, "'’") || utf8.RuneCountInString(word) < 2 {
		return name
	}
	return string(unicode.ToLower(first)) + name[size:]
}

// manyNamed says whether a name is itself in the plural: "Blinds".
func manyNamed(name string) bool {
	return strings.HasSuffix(name, "s") && !strings.HasSuffix(name, "ss")
}

// isAre picks the key for one or several.
func isAre(key string, several bool) string {
	if several {
		return key + ".are"
	}
	return key + ".is"
}

// figure is a number as a person says it: at most one decimal, none if whole.
func figure(v float64) string {
	text := strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
	if text == "-0" {
		return "0"
	}
	return text
}
