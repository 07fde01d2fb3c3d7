package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/demo"
)

type benchCommands struct {
	LLM benchLLM `cmd:"" name:"llm" help:"Measure a language model on this box: first token cold, warm and after a restart, tokens a second, memory."`
}

type benchLLM struct {
	Model string `help:"A GGUF file, instead of the model that was chosen." type:"existingfile" placeholder:"F.gguf"`
	Home  string `help:"The home whose prompt it reads (the demo home)." type:"existingfile" placeholder:"HOME.toml"`
	JSON  bool   `help:"JSON, as docs/language-model.md describes it."`
}

func (c *benchLLM) Run(ctx context.Context, t *terminal) error {
	h, err := demo.Home()
	if c.Home != "" {
		var data []byte
		if data, err = os.ReadFile(c.Home); err == nil {
			h, err = home.Parse(c.Home, data)
		}
	}
	if err != nil {
		return fmt.Errorf("read home: %w", err)
	}
	e, end, err := startModel(ctx, t, c.Model, h.Names())
	if err != nil {
		return err
	}
	defer end()
	s, err := e.Measure(ctx)
	if err != nil {
		return &fault{fmt.Errorf("measure %s: %w", filepath.Base(e.Model()), err), "cricket models verify", exitMissing}
	}
	if c.JSON {
		return json.NewEncoder(t.out).Encode(s)
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "model\t%s\n", filepath.Base(e.Model()))
	fmt.Fprintf(w, "prompt of this home\t%d tokens, read at %.0f a second\n", s.Prompt, s.Read)
	fmt.Fprintf(w, "first token, cold\t%.0f ms\n", s.ColdMS)
	fmt.Fprintf(w, "first token, warm\t%.0f ms (%.1f %% of cold)\n", s.WarmMS, 100*s.WarmMS/s.ColdMS)
	if s.Restored > 0 {
		fmt.Fprintf(w, "first token, restarted\t%.0f ms (%d tokens from the saved prompt)\n", s.FileMS, s.Restored)
	} else {
		fmt.Fprintf(w, "first token, restarted\t%.0f ms (the saved prompt is of no use to this model: it is read again)\n", s.FileMS)
	}
	fmt.Fprintf(w, "answer\t%.1f tokens a second\n", s.Written)
	fmt.Fprintf(w, "memory\t%d MiB\n", s.Memory>>20)
	return w.Flush()
}
