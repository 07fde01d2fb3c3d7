// scratch, not committed
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/demo"
	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/intent"
	"time"
)

// reads lines "room|text"; args: lang [home.toml]
func main() {
	lang := os.Args[1]
	var h *home.Home
	var err error
	if len(os.Args) > 2 {
		data, e := os.ReadFile(os.Args[2])
		if e != nil {
			panic(e)
		}
		h, err = home.Parse(os.Args[2], data)
	} else {
		h, err = demo.Home()
	}
	if err != nil {
		panic(err)
	}
	h, err = demo.Announced(h)
	if err != nil {
		panic(err)
	}
	files, err := intent.Builtin(lang)
	if err != nil {
		panic(err)
	}
	s, err := intent.Compile(lang, files...)
	if err != nil {
		panic(err)
	}
	r := s.Bind(h.Names())
	now := time.Date(2026, 11, 22, 19, 10, 0, 0, time.UTC)
	sc := bufio.NewScanner(os.Stdin)
	var last *intent.Intent
	for sc.Scan() {
		room, text, ok := strings.Cut(sc.Text(), "|")
		if !ok {
			room, text = "kitchen", sc.Text()
		}
		q := intent.Query{Text: text, Room: room, Now: now}
		if strings.HasPrefix(text, "+") {
			q.Text = text[1:]
			q.Context.Last = last
		}
		in := r.Resolve(q)
		p := h.Plan(in, home.Setting{Room: room, Now: schedule.Now{Wall: now, Up: time.Hour, Known: true}})
		if in.Refusal == "" {
			last = &in
		}
		also := ""
		for _, a := range in.Also {
			also += fmt.Sprint(" ALSO ", a.Name, a.Slots, a.Targets)
		}
		if in.Command != nil {
			also += fmt.Sprint(" CMD ", in.Command.Name, in.Command.Slots, in.Command.Targets)
		}
		fmt.Printf("%-45s %s %.2f %s%s %v %v%s\n      => %s %s\n", text, in.Tier, in.Confidence, in.Name, in.Refusal, in.Slots, in.Targets, also, p.Reply, p.Refusal)
	}
}
