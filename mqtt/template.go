package mqtt

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/parser"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// Limits of a template. It comes from the network, so it may neither read nor
// hold up anything: there is nothing in it that repeats, and what it makes is
// counted.
const (
	maxTemplate  = 4 << 10   // bytes of source; the longest that bridges send have about 1 KiB
	maxTemplated = 128 << 10 // bytes of a payload that a template may look at
	maxEffort    = 256 << 10 // bytes that all steps of one rendering make together
	maxRendered  = 16 << 10  // bytes of what comes out
	maxTemplates = 4096      // different ones that are shared; the others have a copy each
)

// template is a Jinja2 template made into Go functions. gonja reads the text
// (its lexer and its parser know the grammar and the blank space); what the
// tree means is ours (expression.go, filters.go), because gonja's evaluator
// finds methods of Go values by name, takes what a payload has not got for
// None, repeats texts, and counts nothing. The zero template gives the payload
// as it is.
type template struct {
	body step
}

// errUndefined means that the payload does not have what a template asks for.
var errUndefined = errors.New("the payload does not have it")

// step writes its part of the text. Steps do not change once made: any number
// of goroutines may run them, each with a rendering of its own.
type step func(r *rendering) error

// rendering is one run of a template.
type rendering struct {
	look   func(name string) (any, error) // variables from outside
	set    map[string]any                 // and those of {% set %}
	out    strings.Builder
	effort int
}

// spend counts bytes that a step has made.
func (r *rendering) spend(n int) error {
	if r.effort += n + 1; r.effort > maxEffort {
		return fmt.Errorf("the template makes more than %d bytes", maxEffort)
	}
	return nil
}

// templates are the ones parsed so far, by names and source: bridges announce the same
// few for all their devices.
type templates map[string]template

// parse is parseTemplate, once for each source.
func (t templates) parse(s string, names ...string) (template, error) {
	key := strings.Join(names, " ") + "\n" + s
	if known, ok := t[key]; ok {
		return known, nil
	}
	made, err := parseTemplate(s, names...)
	if err == nil && t != nil && len(t) < maxTemplates {
		t[key] = made
	}
	return made, err
}

// parseTemplate compiles s, whose expressions may use the names given. All that
// cannot be evaluated is found here, where an announcement is read.
func parseTemplate(s string, names ...string) (t template, err error) {
	complain := func(why error) (template, error) {
		return template{}, fmt.Errorf("the template %q cannot be used: %w", shorten(s), why)
	}
	if len(s) > maxTemplate {
		return complain(fmt.Errorf("it has %d bytes, %d are allowed", len(s), maxTemplate))
	}
	defer func() {
		if fault := recover(); fault != nil { // in gonja: the network must not stop us
			t, err = complain(fmt.Errorf("it cannot be parsed: %v", fault))
		}
	}()
	grammar := config.New()
	stream := tokens.LexAll(inline(s), grammar)
	c := &compiler{names: append([]string{}, names...)}
	p := parser.NewParser("template", stream, grammar, nil, c) // nil: nothing can be loaded
	tree, err := p.Parse()
	if c.refused != nil {
		return complain(c.refused)
	}
	if err != nil {
		return complain(plain(err))
	}
	if stream.IsError() {
		return complain(errors.New(stream.Current().Val))
	}
	body, err := c.block(tree.Nodes)
	if err != nil {
		return complain(err)
	}
	if len(tree.Nodes) == 0 {
		return complain(errors.New("it is empty"))
	}
	return template{body: body}, nil
}

// plain is the first line of gonja's error, which goes on to quote the source.
func plain(err error) error {
	first, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(first)
}

// plain reports whether the template hands its input through.
func (t template) plain() bool { return t.body == nil }

