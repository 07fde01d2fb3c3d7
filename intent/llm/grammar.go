package llm

import (
	"fmt"
	"strings"
)

// maxActions is how many actions one sentence may have.
const maxActions = 6

// Kinds of grammar rules that do not depend on the home. llama.cpp, grammars/README.md.
const fixedRules = `ask ::= "{\"ask\":" text "}"
say ::= "{\"say\":" text "}"
no ::= "{\"no\":true}"
text ::= "\"" [^"\\\x00-\x1F\x7F]{1,240} "\""
percent ::= "100" | [1-9] [0-9]? | "0"
degrees ::= [1-9] [0-9]? ".5"?
`

// grammar is a GBNF in which only the candidates can be named, each only with
// what can be done to it.
func grammar(candidates []target) string {
	var b strings.Builder
	var verbs []string
	for i, a := range abilities {
		var labels []string
		for _, t := range candidates {
			if t.can>>i&1 == 1 {
				labels = append(labels, quoted(`"`+t.label+`"`))
			}
		}
		if labels == nil {
			continue
		}
		rule := strings.ReplaceAll(a.verb, "_", "-")
		verbs = append(verbs, rule)
		fmt.Fprintf(&b, "%s ::= %s (%s) ", rule, quoted(`{"`+a.verb+`":`), strings.Join(labels, " | "))
		switch a.value {
		case percent:
			b.WriteString(quoted(`,"to":`) + " percent ")
		case degrees:
			b.WriteString(quoted(`,"to":`) + " degrees ")
		case color:
			b.WriteString(quoted(`,"to":"`) + " color " + quoted(`"`) + " ")
		}
		b.WriteString(quoted("}") + "\n")
	}
	root := "root ::= ask | say | no\n"
	if verbs != nil {
		var names []string
		for _, c := range colors {
			names = append(names, quoted(c))
		}
		root = fmt.Sprintf("root ::= do | ask | say | no\ndo ::= %s act (\",\" act){0,%d} %s\nact ::= %s\ncolor ::= %s\n",
			quoted(`{"do":[`), maxActions-1, quoted(`]}`), strings.Join(verbs, " | "), strings.Join(names, " | "))
	}
	return root + fixedRules + b.String()
}

// quoted is a literal of GBNF.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
