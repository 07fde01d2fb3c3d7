package sphinx_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/sphinx"
)

func Example() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	e := sphinx.New(sphinx.Options{Native: "bin/cricket-native", Log: slog.Default()})
	go e.Run(ctx)

	const jsgf = "#JSGF V1.0;\ngrammar home;\npublic <command> = lights (on | off);\n"
	if err := e.SetPhrases(ctx, jsgf, []string{"lights", "on", "off"}); err != nil {
		fmt.Println(err)
		return
	}
	heard, err := e.Transcribe(ctx, voice.Utterance{PCM: make([]int16, voice.SampleRate)})
	fmt.Println(heard.Text, heard.NotCommand, err)
}
