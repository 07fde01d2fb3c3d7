package intent

import (
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// list is what a {slot} may be.
type list struct {
	name     string
	wildcard bool
	most     int      // words of a wildcard
	never    []string // words that no text of a wildcard begins with
	heads    []string // nouns of which a wildcard may be the beginning, in one word: Pizzatimer
	numbers  *numberRange
	values   []listValue
}

type listValue struct {
	in      templateText
	out     any // string or float64
	context map[string]string
}

func (f *sentenceFile) readLists(n *yaml.Node, into map[string]*list) error {
	return f.fields(n, "lists", func(name string, v *yaml.Node) error {
		l := &list{name: name, most: maxWildWords}
		into[name] = l
		kinds := 0
		err := f.fields(v, "list", func(key string, v *yaml.Node) error {
			switch key {
			case "wildcard":
				l.wildcard = v.Value == "true"
				kinds++
			case "range":
				kinds++
				return f.readRange(v, l)
			case "values":
				kinds++
				if v.Kind != yaml.SequenceNode {
					return f.fault(v.Line, "values must be a list")
				}
				for _, item := range v.Content {
					if err := f.listValue(item, l); err != nil {
						return err
					}
				}
			case "metadata":
				return f.listMetadata(v, l)
			case "context", "mode", "name":
				// known to Home Assistant, of no use here
			default:
				return f.fault(v.Line, "unknown key %q", key)
			}
			return nil
		})
		if err == nil && kinds != 1 {
			err = f.fault(v.Line, "needs one of values, range and wildcard")
		}
		if err != nil {
			return fmt.Errorf("list {%s}: %w", name, err)
		}
		return nil
	})
}

// listMetadata is open to anybody's keys; three of them, for wildcards, are Cricket's.
func (f *sentenceFile) listMetadata(n *yaml.Node, l *list) error {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	return f.fields(n, "metadata", func(key string, v *yaml.Node) (err error) {
		switch key {
		case "words":
			if l.most, err = strconv.Atoi(v.Value); err != nil || l.most < 1 || l.most > maxWildWords {
				return f.fault(v.Line, "metadata %q: %q is not 1 to %d", key, v.Value, maxWildWords)
			}
		case "never":
			l.never, err = f.strings(v)
		case "heads":
			l.heads, err = f.strings(v)
		}
		return err
	})
}

func (f *sentenceFile) listValue(n *yaml.Node, l *list) error {
	if n.Kind == yaml.ScalarNode {
		t, err := f.template(n)
		if err != nil {
			return f.fault(n.Line, "value %q: %w", n.Value, err)
		}
		l.values = append(l.values, listValue{in: t, out: n.Value})
		return nil
	}
	v := listValue{context: map[string]string{}}
	var in bool
	err := f.fields(n, "value", func(key string, n *yaml.Node) (err error) {
		switch key {
		case "in":
			in = true
			if v.in, err = f.template(n); err != nil {
				err = f.fault(n.Line, "value %q: %w", n.Value, err)
			}
			if v.out == nil {
				v.out = n.Value
			}
		case "out":
			v.out = scalar(n)
		case "context":
			return f.fields(n, "context", func(key string, n *yaml.Node) error {
				v.context[key] = n.Value
				return nil
			})
		case "metadata", "requires_context", "excludes_context":
			// known to Home Assistant, of no use here
		default:
			return f.fault(n.Line, "unknown key %q", key)
		}
		return err
	})
	if err == nil && !in {
		err = f.fault(n.Line, `value without "in"`)
	}
	l.values = append(l.values, v)
	return err
}

func (f *sentenceFile) readRange(n *yaml.Node, l *list) error {
	r := numberRange{step: 1, multiplier: 1}
	l.numbers = &r
	given := map[string]bool{}
	err := f.fields(n, "range", func(key string, v *yaml.Node) (err error) {
		given[key] = true
		switch key {
		case "from":
			err = v.Decode(&r.from)
		case "to":
			err = v.Decode(&r.to)
		case "step":
			err = v.Decode(&r.step)
		case "multiplier":
			err = v.Decode(&r.multiplier)
		case "offset":
			err = v.Decode(&r.offset)
		case "fractions":
			switch v.Value {
			case "halves":
				r.fraction = 0.5
			case "tenths":
				r.fraction = 0.1
			default:
				err = f.fault(v.Line, "fractions %q: halves or tenths", v.Value)
			}
		case "type", "digits", "words":
			// numbers are read in every form
		default:
			err = f.fault(v.Line, "unknown key %q", key)
		}
		return err
	})
	if err == nil && (!given["from"] || !given["to"] || r.from >= r.to || r.step <= 0) {
		err = f.fault(n.Line, "range needs from < to and a step over 0")
	}
	return err
}
