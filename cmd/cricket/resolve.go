package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
)

// longestLine is the longest JSON line that resolve reads.
const longestLine = 1 << 20

type resolve struct {
	Home string `required:"" help:"The home whose names count." type:"existingfile" placeholder:"HOME.toml"`
	Lang string `help:"Language of the sentences (the home's own)." placeholder:"en"`
	Tier string `help:"Use this tier only: template, repair or llm." enum:",template,repair,llm" default:"" placeholder:"template"`

	Model string `help:"With --tier llm: a GGUF file, instead of the model that was chosen." type:"existingfile" placeholder:"F.gguf"`
}

// query is one line of input.
type query struct {
	ID     json.RawMessage   `json:"id"` // given back as it came
	Text   *string           `json:"text"`
	Room   string            `json:"room"`
	Now    time.Time         `json:"now"`
	States map[string]string `json:"states"`

	Alternatives []intent.Alternative `json:"alternatives"` // as a recogniser gives them
	Tokens       []intent.Token       `json:"tokens"`
}

func (c *resolve) Run(ctx context.Context, t *terminal) error {
	data, err := os.ReadFile(c.Home)
	if err != nil {
		return fmt.Errorf("read home: %w", err)
	}
	h, err := home.Parse(c.Home, data)
	if err != nil {
		return err
	}
	config := appliance.DefaultConfig()
	config.Language, config.Dir = h.Language, filepath.Dir(c.Home)
	if c.Lang != "" {
		config.Language = c.Lang
	}
	sentences, err := appliance.Sentences(config)
	if err != nil {
		return err
	}
	resolver := sentences.Bind(h.Names())
	resolve := resolver.Resolve
	switch c.Tier {
	case string(intent.Template):
		resolve = resolver.Match
	case string(intent.Repair):
		resolve = resolver.Repair
	case string(intent.LLM):
		model, end, err := startModel(ctx, t, c.Model, h.Names())
		if err != nil {
			return err
		}
		defer end()
		resolve = func(q intent.Query) intent.Intent {
			a, _, err := model.AnswerInTurn(ctx, q)
			if err != nil {
				fmt.Fprintf(t.err, "cricket: error: %v\n", err)
				return intent.Intent{Refusal: intent.NotRecognized, Tier: intent.LLM}
			}
			return a.Intent()
		}
	}

	in := bufio.NewReaderSize(t.in, longestLine)
	out := bufio.NewWriter(t.out)
	defer out.Flush()
	lines := json.NewEncoder(out)
	bad := false
	for n := 1; ; n++ {
		line, err := readLine(in)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, errLongLine) {
			return fmt.Errorf("read standard input: %w", err)
		}
		if len(line) == 0 && err == nil {
			continue
		}
		var q query
		if err == nil {
			q, err = readQuery(line)
		}
		if err == nil {
			err = knownRoom(h, q.Room)
		}
		if err != nil {
			fmt.Fprintf(t.err, "cricket: error: line %d: %v\n", n, err)
			bad = true
			continue
		}
		result := resolve(intent.Query{Text: *q.Text, Room: q.Room, Now: q.Now, States: q.States, Alternatives: q.Alternatives, Tokens: q.Tokens})
		if err := lines.Encode(appliance.NewResolved(q.ID, result)); err != nil {
			return fmt.Errorf("write result: %w", err)
		}
	}
	if bad {
		return &fault{code: exitUsage}
	}
	return nil
}

var errLongLine = fmt.Errorf("longer than %d bytes", longestLine)

// readLine reads a line without its end. The rest of one that is too long is
// passed over; the error is then errLongLine.
func readLine(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = in.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return nil, errLongLine
	case errors.Is(err, io.EOF) && len(line) > 0:
		err = nil
	}
	return bytes.TrimRight(line, "\r\n"), err
}

// knownRoom refuses a room that the home does not have: a misspelt one would be
// answered as if nobody knew where it was said.
func knownRoom(h *home.Home, room string) error {
	if _, ok := h.Area(room); ok || room == "" {
		return nil
	}
	var rooms []string
	for _, a := range h.Areas {
		rooms = append(rooms, a.Name)
	}
	return fmt.Errorf("no room %q in this home; there are: %s", room, strings.Join(rooms, ", "))
}

func readQuery(line []byte) (query, error) {
	var q query
	if err := json.Unmarshal(line, &q); err != nil {
		return q, fmt.Errorf("read JSON: %w", err)
	}
	if q.Text == nil {
		return q, errors.New(`no "text"`)
	}
	return q, nil
}