// render gives the text for a payload that came in: "value" is its text,
// "value_json" what it says as JSON. It is errUndefined when the payload does
// not have what the template asks for and no default helps, and when nothing
// comes out.
func (t template) render(p *payload) (string, error) {
	if t.plain() {
		return p.text, nil
	}
	if len(p.text) > maxTemplated {
		return "", fmt.Errorf("the payload has %d bytes, a template looks at %d at most", len(p.text), maxTemplated)
	}
	text, err := t.fill(func(name string) (any, error) {
		if name != "value_json" {
			return p.text, nil
		}
		v, err := p.json()
		if err != nil {
			return undefined{err}, nil
		}
		return v, nil
	})
	if err == nil && text == "" {
		return "", errUndefined
	}
	return text, err
}

// renderWith gives the text for a command with the variables given.
func (t template) renderWith(vars map[string]any) (string, error) {
	if t.plain() {
		return show(vars["value"]), nil
	}
	return t.fill(func(name string) (any, error) {
		v, ok := vars[name]
		if !ok {
			return undefined{}, nil
		}
		return v, nil
	})
}

// fill runs the template. Space around the text is dropped, as Home Assistant does.
func (t template) fill(look func(string) (any, error)) (string, error) {
	r := &rendering{look: look}
	if err := t.body(r); err != nil {
		return "", err
	}
	return strings.TrimSpace(r.out.String()), nil
}

// write adds to the text that comes out.
func (r *rendering) write(text string) error {
	if r.out.Len()+len(text) > maxRendered {
		return fmt.Errorf("the template writes more than %d bytes", maxRendered)
	}
	r.out.WriteString(text)
	return nil
}

// The statements that a template may have. gonja asks for their parsers; what
// is not here is refused by name.

// Get gives gonja the parser of a statement.
func (c *compiler) Get(name string) (parser.ControlStructureParser, bool) {
	switch name {
	case "if":
		return parseIf, true
	case "set":
		return parseSet, true
	}
	if c.refused == nil {
		c.refused = fmt.Errorf("{%% %s %%} is not evaluated", shorten(name))
	}
	return nil, false
}

// conditional is {% if %}: the first condition that holds, or what stands after {% else %}.
type conditional struct {
	*tokens.Token
	conditions []nodes.Expression
	bodies     []*nodes.Wrapper
}

func (n *conditional) Position() *tokens.Token { return n.Token }

func parseIf(p, args *parser.Parser) (nodes.ControlStructure, error) {
	n := &conditional{Token: args.Current()}
	for {
		condition, err := args.ParseExpression()
		if err != nil {
			return nil, err
		}
		if condition == nil || !args.End() {
			return nil, errors.New("the condition of an {% if %} is not one expression")
		}
		n.conditions = append(n.conditions, condition)
		body, next, err := p.WrapUntil("elif", "else", "endif")
		if err != nil {
			return nil, err
		}
		n.bodies = append(n.bodies, body)
		if body.EndTag == "elif" {
			args = next
			continue
		}
		if body.EndTag == "else" {
			body, _, err = p.WrapUntil("endif")
			if err != nil {
				return nil, err
			}
			n.bodies = append(n.bodies, body)
		}
		return n, nil
	}
}

// assignment is {% set name = expression %}.
type assignment struct {
	*tokens.Token
	name                        string
	value, condition, otherwise nodes.Expression
}

func (n *assignment) Position() *tokens.Token { return n.Token }

func parseSet(_, args *parser.Parser) (nodes.ControlStructure, error) {
	name := args.Match(tokens.Name)
	if name == nil || args.Match(tokens.Assign) == nil {
		return nil, errors.New("{% set %} must be name = value")
	}
	n := &assignment{Token: name, name: name.Val}
	var err error
	if n.value, err = args.ParseExpression(); err != nil {
		return nil, err
	}
	if n.condition, n.otherwise, err = args.ParseCondition(); err != nil {
		return nil, err
	}
	if n.value == nil || !args.End() {
		return nil, errors.New("{% set %} must be name = value")
	}
	return n, nil
}
