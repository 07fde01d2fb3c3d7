package mqtt

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// expression gives a value: nil, bool, int64, float64, string, []any,
// map[string]any, a table, or undefined.
type expression func(r *rendering) (any, error)

// undefined is what a payload has not got. It is false, equals nothing, and
// cannot be written; default, iif and the tests know it.
type undefined struct {
	why error // nil, or why there is no JSON
}

// table is a {key: value} of a template. Keys are texts and numbers; True is 1.
type table map[any]any

// compiler makes the tree that gonja parsed into functions, and refuses what
// is not there to be called.
type compiler struct {
	names   []string // of variables, from outside and of {% set %}
	refused error    // a statement that is not evaluated
}

// block makes the nodes of a template or of a branch.
func (c *compiler) block(list []nodes.Node) (step, error) {
	var steps []step
	for _, n := range list {
		s, err := c.node(n)
		if err != nil {
			return nil, err
		}
		if s != nil {
			steps = append(steps, s)
		}
	}
	if len(steps) == 1 {
		return steps[0], nil
	}
	return func(r *rendering) error {
		for _, s := range steps {
			if err := s(r); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

func (c *compiler) node(n nodes.Node) (step, error) {
	switch n := n.(type) {
	case nil, *nodes.Comment:
		return nil, nil
	case *nodes.Data:
		text := n.Data.Val
		if n.Trim.Left || n.Data.Trim {
			text = strings.TrimLeft(text, " \r\n\t")
		}
		if n.Trim.Right {
			text = strings.TrimRight(text, " \r\n\t")
		}
		if text == "" {
			return nil, nil
		}
		return func(r *rendering) error { return r.write(text) }, nil
	case *nodes.Output:
		value, err := c.choice(n.Expression, n.Condition, n.Alternative)
		if err != nil {
			return nil, err
		}
		return func(r *rendering) error {
			v, err := value(r)
			if err != nil {
				return err
			}
			if v, err = defined(v); err != nil {
				return err
			}
			return r.write(show(v))
		}, nil
	case *nodes.ControlStructureBlock:
		switch n := n.ControlStructure.(type) {
		case *conditional:
			return c.conditional(n)
		case *assignment:
			value, err := c.choice(n.value, n.condition, n.otherwise)
			if err != nil {
				return nil, err
			}
			name := n.name
			c.names = append(c.names, name)
			return func(r *rendering) error {
				v, err := value(r)
				if err != nil {
					return err
				}
				if r.set == nil {
					r.set = map[string]any{}
				}
				r.set[name] = v
				return nil
			}, nil
		}
	}
	return nil, fmt.Errorf("a part of it is not known: %T", n)
}

func (c *compiler) conditional(n *conditional) (step, error) {
	var conditions []expression
	var bodies []step
	for _, condition := range n.conditions {
		e, err := c.expression(condition)
		if err != nil {
			return nil, err
		}
		conditions = append(conditions, e)
	}
	for _, body := range n.bodies {
		s, err := c.block(body.Nodes)
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, s)
	}
	return func(r *rendering) error {
		for i, condition := range conditions {
			v, err := condition(r)
			if err != nil {
				return err
			}
			if truth(v) {
				return bodies[i](r)
			}
		}
		if len(bodies) > len(conditions) {
			return bodies[len(conditions)](r)
		}
		return nil
	}, nil
}

// choice is "value if condition else otherwise".
func (c *compiler) choice(value, condition, otherwise nodes.Expression) (expression, error) {
	yes, err := c.expression(value)
	if condition == nil || err != nil {
		return yes, err
	}
	test, err := c.expression(condition)
	if err != nil {
		return nil, err
	}
	no := func(*rendering) (any, error) { return "", nil }
	if otherwise != nil {
		if no, err = c.expression(otherwise); err != nil {
			return nil, err
		}
	}
	return func(r *rendering) (any, error) {
		v, err := test(r)
		if err != nil {
			return nil, err
		}
		if truth(v) {
			return yes(r)
		}
		return no(r)
	}, nil
}

func (c *compiler) expressions(list []nodes.Expression) ([]expression, error) {
	var out []expression
	for _, n := range list {
		e, err := c.expression(n)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// values evaluates expressions, which must all be defined.
func values(r *rendering, list []expression) ([]any, error) {
	out := make([]any, len(list))
	for i, e := range list {
		v, err := e(r)
		if err != nil {
			return nil, err
		}
		if out[i], err = defined(v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func constant(v any) (expression, error) {
	return func(*rendering) (any, error) { return v, nil }, nil
}

func (c *compiler) expression(n nodes.Node) (expression, error) {
	switch n := n.(type) {
	case *nodes.String:
		return constant(n.Val)
	case *nodes.Integer:
		return constant(int64(n.Val))
	case *nodes.Float:
		return constant(n.Val)
	case *nodes.Bool:
		return constant(n.Val)
	case *nodes.None:
		return constant(nil)
	case *nodes.Name:
		return c.name(n.Name.Val)
	case *nodes.List:
		return c.list(n.Val)
	case *nodes.Tuple:
		return c.list(n.Val)
	case *nodes.Dict:
		return c.table(n)
	case *nodes.GetAttribute:
		if n.Attribute == "" {
			return c.part(n.Node, func(*rendering) (any, error) { return int64(n.Index), nil })
		}
		return c.part(n.Node, func(*rendering) (any, error) { return n.Attribute, nil })
	case *nodes.GetItem:
		if n.Arg == nil {
			return nil, errors.New("an index is missing")
		}
		key, err := c.expression(n.Arg)
		if err != nil {
			return nil, err
		}
		return c.part(n.Node, key)
	case *nodes.GetSlice:
		return c.slice(n)
	case *nodes.Call:
		return c.call(n)
	case *nodes.FilteredExpression:
		e, err := c.expression(n.Expression)
		for _, f := range n.Filters {
			if err != nil {
				return nil, err
			}
			e, err = c.filter(f.Name, e, f.Args, f.Kwargs)
		}
		return e, err
	case *nodes.TestExpression:
		return c.test(n)
	case *nodes.Negation:
		e, err := c.expression(n.Term)
		return func(r *rendering) (any, error) {
			v, err := e(r)
			return !truth(v), err
		}, err
	case *nodes.UnaryExpression:
		e, err := c.expression(n.Term)
		return func(r *rendering) (any, error) {
			v, err := values(r, []expression{e})
			if err != nil || !n.Negative {
				return first(v), err
			}
			return calculate(tokens.Subtraction, int64(0), v[0])
		}, err
	case *nodes.BinaryExpression:
		return c.binary(n)
	}
	return nil, fmt.Errorf("a part of it is not known: %T", n)
}

func first(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

func (c *compiler) name(name string) (expression, error) {
	if name == "none" {
		return constant(nil)
	}
	if !slices.Contains(c.names, name) {
		return nil, fmt.Errorf("nothing is called %q here", shorten(name))
	}
	return func(r *rendering) (any, error) {
		if v, ok := r.set[name]; ok {
			return v, nil
		}
		v, err := r.look(name)
		return simple(v), err
	}, nil
}

func (c *compiler) list(items []nodes.Expression) (expression, error) {
	list, err := c.expressions(items)
	return func(r *rendering) (any, error) { return values(r, list) }, err
}

func (c *compiler) table(n *nodes.Dict) (expression, error) {
	var keys, items []expression
	for _, pair := range n.Pairs {
		both, err := c.expressions([]nodes.Expression{pair.Key, pair.Value})
		if err != nil {
			return nil, err
		}
		keys, items = append(keys, both[0]), append(items, both[1])
	}
	return func(r *rendering) (any, error) {
		k, err := values(r, keys)
		if err != nil {
			return nil, err
		}
		v, err := values(r, items)
		if err != nil {
			return nil, err
		}
		t := make(table, len(k))
		for i := range k {
			key, ok := tableKey(k[i])
			if !ok {
				return nil, fmt.Errorf("%s cannot be a key", shorten(show(k[i])))
			}
			t[key] = v[i]
		}
		return t, nil
	}, nil
}

// tableKey is a value as the key of a table.
func tableKey(v any) (any, bool) {
	switch v := v.(type) {
	case string, nil:
		return v, true
	case bool, int64, float64:
		n, _ := figure(v)
		return n, true
	}
	return nil, false
}

// part is what lies in a value under a key or at an index.
func (c *compiler) part(of nodes.Node, key expression) (expression, error) {
	whole, err := c.expression(of)
	return func(r *rendering) (any, error) {
		v, err := whole(r)
		if err != nil {
			return nil, err
		}
		if v, err = defined(v); err != nil {
			return nil, err
		}
		k, err := values(r, []expression{key})
		if err != nil {
			return nil, err
		}
		return at(v, k[0]), nil
	}, err
}

// at looks a key up. What is not there is undefined.
func at(v, key any) any {
	switch v := v.(type) {
	case map[string]any:
		if k, ok := key.(string); ok {
			if item, found := v[k]; found {
				return simple(item)
			}
		}
	case table:
		if k, ok := tableKey(key); ok {
			if item, found := v[k]; found {
				return item
			}
		}
	case []any:
		if i, ok := index(key, len(v)); ok {
			return simple(v[i])
		}
	case string:
		letters := []rune(v)
		if i, ok := index(key, len(letters)); ok {
			return string(letters[i])
		}
	}
	return undefined{}
}

// index is a place in a list of n, counted from its end below zero.
func index(key any, n int) (int, bool) {
	i, ok := key.(int64)
	if i < 0 {
		i += int64(n)
	}
	return int(i), ok && i >= 0 && i < int64(n)
}

func (c *compiler) slice(n *nodes.GetSlice) (expression, error) {
	if n.Step != nil {
		return nil, errors.New("a slice with a step is not evaluated")
	}
	whole, err := c.expression(n.Node)
	if err != nil {
		return nil, err
	}
	ends := []expression{nil, nil}
	for i, end := range []nodes.Node{n.Start, n.End} {
		if end != nil {
			if ends[i], err = c.expression(end); err != nil {
				return nil, err
			}
		}
	}
	return func(r *rendering) (any, error) {
		v, err := values(r, []expression{whole})
		if err != nil {
			return nil, err
		}
		letters := []rune(nil)
		list, isList := v[0].([]any)
		text, isText := v[0].(string)
		size := len(list)
		if isText {
			letters = []rune(text)
			size = len(letters)
		} else if !isList {
			return nil, fmt.Errorf("%s cannot be sliced", shorten(show(v[0])))
		}
		bounds := []int{0, size}
		for i, end := range ends {
			if end == nil {
				continue
			}
			e, err := values(r, []expression{end})
			if err != nil {
				return nil, err
			}
			at, ok := e[0].(int64)
			if !ok {
				return nil, errors.New("a slice goes from number to number")
			}
			if at < 0 {
				at += int64(size)
			}
			bounds[i] = int(min(max(at, 0), int64(size)))
		}
		from, to := bounds[0], max(bounds[0], bounds[1])
		if isText {
			return string(letters[from:to]), r.spend(4 * size)
		}
		return list[from:to], nil
	}, nil
}

// call is a method of a value, or a function that is a filter too: int(x).
func (c *compiler) call(n *nodes.Call) (expression, error) {
	switch f := n.Func.(type) {
	case *nodes.GetAttribute:
		if _, ok := filters["."+f.Attribute]; f.Attribute == "" || !ok {
			return nil, fmt.Errorf("the method %q is not evaluated", shorten(f.Attribute))
		}
		of, err := c.expression(f.Node)
		if err != nil {
			return nil, err
		}
		return c.filter("."+f.Attribute, of, n.Args, n.Kwargs)
	case *nodes.Name:
		if f.Name.Val == choosing && (len(n.Args) == 2 || len(n.Args) == 3) && len(n.Kwargs) == 0 {
			otherwise := nodes.Expression(nil)
			if len(n.Args) == 3 {
				otherwise = n.Args[2]
			}
			return c.choice(n.Args[1], n.Args[0], otherwise)
		}
		if slices.Contains([]string{"int", "float", "bool", "iif", "min", "max", "is_number"}, f.Name.Val) && len(n.Args) > 0 {
			of, err := c.expression(n.Args[0])
			if (f.Name.Val == "min" || f.Name.Val == "max") && len(n.Args) > 1 {
				of, err = c.list(n.Args)
				n.Args = n.Args[:1]
			}
			if err != nil {
				return nil, err
			}
			return c.filter(f.Name.Val, of, n.Args[1:], n.Kwargs)
		}
		return nil, fmt.Errorf("the function %q is not evaluated", shorten(f.Name.Val))
	}
	return nil, errors.New("what is called is not a function")
}

func (c *compiler) filter(name string, of expression, args []nodes.Expression, named map[string]nodes.Expression) (expression, error) {
	f, ok := filters[name]
	if !ok {
		return nil, fmt.Errorf("the filter %q is not evaluated", shorten(name))
	}
	if len(args) > len(f.params) {
		return nil, fmt.Errorf("the filter %q takes %d values", name, len(f.params))
	}
	given := make([]expression, len(f.params))
	for i, n := range args {
		var err error
		if given[i], err = c.expression(n); err != nil {
			return nil, err
		}
	}
	for key, n := range named {
		i := slices.Index(f.params, key)
		if i < 0 || given[i] != nil {
			return nil, fmt.Errorf("the filter %q takes no %s", name, shorten(key))
		}
		var err error
		if given[i], err = c.expression(n); err != nil {
			return nil, err
		}
	}
	if f.check != nil {
		var literals []string
		for _, n := range args {
			if s, ok := n.(*nodes.String); ok {
				literals = append(literals, s.Val)
			}
		}
		if err := f.check(literals); err != nil {
			return nil, err
		}
	}
	for i := 0; i < f.needs; i++ {
		if given[i] == nil {
			return nil, fmt.Errorf("the filter %q needs %s", name, f.params[i])
		}
	}
	return func(r *rendering) (any, error) {
		v, err := of(r)
		if err != nil {
			return nil, err
		}
		if !f.lenient {
			if v, err = defined(v); err != nil {
				return nil, err
			}
		}
		var room [4]any
		a := room[:0]
		for _, e := range given {
			if e == nil {
				a = append(a, undefined{})
				continue
			}
			arg, err := e(r)
			if err != nil {
				return nil, err
			}
			if !f.lenient {
				if arg, err = defined(arg); err != nil {
					return nil, err
				}
			}
			a = append(a, arg)
		}
		v, err = f.run(v, a)
		if s, ok := v.(string); ok && err == nil {
			err = r.spend(len(s))
		}
		return v, err
	}, nil
}

func (c *compiler) test(n *nodes.TestExpression) (expression, error) {
	of, err := c.expression(n.Expression)
	if err != nil {
		return nil, err
	}
	f, ok := tests[n.Test.Name]
	if !ok {
		return nil, fmt.Errorf("the test %q is not evaluated", shorten(n.Test.Name))
	}
	args, err := c.expressions(n.Test.Args)
	if err != nil {
		return nil, err
	}
	if len(args) != f.args {
		return nil, fmt.Errorf("the test %q takes %d values", n.Test.Name, f.args)
	}
	return func(r *rendering) (any, error) {
		v, err := of(r)
		if err != nil && !errors.Is(err, errUndefined) {
			return nil, err
		}
		if err != nil { // a part of what is not there
			v = undefined{}
		}
		a, err := values(r, args)
		if err != nil {
			return nil, err
		}
		return f.run(v, append(a, nil)[0])
	}, nil
}

func (c *compiler) binary(n *nodes.BinaryExpression) (expression, error) {
	if n.Left == nil || n.Right == nil {
		return nil, errors.New("an operator has one side only")
	}
	both, err := c.expressions([]nodes.Expression{n.Left, n.Right})
	if err != nil {
		return nil, err
	}
	left, right := both[0], both[1]
	op := n.Operator.Token.Type
	switch op {
	case tokens.And, tokens.Or:
		return func(r *rendering) (any, error) {
			v, err := left(r)
			if err != nil || truth(v) == (op == tokens.Or) {
				return v, err
			}
			return right(r)
		}, nil
	case tokens.Equals, tokens.Ne:
		return func(r *rendering) (any, error) {
			a, err := left(r)
			if err != nil {
				return nil, err
			}
			b, err := right(r)
			return equal(a, b) == (op == tokens.Equals), err
		}, nil
	}
	if op == tokens.Multiply {
		for _, side := range []nodes.Expression{n.Left, n.Right} {
			switch side.(type) {
			case *nodes.String, *nodes.List, *nodes.Tuple:
				return nil, errors.New("it repeats text or lists")
			}
		}
	}
	return func(r *rendering) (any, error) {
		v, err := values(r, both)
		if err != nil {
			return nil, err
		}
		out, err := calculate(op, v[0], v[1])
		if s, ok := out.(string); ok && err == nil {
			err = r.spend(len(s))
		}
		return out, err
	}, nil
}

// defined is a value that is there, or why it is not.
func defined(v any) (any, error) {
	u, missing := v.(undefined)
	switch {
	case !missing:
		return v, nil
	case u.why != nil:
		return nil, u.why
	}
	return nil, errUndefined
}
