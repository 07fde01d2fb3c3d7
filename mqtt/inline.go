package mqtt

import "strings"

// gonja's parser knows "a if b else c" on the outside of an expression only. inline
// writes those within brackets, or after another else, as calls of choose, which
// evaluates only what is chosen:
//
//	{{ (1 if x else 2) + 1 }}            {{ (choose__(x, 1, 2)) + 1 }}
//	{{ a if x else b if y else c }}      {{ choose__(x, a, choose__(y, b, c)) }}
//
// What is not understood stays as it is, for the parser to complain about.

// choosing is the function's name.
const choosing = "choose__"

func inline(s string) string {
	var out strings.Builder
	for {
		i := strings.IndexByte(s, '{')
		if i < 0 || i+1 == len(s) {
			return out.String() + s
		}
		closing := map[byte]string{'{': "}}", '%': "%}", '#': "#}"}[s[i+1]]
		end := -1
		switch {
		case closing == "": // a brace of the text
			out.WriteString(s[:i+1])
			s = s[i+1:]
			continue
		case closing == "#}":
			if end = strings.Index(s[i:], closing); end > 0 {
				end += i
			}
		default:
			end = tagEnd(s, i+2, closing)
		}
		if end < 0 {
			return out.String() + s
		}
		inside := s[i+2 : end]
		out.WriteString(s[:i+2])
		switch closing {
		case "}}":
			out.WriteString(chosen(inside))
		case "%}":
			word := strings.IndexFunc(inside, func(r rune) bool { return !strings.ContainsRune(" \t\r\n-+", r) })
			first, rest := inside, ""
			if word >= 0 {
				if blank := strings.IndexAny(inside[word:], " \t\r\n("); blank >= 0 {
					first, rest = inside[:word+blank], inside[word+blank:]
				}
			}
			out.WriteString(first + chosen(rest))
		default:
			out.WriteString(inside)
		}
		out.WriteString(closing)
		s = s[end+len(closing):]
	}
}

// tagEnd is where a tag's closing mark is, outside texts and brackets; -1 where it has none.
func tagEnd(s string, from int, closing string) int {
	depth := 0
	for i := from; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\'' || c == '"':
			if i = quoteEnd(s, i); i < 0 {
				return -1
			}
		case depth == 0 && strings.HasPrefix(s[i:], closing):
			return i
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		}
	}
	return -1
}

// quoteEnd is where the text that begins at i ends; -1 where it does not.
func quoteEnd(s string, i int) int {
	for j := i + 1; j < len(s); j++ {
		switch s[j] {
		case '\\':
			j++
		case s[i]:
			return j
		}
	}
	return -1
}

// chosen rewrites the conditionals of an expression. Where there is only one, on the
// outside, the parser needs no help.
func chosen(s string) string {
	head, tail := trims(s)
	body := s[len(head) : len(s)-len(tail)]
	if countWord(body, "if") == 1 {
		if a, b, c, ok := ternary(body); ok && countWord(a, "if")+countWord(b, "if")+countWord(c, "if") == 0 && outside(body) {
			return s
		}
	}
	return head + bracketed(body) + tail
}

// trims are the marks and blanks around an expression.
func trims(s string) (head, tail string) {
	rest := strings.TrimLeft(s, "-+ \t\r\n")
	head = s[:len(s)-len(rest)]
	if strings.HasSuffix(rest, "-") || strings.HasSuffix(rest, "+") {
		tail = rest[len(rest)-1:]
	}
	return head, tail
}

// outside says that no separator of a list comes before the conditional: that it is not
// the value of {% set %}, which begins with name =, either.
func outside(s string) bool {
	parts, _ := pieces(s)
	return len(parts) == 1 || len(parts) == 2 && strings.Contains(s, "=")
}

// bracketed rewrites what stands between brackets: expressions with , : = between them.
func bracketed(s string) string {
	parts, between := pieces(s)
	var out strings.Builder
	for i, p := range parts {
		out.WriteString(conditionals(p))
		if i < len(between) {
			out.WriteByte(between[i])
		}
	}
	return out.String()
}

// pieces splits at , : and = outside texts and brackets.
func pieces(s string) (parts []string, between []byte) {
	from := 0
	walk(s, func(i int) bool {
		c := s[i]
		if c == '=' && (i+1 < len(s) && s[i+1] == '=' || i > 0 && strings.IndexByte("=!<>", s[i-1]) >= 0) {
			return true
		}
		if c == ',' || c == ':' || c == '=' {
			parts, between, from = append(parts, s[from:i]), append(between, c), i+1
		}
		return true
	})
	return append(parts, s[from:]), between
}

// conditionals rewrites one expression and what it has in brackets.
func conditionals(s string) string {
	if value, condition, other, ok := ternary(s); ok {
		out := " " + choosing + "(" + conditionals(condition) + ", " + conditionals(value)
		if other != "" {
			out += ", " + conditionals(other)
		}
		return out + ") "
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\'' || c == '"':
			end := quoteEnd(s, i)
			if end < 0 {
				return out.String() + s[i:]
			}
			out.WriteString(s[i : end+1])
			i = end
		case strings.IndexByte("([{", c) >= 0:
			end := tagEnd(s, i+1, map[byte]string{'(': ")", '[': "]", '{': "}"}[c])
			if end < 0 {
				return out.String() + s[i:]
			}
			out.WriteString(s[i:i+1] + bracketed(s[i+1:end]) + s[end:end+1])
			i = end
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

// ternary takes "value if condition else other" apart; other is "" where there is none.
func ternary(s string) (value, condition, other string, ok bool) {
	test, otherwise := -1, -1
	walk(s, func(i int) bool {
		switch {
		case test < 0 && wordAt(s, i, "if"):
			test = i
		case test >= 0 && wordAt(s, i, "else"):
			otherwise = i
		}
		return otherwise < 0
	})
	if test < 0 {
		return "", "", "", false
	}
	value, condition = s[:test], s[test+len("if"):]
	if otherwise >= 0 {
		condition, other = s[test+len("if"):otherwise], s[otherwise+len("else"):]
	}
	return value, condition, other, true
}

// walk calls f for each byte outside texts and brackets, until it is false.
func walk(s string, f func(i int) bool) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\'' || c == '"':
			if i = quoteEnd(s, i); i < 0 {
				return
			}
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		case depth == 0 && !f(i):
			return
		}
	}
}

// countWord is how often a word is there, in brackets too, outside texts.
func countWord(s, word string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '\'' || s[i] == '"' {
			if i = quoteEnd(s, i); i < 0 {
				return n
			}
		} else if wordAt(s, i, word) {
			n++
		}
	}
	return n
}

// wordAt says whether a word, and not part of another, or a key, is at i.
func wordAt(s string, i int, word string) bool {
	letter := func(i int) bool {
		return i >= 0 && i < len(s) && (s[i] == '_' || s[i] == '.' || s[i] >= '0' && s[i] <= '9' || s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z' || s[i] >= 0x80)
	}
	return strings.HasPrefix(s[i:], word) && !letter(i-1) && !letter(i+len(word))
}
