package intent

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// File is a YAML file of sentences in Home Assistant's format.
type File struct {
	Name string // for errors
	Data []byte
	Own  bool // the owner's: said word for word, its sentences go before the built-in ones
}

// sentenceFile is a decoded File.
type sentenceFile struct {
	name      string
	intents   []intentData
	lists     map[string]*list
	rules     map[string]ruleText
	skipWords []string
	silent    bool // settings.spoken is false
	own       bool // File.Own
}

// intentData is one block of sentences of an intent.
type intentData struct {
	intent    string
	line      int
	sentences []templateText
	slots     map[string]any // string, float64 or []string
	requires  []condition
	excludes  []condition
	keywords  []string
	response  string
	rules     map[string]ruleText
	lists     map[string]*list

	rank   int    // metadata.rank: which block wins when both fit as well
	single bool   // metadata.single: means one device, never several
	remote bool   // metadata.anywhere: an area that is said is not where the device is
	until  bool   // metadata.until: the command is carried out now, and taken back when the time has come
	each   string // metadata.each: the slot of which every value is a request of its own

	// spoken is what the grammar for a closed-phrase recogniser has of the block:
	// its sentences, or the templates of metadata.spoken, or nothing where that
	// or the file's settings.spoken is false.
	spoken []templateText
}

type templateText struct {
	text string
	line int
	expr expr
}

type ruleText = templateText

// condition is one key of requires_context or excludes_context.
type condition struct {
	key    string
	values []string // any of them; none: the key only has to be there
	slot   string   // the slot that the value is copied into, or ""
}

// fault is an error at a line of a file.
func (f *sentenceFile) fault(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w", f.name, line, fmt.Errorf(format, args...))
}

func readFile(file File, languages ...string) (*sentenceFile, error) {
	f := &sentenceFile{name: file.Name, own: file.Own, lists: map[string]*list{}, rules: map[string]ruleText{}}
	doc, err := f.parse(file.Data)
	if err != nil {
		return nil, err
	}
	if len(doc.Content) == 0 {
		return f, nil
	}
	err = f.fields(doc.Content[0], "file", func(key string, v *yaml.Node) error {
		switch key {
		case "language":
			if !slices.Contains(languages, v.Value) {
				return f.fault(v.Line, "language is %q, wanted %q", v.Value, languages[0])
			}
		case "intents":
			return f.fields(v, "intents", func(name string, v *yaml.Node) error { return f.intent(name, v) })
		case "lists":
			return f.readLists(v, f.lists)
		case "expansion_rules":
			return f.readRules(v, f.rules)
		case "skip_words":
			words, err := f.strings(v)
			f.skipWords = words
			return err
		case "settings":
			return f.fields(v, "settings", func(key string, v *yaml.Node) error {
				if key == "spoken" {
					f.silent = v.Value == "false"
				}
				return nil
			})
		case "responses":
			// known to Home Assistant, of no use here
		default:
			return f.fault(v.Line, "unknown key %q", key)
		}
		return nil
	})
	return f, err
}

// fields calls read for each key of a mapping.
func (f *sentenceFile) fields(n *yaml.Node, what string, read func(key string, v *yaml.Node) error) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Tag == "!!null" {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return f.fault(n.Line, "%s must be a mapping", what)
	}
	var faults []error
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		if seen[key] {
			return f.fault(n.Content[i].Line, "key %q is given twice in %s", key, what)
		}
		seen[key] = true
		v := n.Content[i+1]
		if v.Kind == yaml.AliasNode {
			v = v.Alias
		}
		if err := read(key, v); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

func (f *sentenceFile) strings(n *yaml.Node) ([]string, error) {
	if n.Tag == "!!null" {
		return nil, nil
	}
	if n.Kind == yaml.ScalarNode {
		return []string{n.Value}, nil
	}
	if n.Kind != yaml.SequenceNode {
		return nil, f.fault(n.Line, "wanted text or a list of texts")
	}
	var out []string
	for _, v := range n.Content {
		if v.Kind != yaml.ScalarNode {
			return nil, f.fault(v.Line, "wanted text")
		}
		out = append(out, v.Value)
	}
	return out, nil
}

func (f *sentenceFile) intent(name string, n *yaml.Node) error {
	if known := slip(name, knownIntents); known != "" {
		return f.fault(n.Line, "no intent %q: %q is one", name, known)
	}
	return f.fields(n, name, func(key string, v *yaml.Node) error {
		switch key {
		case "data":
			if v.Kind != yaml.SequenceNode {
				return f.fault(v.Line, "%s: data must be a list", name)
			}
			for _, block := range v.Content {
				if err := f.block(name, block); err != nil {
					return err
				}
			}
		case "domain", "description", "slots", "supported", "response":
			// known to Home Assistant
		default:
			return f.fault(v.Line, "%s: unknown key %q", name, key)
		}
		return nil
	})
}

