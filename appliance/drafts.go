package appliance

import (
	"context"
	"errors"
	"time"

	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/sphinx"
	"github.com/cricket-home/cricket/voice/whisper"
)

// drafts is a second, small recogniser in a child of its own, that hears what was said
// so far whenever somebody pauses. So the end of speech knows whether a command is whole,
// and the recogniser of whole requests never waits for it.
type drafts struct {
	name   string
	engine interface {
		Run(ctx context.Context) error
		State() child.State
	}
	hear  func(ctx context.Context, u voice.Utterance) (voice.Transcript, error)
	teach func(ctx context.Context) error // runs beside it; nil: it needs no phrases
}

// Run keeps the recogniser running until ctx ends.
func (d *drafts) Run(ctx context.Context) error {
	taught := make(chan error, 1)
	if d.teach == nil {
		return d.engine.Run(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() { taught <- d.teach(ctx) }()
	err := d.engine.Run(ctx)
	cancel()
	return errors.Join(err, <-taught)
}

// runDrafts keeps the recogniser of drafts running. Without it requests are heard as well,
// and found to be over a little later.
func (b *Box) runDrafts(ctx context.Context) error {
	if err := b.drafts.Run(ctx); err != nil && ctx.Err() == nil {
		b.log.Error("the end of speech knows nothing of what is said", "part", b.drafts.name, "err", err)
	}
	return nil
}

// openDrafts chooses the recogniser of drafts: the bundled one, else the one of closed
// phrases; nil where there is neither.
func (b *Box) openDrafts(native string, bundled Bundled, has bool) *drafts {
	if has {
		e := whisper.New(whisper.Options{Native: native, Model: bundled.Path, Language: b.config.Language, Log: b.log})
		return &drafts{name: "the bundled model", engine: e, hear: e.Transcribe}
	}
	if b.mouth == nil || b.config.Language != "en" {
		return nil
	}
	e := sphinx.New(sphinx.Options{Native: native, Log: b.log, Pronounce: b.pronounce, Beginnings: true})
	return &drafts{name: "pocketsphinx", engine: e, hear: e.Transcribe, teach: b.teachDrafts(e)}
}

// pronounce is how words sound in the box's language.
func (b *Box) pronounce(ctx context.Context, words []string) (map[string][]string, error) {
	return b.mouth.Phonemes(ctx, words, b.config.Language)
}

// teachDrafts gives a closed-phrase recogniser of drafts the home's phrases whenever
// they change. What it cannot learn, the other one tells of.
func (b *Box) teachDrafts(e *sphinx.Engine) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		known := ""
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-b.house.renamed[1]:
			}
			g := b.house.Now().Resolver.Grammar()
			if g.JSGF == known {
				continue
			}
			if err := e.SetPhrases(ctx, g.JSGF, g.Words); err != nil && ctx.Err() == nil {
				b.log.Debug("phrases for drafts", "err", err)
			}
			known = g.JSGF
		}
	}
}

// draft looks into a pause: what was said so far is heard by the small recogniser, and
// how long the pause must be to end the request follows from it. One draft is made at a
// time; one that is ready when the person speaks again is of no use.
func (l *live) draft(ctx context.Context) {
	if l.listener == nil || l.drafts == nil {
		return
	}
	quiet, speaking := l.listener.endpointer.Quiet()
	if !speaking || quiet == 0 { // no pause; the next is another one
		l.pause, l.silence = pauseOther, l.silence+1
		return
	}
	if quiet < draftAfter*frameTime || l.drafting || l.drafted == l.silence || !l.listener.speaks() {
		return
	}
	l.drafted = l.silence
	u, ok := l.listener.endpointer.Spoken()
	if !ok {
		return
	}
	l.drafting = true
	mine := l.silence
	go func() {
		begun := time.Now()
		heard, err := l.drafts.hear(ctx, u)
		text := heard.Text
		if heard.NotCommand {
			text = ""
		}
		pause := pauseAfter(l.box.house.Now().Resolver, l.box.conversation(l.box.dialogue(Request{})), text, l.box.config.Room)
		if text == "" && u.End-u.Start < leastRequest {
			pause = pausePrefix
		}
		l.post(ctx, func() {
			l.drafting = false
			if err != nil {
				l.log.Debug("no draft", "err", err)
				return
			}
			l.log.Debug("draft", "text", text, "pause", pause, "dur", time.Since(begun))
			if mine == l.silence {
				l.pause = pause
			}
		})
	}()
}
