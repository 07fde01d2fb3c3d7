package main

import (
	"fmt"
	"os"
	"slices"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
)

// folder has the corpora, seen from the root of the repository.
const folder = "intent/testdata/eval"

// source is one file of sentences.
type source struct {
	file  string
	title string
	scope bool // its sentences ask for something
	kept  bool // nothing was tuned by it
}

var sources = []source{
	{"paraphrases-kept.jsonl", "paraphrases, kept out", true, true},
	{"paraphrases-dev.jsonl", "paraphrases, tuned by", true, false},
	{"templates.jsonl", "own templates, sampled", true, false},
	{misheardFile, "misheard by pocketsphinx without a grammar, kept out", true, true},
	{"misheard-confused-kept.jsonl", "misheard by a model of confusions, kept out", true, true},
	{"misheard-confused-dev.jsonl", "misheard by a model of confusions, tuned by", true, false},
	{"out-of-scope-kept.jsonl", "out of scope, kept out", false, true},
	{"out-of-scope-dev.jsonl", "out of scope, tuned by", false, false},
}

// house is a home of the corpora, with the devices that its groups stand for.
type house struct {
	*intent.Resolver
	names   intent.Names
	members map[string][]string
}

// spread writes the devices of groups for the groups: a corpus may say either.
func (h house) spread(in intent.Intent) intent.Intent {
	var out []string
	for _, id := range in.Targets {
		if m := h.members[id]; m != nil {
			out = append(out, m...)
		} else {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	in.Targets = slices.Compact(out)
	return in
}

// readHomes binds the built-in sentences to the homes of the corpora.
func readHomes() (map[string]house, error) {
	out := map[string]house{}
	for name, file := range map[string]string{
		"demo":    "home/demo/home.toml",
		"terrace": folder + "/homes/terrace.toml",
		"flat":    folder + "/homes/flat.toml",
	} {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read home: %w", err)
		}
		h, err := home.Parse(file, data)
		if err != nil {
			return nil, err
		}
		config := appliance.DefaultConfig()
		config.Language = h.Language
		sentences, err := appliance.Sentences(config)
		if err != nil {
			return nil, err
		}
		members := map[string][]string{}
		for _, e := range h.Names().Entities {
			if len(e.Members) > 0 {
				members[e.ID] = e.Members
			}
		}
		out[name] = house{sentences.Bind(h.Names()), h.Names(), members}
	}
	return out, nil
}
