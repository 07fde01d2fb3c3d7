package appliance

import (
	"context"
	"fmt"
	"time"

	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/wyoming"
)

// elsewhereTime is how long the recogniser elsewhere may take: the box's own must still be
// able to hear a request before it is stale.
const elsewhereTime = 6 * time.Second

// openElsewhere puts the recogniser of another machine before the box's own.
func (b *Box) openElsewhere() {
	if address, err := wyoming.Address(b.config.Wyoming.ASR); err == nil {
		b.ears.elsewhere = wyoming.NewRecogniser(address, b.config.Language, b.log)
	}
}

// hearElsewhere hears with the recogniser elsewhere; false where there is none, or it cannot.
// The box's own hear then, which is no worse a request: the log and the doctor tell.
func (e *ears) hearElsewhere(ctx context.Context, u voice.Utterance) (voice.Transcript, bool) {
	if e.elsewhere == nil || !e.elsewhere.State().Running {
		return voice.Transcript{}, false
	}
	soon, cancel := context.WithTimeout(ctx, elsewhereTime)
	defer cancel()
	t, err := e.elsewhere.Transcribe(soon, u)
	if err != nil {
		if ctx.Err() == nil {
			e.log.Error("a request was not heard elsewhere, the box's own recogniser hears it", "err", err)
		}
		return t, false
	}
	e.by(e.elsewhere.Name())
	return t, true
}

func (e *ears) by(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last = name
}

// heardBy is who heard the last request.
func (e *ears) heardBy() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.last
}

// closed says whether only the phrases of the home are heard.
func (e *ears) closed() bool {
	return (e.elsewhere == nil || !e.elsewhere.State().Running) && e.current().closed
}

// checkElsewhere adds to what the doctor says of the recogniser.
func (e *ears) checkElsewhere(f *Finding) {
	if e.elsewhere == nil {
		return
	}
	if s := e.elsewhere.State(); s.Running {
		f.Text = e.elsewhere.Name() + " hears; when it does not, " + f.Text
	} else {
		f.OK, f.Hint = false, "check that the service runs, and wyoming.asr in config.toml"
		f.Text = fmt.Sprintf("%s does not answer: %v; meanwhile %s", e.elsewhere.Name(), s.Err, f.Text)
	}
}

// checkFriends is what the doctor says of those that this box works with by Wyoming and
// by Hermes.
func (b *Box) checkFriends() []Finding {
	var out []Finding
	if l := b.wyoming.services; l != nil {
		out = append(out, Finding{Part: "wyoming", OK: true, Text: "whoever reaches " + l.Addr().String() + " can use the box's ears, voice and understanding"})
	}
	if l := b.wyoming.microphone; l != nil {
		out = append(out, Finding{Part: "wyoming", OK: true, Text: "whoever reaches " + l.Addr().String() + " hears the room, unless it is muted"})
	}
	out = append(out, b.checkHermes()...)
	if w := b.wyoming.waker; w != nil {
		f := Finding{Part: "wake words elsewhere", OK: w.Fault() == "", Text: w.Name() + " listens"}
		if !f.OK {
			f.Text, f.Hint = w.Name()+" does not listen: "+w.Fault()+"; the box's own words wake it", "check that the service runs, and wyoming.wake in config.toml"
		}
		out = append(out, f)
	}
	if s := b.wyoming.sat; s != nil {
		f := Finding{Part: "satellite", OK: true, Text: "an assistant runs it on " + b.wyoming.satellite.Addr().String() + ", and answers what is said to the box"}
		if !s.Runs() {
			f.Text = "no assistant runs it on " + b.wyoming.satellite.Addr().String() + "; the box answers itself"
		}
		out = append(out, f)
	}
	return out
}