func (f *sentenceFile) block(intent string, n *yaml.Node) error {
	b := intentData{intent: intent, line: n.Line, slots: map[string]any{}, lists: map[string]*list{}, rules: map[string]ruleText{}}
	var metadata *yaml.Node
	err := f.fields(n, intent, func(key string, v *yaml.Node) (err error) {
		switch key {
		case "sentences":
			if v.Kind != yaml.SequenceNode {
				return f.fault(v.Line, "%s: sentences must be a list", intent)
			}
			for _, s := range v.Content {
				t, err := f.template(s)
				if err != nil {
					return fmt.Errorf("%s:%d: %s: sentence %q: %w", f.name, s.Line, intent, s.Value, err)
				}
				b.sentences = append(b.sentences, t)
			}
		case "slots":
			return f.fields(v, "slots", func(slot string, v *yaml.Node) error {
				if v.Kind == yaml.SequenceNode {
					values, err := f.strings(v)
					b.slots[slot] = values
					return errors.Join(err, f.misspelt(slot, values, v.Line))
				}
				if v.Kind != yaml.ScalarNode {
					return f.fault(v.Line, "%s: slot %q must be text, a number or a list", intent, slot)
				}
				b.slots[slot] = scalar(v)
				return f.misspelt(slot, []string{v.Value}, v.Line)
			})
		case "requires_context":
			b.requires, err = f.conditions(v)
		case "excludes_context":
			b.excludes, err = f.conditions(v)
		case "required_keywords":
			b.keywords, err = f.strings(v)
		case "response":
			b.response = v.Value
		case "lists":
			return f.readLists(v, b.lists)
		case "expansion_rules":
			return f.readRules(v, b.rules)
		case "metadata":
			metadata = v
		case "example", "description", "inferred_domain", "name_domains", "importance", "slot_combination", "slot_combinations", "settings", "test":
			// known to Home Assistant, of no use here
		default:
			return f.fault(v.Line, "%s: unknown key %q", intent, key)
		}
		return err
	})
	if err == nil && len(b.sentences) == 0 {
		err = f.fault(n.Line, "%s: no sentences", intent)
	}
	if !f.silent {
		b.spoken = b.sentences
	}
	if err == nil && metadata != nil {
		err = f.metadata(metadata, &b)
	}
	f.intents = append(f.intents, b)
	return err
}

// metadata is open to anybody's keys; some of them are Cricket's.
func (f *sentenceFile) metadata(n *yaml.Node, b *intentData) error {
	return f.fields(n, "metadata", func(key string, v *yaml.Node) (err error) {
		switch key {
		case "rank":
			b.rank, err = strconv.Atoi(v.Value)
		case "single":
			b.single, err = strconv.ParseBool(v.Value)
		case "anywhere":
			b.remote, err = strconv.ParseBool(v.Value)
		case "until":
			b.until, err = strconv.ParseBool(v.Value)
		case "each":
			b.each = v.Value
		case "spoken":
			b.spoken = nil
			switch {
			case v.Kind == yaml.ScalarNode && v.Value == "true":
				b.spoken = b.sentences
			case v.Kind == yaml.ScalarNode && v.Value == "false":
			case v.Kind == yaml.ScalarNode:
				v = &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{v}}
				fallthrough
			default:
				for _, n := range v.Content {
					t, err := f.template(n)
					if err != nil {
						return f.fault(n.Line, "metadata %q: %q: %w", key, n.Value, err)
					}
					b.spoken = append(b.spoken, t)
				}
			}
		}
		if err != nil {
			return f.fault(v.Line, "metadata %q: %w", key, err)
		}
		return nil
	})
}

// scalar is text, or a float64 where YAML has a number.
func scalar(n *yaml.Node) any {
	if n.Tag == "!!int" || n.Tag == "!!float" {
		var v float64
		if n.Decode(&v) == nil {
			return v
		}
	}
	return n.Value
}

func (f *sentenceFile) conditions(n *yaml.Node) ([]condition, error) {
	var out []condition
	err := f.fields(n, "context", func(key string, v *yaml.Node) error {
		c := condition{key: key}
		var err error
		if v.Kind == yaml.MappingNode {
			err = f.fields(v, "context "+strconv.Quote(key), func(k string, v *yaml.Node) (err error) {
				switch k {
				case "value":
					c.values, err = f.strings(v)
				case "slot":
					switch v.Value {
					case "true":
						c.slot = key
					case "false":
					default:
						c.slot = v.Value
					}
				default:
					err = f.fault(v.Line, "context %q: unknown key %q", key, k)
				}
				return err
			})
		} else {
			c.values, err = f.strings(v)
		}
		if err == nil {
			err = f.misspelt(key, c.values, v.Line)
		}
		if err == nil && key == conversationKey {
			err = f.conversation(c, v.Line)
		}
		out = append(out, c)
		return err
	})
	return out, err
}

// conversation checks what a condition asks of the conversation: a misspelt word
// would only never hold.
func (f *sentenceFile) conversation(c condition, line int) error {
	known := []string{"last", "open", "asked", string(AsksLength), string(AsksTime), string(AsksMessage), string(AsksItem), string(AsksArea), string(AsksEntry)}
	for _, v := range c.values {
		if !slices.Contains(known, v) {
			return f.fault(line, "context %q: no value %q; there are: %s", c.key, v, strings.Join(known, ", "))
		}
	}
	if slots := []string{"", c.key, "it", "kind", "choice", "answer"}; !slices.Contains(slots, c.slot) {
		return f.fault(line, "context %q: no slot %q; there are: %s", c.key, c.slot, strings.Join(slots[2:], ", "))
	}
	return nil
}

func (f *sentenceFile) template(n *yaml.Node) (templateText, error) {
	if n.Kind != yaml.ScalarNode {
		return templateText{}, errors.New("wanted text")
	}
	e, err := parseTemplate(n.Value)
	return templateText{n.Value, n.Line, e}, err
}

func (f *sentenceFile) readRules(n *yaml.Node, into map[string]ruleText) error {
	return f.fields(n, "expansion_rules", func(name string, v *yaml.Node) error {
		t, err := f.template(v)
		if err != nil {
			return f.fault(v.Line, "rule <%s>: %w", name, err)
		}
		into[name] = t
		return nil
	})
}
