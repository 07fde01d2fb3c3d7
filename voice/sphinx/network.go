package sphinx

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Network is the phrases of a grammar as states and arcs with words. It has
// one start and, once Minimal, no two ways to say the same words.
type Network struct {
	start int
	final []bool
	arcs  [][]arc // from each state
}

type arc struct {
	word string // "" for an arc that says nothing
	to   int
}

// ReadNetwork reads the text form that pocketsphinx writes. Probabilities are
// left out: every phrase counts the same.
func ReadNetwork(r io.Reader) (*Network, error) {
	n := &Network{start: -1}
	state := func(s string) (int, error) {
		i, err := strconv.Atoi(s)
		if err == nil && (i < 0 || i >= len(n.arcs)) {
			err = fmt.Errorf("state %d of %d", i, len(n.arcs))
		}
		return i, err
	}
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		f := strings.Fields(lines.Text())
		var err error
		var from, to int
		switch {
		case len(f) == 0 || f[0] == "FSG_BEGIN" || f[0] == "FSG_END" || f[0][0] == '#':
		case len(f) == 2 && f[0] == "NUM_STATES":
			if to, err = strconv.Atoi(f[1]); err == nil && (to < 1 || to > 1<<20 || n.arcs != nil) {
				err = fmt.Errorf("%d states", to)
			}
			if err == nil {
				n.arcs, n.final = make([][]arc, to), make([]bool, to)
			}
		case len(f) == 2 && f[0] == "START_STATE":
			n.start, err = state(f[1])
		case len(f) == 2 && f[0] == "FINAL_STATE":
			if to, err = state(f[1]); err == nil {
				n.final[to] = true
			}
		case (len(f) == 4 || len(f) == 5) && f[0] == "TRANSITION":
			if from, err = state(f[1]); err == nil {
				to, err = state(f[2])
			}
			if err == nil {
				word := ""
				if len(f) == 5 {
					word = f[4]
				}
				n.arcs[from] = append(n.arcs[from], arc{word, to})
			}
		default:
			err = fmt.Errorf("%q", lines.Text())
		}
		if err != nil {
			return nil, fmt.Errorf("read network: line %d: %w", number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read network: %w", err)
	}
	if n.start < 0 || !slices.Contains(n.final, true) {
		return nil, fmt.Errorf("read network: no start or no end")
	}
	return n, nil
}

// Drop takes out every arc whose word drop is true for, and returns those
// words, sorted.
func (n *Network) Drop(drop func(word string) bool) []string {
	known := map[string]bool{"": false}
	for s := range n.arcs {
		n.arcs[s] = slices.DeleteFunc(n.arcs[s], func(a arc) bool {
			gone, asked := known[a.word]
			if !asked {
				gone = drop(a.word)
				known[a.word] = gone
			}
			return gone
		})
	}
	dropped := []string{}
	for word, gone := range known {
		if gone {
			dropped = append(dropped, word)
		}
	}
	slices.Sort(dropped)
	return dropped
}

// Says tells whether words are one of the phrases, whole.
func (n *Network) Says(words []string) bool {
	set := n.closure([]int{n.start})
	for _, word := range words {
		var to []int
		for _, s := range set {
			for _, a := range n.arcs[s] {
				if a.word == word {
					to = append(to, a.to)
				}
			}
		}
		set = n.closure(to)
	}
	return slices.ContainsFunc(set, func(s int) bool { return n.final[s] })
}

// Beginnings is the network whose phrases are the beginnings of this one's, each with so
// many words as it takes to be one. This one must be Minimal.
func (n *Network) Beginnings() *Network {
	final := make([]bool, len(n.final))
	for s := range final {
		final[s] = s != n.start
	}
	return &Network{start: n.start, final: final, arcs: n.arcs}
}

// Undefined returns the rules that a grammar in JSGF refers to and does not
// have. Pocketsphinx leaves out what refers to them.
func Undefined(jsgf string) []string {
	jsgf = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*|"[^"]*"`).ReplaceAllString(jsgf, "")
	defined := map[string]bool{"<NULL>": true, "<VOID>": true}
	for _, m := range regexp.MustCompile(`(<[^<>]+>)\s*=`).FindAllStringSubmatch(jsgf, -1) {
		defined[m[1]] = true
	}
	var lacks []string
	for _, rule := range regexp.MustCompile(`<[^<>]+>`).FindAllString(jsgf, -1) {
		if !defined[rule] {
			defined[rule] = true
			lacks = append(lacks, rule)
		}
	}
	return lacks
}

// States is how many states there are.
func (n *Network) States() int { return len(n.arcs) }

// Arcs is how many arcs with words there are.
func (n *Network) Arcs() int {
	count := 0
	for _, arcs := range n.arcs {
		for _, a := range arcs {
			if a.word != "" {
				count++
			}
		}
	}
	return count
}

// silence may be between any two words. The figure is pocketsphinx's own for
// how likely that is.
const silence = " 0.005 <sil>\n"

// String is the text form that pocketsphinx reads. Its networks have one final
// state, so that ends lead there by an empty arc. Silence is put in here, once
// per state: left to pocketsphinx there would be coughs and other noises too,
// which cost more time than the words.
func (n *Network) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "FSG_BEGIN phrases\nNUM_STATES %d\nSTART_STATE %d\nFINAL_STATE %d\n", len(n.arcs)+1, n.start, len(n.arcs))
	for from, arcs := range n.arcs {
		for _, a := range arcs {
			b.WriteString("TRANSITION " + strconv.Itoa(from) + " " + strconv.Itoa(a.to) + " 1.0")
			if a.word != "" {
				b.WriteString(" " + a.word)
			}
			b.WriteByte('\n')
		}
		b.WriteString("TRANSITION " + strconv.Itoa(from) + " " + strconv.Itoa(from) + silence)
		if n.final[from] {
			fmt.Fprintf(&b, "TRANSITION %d %d 1.0\n", from, len(n.arcs))
		}
	}
	b.WriteString("FSG_END\n")
	return b.String()
}
