package appliance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/home/hass"
	"github.com/cricket-home/cricket/home/permission"
	"github.com/cricket-home/cricket/home/schedule"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/internal/trace"
	"github.com/cricket-home/cricket/mqtt"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/wake"
)

// publishTime is how long the broker may take to acknowledge a command.
const publishTime = 5 * time.Second

// Request is what somebody wants, beside the words.
type Request struct {
	Room   string // the room that heard it; "" for the box's own
	DryRun bool   // publish nothing
	NoWake bool   // every spoken sentence is a request (Hear)
	Source home.Source

	// Taken is called once the broker has all messages of a request whose devices are
	// still to confirm it, with the result as it will be if they do. It must not wait.
	// It is not called where saying too much would be dangerous: "the door is locked". Of a
	// language model's answer it is told the first sentence, with which the result's begins.
	Taken func(Result)

	unbidden bool      // nobody called or asked: it may be the television
	aloud    bool      // the reply is spoken, and what answers it counts from its end
	began    time.Time // when whoever asks began to speak; zero: it is text
	level    float64   // how loud, in dB
}

// Ask answers a sentence that came as text.
func (b *Box) Ask(ctx context.Context, text string, q Request) Result {
	t := &trace.Trace{Time: time.Now()}
	return b.keep(b.answer(ctx, Result{Text: text}, voice.Transcript{Text: text}, q, t), t)
}

