package intent

import "errors"

// maxExpanded bounds the texts that a template without lists and rules stands for.
const maxExpanded = 500

var errExpanded = errors.New("stands for too many texts")

// expanded writes out what a template without lists and rules stands for, in
// the order in which it is written; what is in [] comes before nothing.
func (l *letters) expanded(template string) ([]string, error) {
	e, err := parseTemplate(template)
	if err != nil {
		return nil, err
	}
	return l.texts(e)
}

func (l *letters) texts(e expr) ([]string, error) {
	switch e.kind {
	case exprText:
		return []string{l.template(e.text)}, nil
	case exprSeq:
		out := []string{""}
		for _, k := range e.kids {
			ends, err := l.texts(k)
			if err != nil {
				return nil, err
			}
			var next []string
			for _, begin := range out {
				for _, end := range ends {
					next = append(next, begin+end)
				}
			}
			if out = next; len(out) > maxExpanded {
				return nil, errExpanded
			}
		}
		return out, nil
	case exprOpt:
		out, err := l.texts(e.kids[0])
		return append(out, ""), err
	case exprAlt:
		var out []string
		for _, k := range e.kids {
			texts, err := l.texts(k)
			if err != nil {
				return nil, err
			}
			out = append(out, texts...)
		}
		return out, nil
	}
	return nil, errors.New("only text, () and [] can be written out")
}