// Hear answers each request spoken in a WAV file, in order, through emit. The
// error is about the file: that it is not a WAV, or ends too soon; a request that
// the cut goes through is not answered. It is ErrNoWake where no wake word was
// heard, and a *NoRequestError where no request followed one.
func (b *Box) Hear(ctx context.Context, r io.Reader, file string, q Request, emit func(Result) error) error {
	wav, err := voice.NewWAV(r, file)
	if err != nil {
		return err
	}
	var d *wake.Detector
	if !q.NoWake {
		if d, err = b.detector(ctx); err != nil {
			return err
		}
	}
	l := newListener(d)
	defer func() { b.wakes.add(l.detector, nil) }()
	answered := 0
	for {
		frame, end := wav.Next()
		if end != nil && !errors.Is(end, io.EOF) && !errors.Is(end, io.ErrUnexpectedEOF) {
			return end
		}
		var u heardRequest
		var spoken bool
		decided := frame.Time + frameTime
		if end == nil {
			u, spoken = l.push(frame)
		} else if errors.Is(end, io.EOF) { // a request that a cut goes through is not whole
			if u, spoken = l.flush(); spoken {
				decided = max(decided, u.End)
			}
		}
		if spoken {
			answered++
			r, _ := b.hearOne(ctx, ctx, u, decided-u.End, q)
			if err := emit(r); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if errors.Is(end, io.EOF) {
			return l.fault(answered)
		}
		if end != nil {
			return end
		}
	}
}

// stale is how long after the end of speech a request is not carried out any more:
// nobody expects a light to go on then.
const stale = 10 * time.Second

// hearOne answers one utterance; late is the time from the last spoken sample
// to the decision that speech had ended. It is false where wanted ended before the
// words were known: then nothing is done, and nothing kept.
func (b *Box) hearOne(ctx, wanted context.Context, u heardRequest, late time.Duration, q Request) (Result, bool) {
	t := &trace.Trace{Time: time.Now()}
	if q.Source == "" {
		q.Source = home.InTheRoom
	}
	r := Result{File: u.Mic, Truncated: u.Truncated, dry: q.DryRun}
	if w := u.Wake; w != nil {
		r.Wake, r.Person = &w.Word, w.Person
		spoken := t.Time.Add(w.End - u.End - late)
		t.Stages = append(t.Stages, trace.Stage{Name: "wake", Start: spoken, Duration: u.wakeDelay,
			Decision: fmt.Sprintf("%q, score %.2f, %.0f dB over the noise", w.Word, w.Score, w.SNR)})
		word := b.config.Wake.word(w.Word)
		if r.Pipeline = word.Pipeline; q.Room == "" {
			q.Room = word.Room
		}
	}
	q.began = b.moment().Add(-late - u.Duration())
	q.level = loudness(u.PCM)
	t.Stages = append(t.Stages, trace.Stage{Name: "endpoint", Start: t.Time.Add(-late), Duration: late,
		Decision: fmt.Sprintf("%.2f s of speech", u.Duration().Seconds())})
	end := t.Begin("stt")
	soon, cancel := context.WithTimeout(wanted, stale-late)
	defer cancel()
	heard, err := b.ears.Transcribe(inDialogue(soon, b.dialogue(q)), u.Utterance)
	if wanted.Err() != nil && err != nil {
		return r, false
	}
	if err != nil {
		end("failed")
		r.Reply = b.house.Now().Home.NoRecognizer()
		if soon.Err() != nil {
			r.Reply = b.house.Now().Home.TooLate()
		}
		r.Fault = &Fault{Part: "recogniser", Error: err.Error(), Hint: "cricket doctor"}
		r.Actions = []Action{}
		return b.keep(r, t), true
	}
	r.Transcript, r.TranscriptConfidence = &heard.Text, &heard.Confidence
	if q.unbidden && (heard.NotCommand || heard.Text == "" || heard.Confidence < sureUnbidden || !b.nearby(q)) {
		end("not for this box")
		return b.keep(b.ignore(r, q), t), true
	}
	if heard.NotCommand || heard.Text == "" || heard.Confidence < unsure {
		end("no command")
		refused := intent.Intent{Refusal: intent.NotCommand, Confidence: heard.Confidence}
		if !heard.NotCommand {
			refused.Refusal = intent.NotRecognized
		}
		if !heard.NotCommand {
			r.Reply, r.unheard = b.house.Now().Home.NotHeard(), true
		}
		return b.keep(b.carryOut(ctx, r, refused, q, t), t), true
	}
	end(b.ears.heardBy())
	b.events.put("heard", heardEvent{Text: heard.Text})
	return b.keep(b.answer(ctx, r, heard, q, t), t), true
}

// unsure is the confidence of a transcript below which it is not worth guessing what
// was meant: a mean log probability of -1 per token, as in Whisper's own rule.
const unsure = 0.36

// answer resolves a sentence and carries it out.
func (b *Box) answer(ctx context.Context, r Result, heard voice.Transcript, q Request, t *trace.Trace) Result {
	b.voiceComes()
	if b.betrays(b.house.Now().Home, heard.Text) {
		r = r.hide()
	}
	p, waits := b.answered(q)
	if waits {
		var done bool
		if r, done = b.settle(ctx, r, heard.Text, p, q, t); done {
			return r
		}
	}
	end := t.Begin("resolve")
	before, now := b.rooms.of(b.dialogue(q), r.Person, t.Time), b.house.Now()
	asked := question(heard)
	asked.Room, asked.States, asked.Context = b.room(q), states(now.Home), before.context
	if clock := b.clock.now(); clock.Known {
		asked.Now = clock.Wall
	}
	if e := asked.Context.Exchange; e != nil { // "the kitchen" is for the model that asked which room
		asked.Context = intent.Context{Exchange: e}
	}
	raw := now.Resolver.Resolve(asked)
	in := before.answered(raw)
	if asked.Context.Exchange != nil && (in.Refusal != "" || in.Tier != intent.Template || in.Name == "CricketYes") {
		in = intent.Intent{Refusal: intent.NotRecognized}
	}
	b.heed(before, raw, in, q)
	in = b.recall(in, q, t)
	if q.unbidden && (in.Refusal != "" || in.Tier != intent.Template) {
		end("not for this box")
		return b.ignore(r, q)
	}
	if in.Refusal != "" {
		end(string(in.Refusal))
	} else {
		end(in.Name)
	}
	switch {
	case !waits:
	case in.Name == "CricketYes" && p.misses < wrongCodes: // "okay" is no yes
		p.misses++
		return b.askAgain(r, p, q, p.reply)
	case in.Refusal == intent.NotRecognized || in.Refusal == intent.NotCommand: // somebody talks
		b.questions.put(b.dialogue(q), p)
	}
	late := false
	if !r.secret { // what a language model is told may leave this box
		var begins func(string)
		if q.Taken != nil && !q.DryRun {
			begins = func(reply string) {
				begun := r
				begun.Reply = reply
				q.Taken(begun)
			}
		}
		in, late = b.think(ctx, asked, in, t, begins)
	}
	r = b.carryOut(ctx, r, in, q, t)
	if late {
		r.Reply = now.Home.TooLate()
	}
	return r
}

// room is the room that a request is meant for when it names none.
func (b *Box) room(q Request) string {
	if q.Room != "" {
		return q.Room
	}
	return b.config.Room
}

// roomID is the area id of that room, or "".
func (b *Box) roomID(q Request) string {
	if a, ok := b.house.Now().Home.Area(b.room(q)); ok {
		return a.ID
	}
	return ""
}

// dialogue is where b.rooms keeps what was said before a request: who asks from
// outside neither goes on from nor answers what people say in the room.
func (b *Box) dialogue(q Request) string {
	if q.Source != "" && !q.Source.MayConfirm() {
		return string(q.Source) + " " + b.roomID(q) // no area id has a blank
	}
	return b.roomID(q)
}

// carryOut plans an intent, carries the plan out, and remembers it for what is
// said next in the same room. A reply that r has already is kept.
func (b *Box) carryOut(ctx context.Context, r Result, in intent.Intent, q Request, t *trace.Trace) Result {
	return b.carry(ctx, r, in, q, t, nil)
}

// carry is carryOut, or where agreed is a question, what was agreed to.
func (b *Box) carry(ctx context.Context, r Result, in intent.Intent, q Request, t *trace.Trace, agreed *home.Question) Result {
	r.Room, r.Source, r.dry, r.Resolved = b.room(q), q.Source, q.DryRun, NewResolved(nil, in)
	if r.secret {
		r.Resolved = r.Resolved.bare()
	}
	if in.Refusal == intent.NotRecognized && b.model == nil {
		r.Hint = "a language model would understand more: cricket models list"
	}
	if b.hermes != nil && ofSkills(in) && agreed == nil && !q.DryRun && q.Source != permission.Hermes {
		return b.askSkill(ctx, r, in, t)
	}
	end := t.Begin("plan")
	dialogue := b.dialogue(q)
	before := b.rooms.of(dialogue, r.Person, t.Time)
	now := b.house.Now().Home
	source := q.Source
	if in.Advice {
		source = permission.Sibling
	}
	at := home.Setting{Room: r.Room, Now: b.clock.now(), Place: b.place, Book: b.agenda.Book(), Volume: b.loud.Now(), Past: b.past(now, in, before.Past, source), Source: source, Later: r.Due != "", Table: b.table, Locked: b.codes.locked(b.moment())}
	plan := now.Plan(in, at)
	if agreed != nil {
		plan = now.Confirmed(*agreed, at)
	}
	if r.Actions = actions(plan); r.Reply == "" {
		r.Reply = plan.Reply
	}
	if in.Refusal == "" {
		r.Plan = plan.Refusal
	}
	r.Judged = judged(plan.Judged)
	if r.Due != "" {
		r.Source = home.Planned
	}
	end(fmt.Sprintf("%d messages, %d changes", len(r.Actions), len(plan.Changes)))
	if q.DryRun {
		return r
	}
	if plan.Question != nil {
		b.ask(q, r.Person, plan.Reply, *plan.Question)
		r.asks = true
	}
	r.asks = r.asks || in.Asks
	if in.Name == "HassNevermind" {
		b.speech.Hush()
	}
	r = b.publishAll(ctx, r, in, now, plan, q, t)
	var undo []schedule.Change
	var wasVolume *int
	if r.Fault == nil && plan.Volume != nil {
		was := b.loud.Now()
		if err := b.loud.Set(*plan.Volume); err != nil {
			r.Reply = now.NoBook(plan)
			r = b.fail(r, "volume", err)
		} else {
			wasVolume = &was
		}
	}
	if r.Fault == nil && plan.Teaching != nil {
		if err := b.teachName(ctx, *plan.Teaching); err != nil {
			r.Reply = now.NoBook(plan)
			r = b.fail(r, "learned", err)
		}
	}
	b.notice(now, in, plan, r, q)
	if r.Fault == nil || len(r.Actions) > 0 {
		r, undo = b.change(ctx, r, now, plan, t)
	}
	r.Beep = r.Fault == nil && b.beeps(plan)
	next := before.next(r, in, plan, time.Now())
	if len(r.Actions) > 0 || len(undo) > 0 || wasVolume != nil {
		next.Before, next.Undo, next.Volume = now.Before(plan), undo, wasVolume
	}
	if !q.unbidden {
		next.level = q.level
	}
	b.rooms.put(dialogue, r.Person, next)
	return r
}

// beeps says whether a plan that was carried out is answered by a beep.
func (b *Box) beeps(plan home.Plan) bool {
	return plan.Seen && b.config.TTS.Beep || plan.Confirms && b.onlyBeeps()
}

// change makes a plan's changes of the book, and lets every box say what is for
// all to hear.
func (b *Box) change(ctx context.Context, r Result, h *home.Home, plan home.Plan, t *trace.Trace) (Result, []schedule.Change) {
	if plan.Announce != "" {
		switch err := b.broadcast(ctx, plan, r.Due != ""); {
		case errors.Is(err, errUnheard):
			r.Reply, r.Fault = h.Unheard(plan.In), &Fault{Part: "broadcast", Error: err.Error(), Hint: "mosquitto_sub -v -t 'cricket/+/broadcast/#'"}
			return r, nil
		case err != nil:
			r.Reply = h.NoBroker()
			return b.fail(r, "broker", err), nil
		}
	}
	if len(plan.Changes) == 0 {
		return r, nil
	}
	end := t.Begin("write")
	undo, err := b.alter(ctx, plan.Changes)
	end(fmt.Sprintf("%d changes", len(plan.Changes)))
	if err != nil {
		r.Reply = h.NoBook(plan)
		return b.fail(r, "schedule", err), nil
	}
	return r, undo
}

// publishAll publishes a plan's messages and waits for the devices to confirm
// them. A message that was published is never sent again.
func (b *Box) publishAll(ctx context.Context, r Result, in intent.Intent, now *home.Home, plan home.Plan, q Request, t *trace.Trace) Result {
	if plan.Refusal == home.Offline && len(plan.Actions) == 0 {
		if state := b.client.Status(); !state.Connected {
			r.Reply = now.NoBroker()
			return b.fail(r, "broker", &mqtt.OfflineError{Broker: state.Broker, Err: state.Err})
		}
		if b.hass != nil && slices.ContainsFunc(in.Targets, func(id string) bool { return b.isCutOff(now, id) }) {
			r.Reply = now.NoHomeAssistant()
			return b.fail(r, "home assistant", fmt.Errorf("%w: %w", hass.ErrOffline, b.hass.Status().Err))
		}
		part := "device"
		if len(in.Targets) > 0 { // an undo, or a command for later, names none
			part += " " + in.Targets[0]
		}
		r.Fault = &Fault{Part: part, Error: "is not available", Hint: "cricket doctor"}
		return r
	}
	if len(r.Actions) == 0 {
		return r
	}

	wants := map[string]mqtt.State{}
	for _, a := range plan.Actions {
		if (a.Want.Value != "" || len(a.Want.Attributes) > 0) && !b.absent(now, a.Device) {
			wants[a.Device] = a.Want
		}
	}
	watch, err := b.watch(ctx, wants)
	if err != nil { // too late for a command is worse than not at all
		r.Actions, r.Reply = []Action{}, now.NoBroker()
		return b.fail(r, "house", fmt.Errorf("it is busy with messages of the broker: %w", err))
	}
	end := t.Begin("publish")
	sent := 0
	for _, a := range plan.Actions {
		if outside, err := b.callOutside(ctx, now, a.Device, a.Call); outside {
			if err != nil {
				end(fmt.Sprintf("%d of %d", sent, len(r.Actions)))
				watch.End()
				return b.undone(r, now, sent, err)
			}
			sent += len(a.Messages)
			continue
		}
		for _, m := range a.Messages {
			if err := b.publish(ctx, m); err != nil {
				end(fmt.Sprintf("%d of %d", sent, len(r.Actions)))
				watch.End()
				return b.unsent(r, now, sent, err)
			}
			sent++
		}
	}
	end(fmt.Sprintf("%d of %d", sent, sent))

	end = t.Begin("confirm")
	if q.Taken != nil && len(wants) > 0 && !guarded(now, plan) && len(plan.Changes) == 0 && plan.Announce == "" && plan.Volume == nil {
		taken := r
		taken.Actions, taken.Beep = slices.Clone(r.Actions), b.beeps(plan)
		q.Taken(taken)
	}
	confirmed := b.confirm(ctx, watch, wants)
	so := b.house.confirms(ctx, wants)
	end(fmt.Sprintf("%d of %d", len(confirmed), len(wants)))
	var silent []string
	for i, a := range r.Actions {
		if _, wanted := wants[a.Device]; !wanted {
			continue
		}
		yes := slices.Contains(confirmed, a.Device)
		if !yes && slices.Contains(so, a.Device) {
			continue // it has not answered, and what it said last is what was wanted
		}
		r.Actions[i].Confirmed = &yes
		if !yes && !slices.Contains(silent, a.Device) {
			silent = append(silent, a.Device)
		}
	}
	if len(silent) > 0 {
		r.Reply = now.Outcome(plan, silent)
		r.Fault = b.silence(ctx, now, silent[0])
	}
	return r
}

// silence is the fault of a device that has not confirmed a command, with the command
// that shows what it says.
func (b *Box) silence(ctx context.Context, h *home.Home, id string) *Fault {
	f := &Fault{Part: "device " + id, Hint: "cricket home show", Error: fmt.Sprintf("no confirmation within %v", b.answers.wait(id).Round(10*time.Millisecond))}
	d, ok := h.Device(id)
	if !ok || d.Entity == nil || len(d.Entity.Topics()) == 0 {
		return f
	}
	topic, ok := d.Entity.Config["state_topic"].(string)
	if !ok {
		topic = d.Entity.Topics()[len(d.Entity.Topics())-1] // those of its availability come first
	}
	f.Error = fmt.Sprintf("no confirmation on %s within %v", topic, b.answers.wait(id).Round(10*time.Millisecond))
	f.Hint = fmt.Sprintf("mosquitto_sub -v -t '%s'", strings.ReplaceAll(topic, "'", `'\''`))
	never := false
	if err := b.house.do(context.WithoutCancel(ctx), func() {
		s := b.house.states[d.Entity.UniqueID]
		never = s.Value == "" && len(s.Attributes) == 0
	}); err == nil && never {
		f.Error += "; nothing has ever come there"
	}
	return f
}

// unsent is the result when publishing failed after some messages were sent.
// Only a client that was not connected has certainly sent nothing.
func (b *Box) unsent(r Result, h *home.Home, sent int, err error) Result {
	if !errors.Is(err, mqtt.ErrOffline) {
		no := false
		r.Actions[sent].Confirmed = &no
		sent++
	}
	r.Actions = r.Actions[:sent]
	r.Reply = h.LostBroker()
	if sent == 0 {
		r.Reply = h.NoBroker()
	}
	return b.fail(r, "broker", err)
}

// absent says that a device is a real one, with a discovery table, in a home
// whose devices we play: nobody is there to confirm.
func (b *Box) absent(h *home.Home, id string) bool {
	d, ok := h.Device(id)
	return b.devices != nil && ok && d.Discovery != nil
}

func (b *Box) watch(ctx context.Context, wants map[string]mqtt.State) (*Watch, error) {
	ctx, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	return b.house.Watch(ctx, wants)
}

func (b *Box) publish(ctx context.Context, m mqtt.Message) error {
	ctx, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	return b.client.Publish(ctx, m)
}

func (b *Box) fail(r Result, part string, err error) Result {
	r.Fault = &Fault{Part: part, Error: err.Error(), Hint: "cricket doctor"}
	return r
}

// keep stamps a result with its times and remembers it for `cricket why`.
func (b *Box) keep(r Result, t *trace.Trace) Result {
	r.Time, r.Stages, r.MS = t.Time, t.Stages, t.Milliseconds()
	total := time.Since(t.Time)
	r.MS["total"] = float64(total.Microseconds()) / 1000
	if late, spoken := r.MS["endpoint"]; spoken {
		r.MS["since_speech"] = r.MS["total"] + late
	}
	if !r.dry {
		b.remember(r)
		b.tellHermes(r)
	}
	kept := r
	if r.secret && b.betrays(b.house.Now().Home, r.Reply) { // what was put on a list is read back
		kept.Reply = hidden
	}
	b.results.Put(func(n int) Result { r.Number, kept.Number = n, n; return kept })
	if !r.dry {
		b.events.put("request", kept)
	}
	b.log.Debug("request", "text", r.Text, "transcript", kept.heard(), "reply", kept.Reply)
	return r
}
