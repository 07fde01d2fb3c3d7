package hermes

import (
	"context"
	"errors"
	"time"
)

// session is one conversation at one site.
type session struct {
	id, site, custom, wakeword string
	called                     time.Time // by the wake word; zero: it was not
	filter                     *filter
	tellWrong                  bool   // skills are told of what is not understood
	says                       string // before it listens
	notice                     bool   // it only says something

	step  int         // counts: what was meant for an earlier one comes too late
	timer *time.Timer // of this step
	turn  chan Reply  // somebody at the box itself waits for what is said to them; nil: nobody does
}

// Reply is what a session says to somebody at the box itself.
type Reply struct {
	Text  string
	Asks  bool // it goes on: the answer is a Turn
	Fault error
}

// errNoSkill is when nobody has handled an intent.
var errNoSkill = errors.New("no skill has ended the session")

// Woken tells that a wake word was heard at the box itself.
func (h *Hermes) Woken(word string, sensitivity float64) {
	if h.own == "" {
		return
	}
	h.post(func(ctx context.Context) {
		h.publish(ctx, "hermes/hotword/"+level(word)+"/detected", map[string]any{"modelId": word, "modelVersion": "", "modelType": "universal",
			"currentSensitivity": sensitivity, "siteId": h.own})
		// Its session begins with what is said: the box listens by itself.
	})
}

// Turn lets the session at the box itself, or a new one, take what somebody said there, and
// waits for what is answered by a skill.
func (h *Hermes) Turn(ctx context.Context, text string, likelihood float64, intent Intent) Reply {
	answer := make(chan Reply, 1)
	if !h.post(func(ctx context.Context) {
		s := h.sessions[h.own]
		if s == nil {
			s = &session{id: newID(), site: h.own}
			h.sessions[h.own] = s
			h.tell(ctx, s, "sessionStarted", nil)
		}
		s.turn = answer
		in := incoming{Site: h.own, Session: s.id, ID: newID(), Input: text, Sure: likelihood}
		h.publish(ctx, "hermes/asr/textCaptured", map[string]any{"text": text, "likelihood": likelihood, "seconds": 0, "siteId": h.own, "sessionId": s.id})
		ok := s.filter.has(intent.Name) && !h.disabled[h.own+" "+intent.Name]
		if h.tellIntent(ctx, in, intent, ok); !ok {
			h.notUnderstood(ctx, s, text)
			return
		}
		h.wait(s, skillTime, func(ctx context.Context) { h.end(ctx, s, "timeout", "", errNoSkill) })
	}) {
		return Reply{Fault: errors.New("too many messages wait")}
	}
	select {
	case r := <-answer:
		return r
	case <-ctx.Done():
		return Reply{Fault: ctx.Err()}
	}
}

// Told tells of a request at the box itself that it has answered: the same messages as if it
// had been a session, all at once.
func (h *Hermes) Told(text string, likelihood float64, intent Intent, ok bool) {
	if h.own == "" {
		return
	}
	h.post(func(ctx context.Context) {
		s := h.sessions[h.own]
		if s == nil {
			s = &session{id: newID(), site: h.own}
			h.tell(ctx, s, "sessionStarted", nil)
		}
		in := incoming{Site: h.own, Session: s.id, ID: newID(), Input: text, Sure: likelihood}
		h.publish(ctx, "hermes/asr/textCaptured", map[string]any{"text": text, "likelihood": likelihood, "seconds": 0, "siteId": h.own, "sessionId": s.id})
		h.tellIntent(ctx, in, intent, ok)
		if ok {
			h.end(ctx, s, "nominal", "", nil)
		} else {
			h.notUnderstood(ctx, s, text)
		}
	})
}

// detected starts a session at a satellite that was called.
func (h *Hermes) detected(ctx context.Context, in incoming, wakeword string) {
	if h.o.Sites[in.Site].Own {
		return // the box hears by itself
	}
	if s := h.sessions[in.Site]; s != nil { // called again: something else is wanted
		if time.Since(s.called) < againTime {
			return // by the satellite itself, and by the box in its sound
		}
		h.end(ctx, s, "abortedByUser", "", nil)
	}
	h.begin(ctx, &session{id: newID(), site: in.Site, wakeword: wakeword, called: time.Now()})
}

// dialogue takes what skills say to the dialogue manager.
func (h *Hermes) dialogue(ctx context.Context, verb string, in incoming) {
	switch verb {
	case "startSession":
		h.startSession(ctx, in)
		return
	case "configure":
		for _, c := range in.Intents {
			delete(h.disabled, in.Site+" "+c.ID)
			if c.Enable == nil || *c.Enable {
				continue
			}
			if len(h.disabled) >= maxFilter*len(h.o.Sites) {
				h.fault(ctx, "dialogueManager", verb, in, errors.New("too many intents are turned off"))
				return
			}
			h.disabled[in.Site+" "+c.ID] = true
		}
		return
	case "continueSession", "endSession":
	default:
		return // what we tell ourselves
	}
	s := h.session(in.Session)
	if s == nil {
		h.fault(ctx, "dialogueManager", verb, in, errors.New("there is no such session"))
		return
	}
	if in.Custom != "" {
		s.custom = in.Custom
	}
	if verb == "endSession" {
		h.end(ctx, s, "nominal", in.Text, nil)
		return
	}
	s.filter, s.tellWrong = in.Filter, in.TellWrong
	h.goOn(ctx, s, in.Text)
}

// session finds a session that is on.
func (h *Hermes) session(id string) *session {
	for _, s := range h.sessions {
		if s.id == id {
			return s
		}
	}
	return nil
}

func (h *Hermes) startSession(ctx context.Context, in incoming) {
	s := &session{id: newID(), site: in.Site, custom: in.Custom, filter: in.Init.Filter, tellWrong: in.Init.TellWrong, says: in.Init.Text}
	switch in.Init.Type {
	case "notification":
		s.notice = true
	case "action":
	default:
		h.fault(ctx, "dialogueManager", "startSession", in, errors.New(`init.type must be "action" or "notification"`))
		return
	}
	if h.sessions[in.Site] == nil {
		h.begin(ctx, s)
		return
	}
	if (!in.Init.Enqueue && !s.notice) || len(h.waiting[in.Site]) >= maxWaiting {
		h.fault(ctx, "dialogueManager", "startSession", in, errors.New("another session is on at this site"))
		return
	}
	h.waiting[in.Site] = append(h.waiting[in.Site], s)
	h.tell(ctx, s, "sessionQueued", nil)
}

// begin begins a session at a site that is free.
func (h *Hermes) begin(ctx context.Context, s *session) {
	h.sessions[s.site] = s
	h.tell(ctx, s, "sessionStarted", nil)
	if s.says == "" && s.notice {
		h.end(ctx, s, "nominal", "", nil)
		return
	}
	if s.says == "" {
		h.listen(ctx, s)
		return
	}
	h.speak(ctx, s, s.says, func(ctx context.Context) {
		if s.notice {
			h.end(ctx, s, "nominal", "", nil)
		} else {
			h.listen(ctx, s)
		}
	})
}

// goOn says something in a session, and listens again.
func (h *Hermes) goOn(ctx context.Context, s *session, text string) {
	if s.turn != nil { // the box speaks, and listens, by itself
		s.turn <- Reply{Text: text, Asks: true}
		s.turn = nil
		h.wait(s, listenTime, func(ctx context.Context) { h.end(ctx, s, "timeout", "", nil) })
		return
	}
	if text == "" {
		h.listen(ctx, s)
		return
	}
	h.speak(ctx, s, text, func(ctx context.Context) { h.listen(ctx, s) })
}

// wait begins a step of a session, which ends with late if nothing else ends it before.
func (h *Hermes) wait(s *session, d time.Duration, late func(ctx context.Context)) {
	s.step++
	step := s.step
	if s.timer != nil {
		s.timer.Stop()
	}
	s.timer = time.AfterFunc(d, func() {
		h.post(func(ctx context.Context) {
			if h.sessions[s.site] == s && s.step == step {
				late(ctx)
			}
		})
	})
}

// speak says a text at the session's site; then is called when it was heard.
func (h *Hermes) speak(ctx context.Context, s *session, text string, then func(ctx context.Context)) {
	id := newID()
	over := func(ctx context.Context) {
		delete(h.played, id)
		then(ctx)
	}
	h.wait(s, playTime, over)
	step := s.step
	h.played[id] = func() {
		if h.sessions[s.site] == s && s.step == step {
			over(ctx)
		}
	}
	h.publish(ctx, "hermes/tts/say", map[string]any{"text": text, "siteId": s.site, "id": id, "sessionId": s.id, "lang": ""})
}

// listen waits for a request.
func (h *Hermes) listen(ctx context.Context, s *session) {
	h.publish(ctx, "hermes/hotword/toggleOff", map[string]any{"siteId": s.site, "reason": "dialogueSession"})
	h.publish(ctx, "hermes/asr/startListening", map[string]any{"siteId": s.site, "sessionId": s.id, "wakewordId": s.wakeword, "stopOnSilence": true})
	h.wait(s, listenTime, func(ctx context.Context) { h.end(ctx, s, "timeout", "", nil) })
}

// heard takes what was recognised for a session.
func (h *Hermes) heard(ctx context.Context, in incoming) {
	s := h.session(in.Session)
	if s == nil || s.turn != nil || s.site == h.own {
		return // nobody's, or the box's own, which it has understood already
	}
	query := incoming{Site: s.site, Session: s.id, ID: newID(), Input: in.Text, Filter: s.filter, Sure: in.Sure}
	h.wait(s, skillTime, func(ctx context.Context) { h.end(ctx, s, "timeout", "", errNoSkill) })
	step := s.step
	h.understand(ctx, query, func(ctx context.Context, intent Intent, ok bool) {
		if h.sessions[s.site] != s || s.step != step {
			return
		}
		if !ok {
			h.notUnderstood(ctx, s, in.Text)
			return
		}
		if intent.Own {
			h.handle(ctx, s, in.Text)
		}
	})
}

// notUnderstood tells a skill that wants to know, or ends the session.
func (h *Hermes) notUnderstood(ctx context.Context, s *session, text string) {
	if !s.tellWrong || h.sessions[s.site] != s { // nobody could go on with it
		h.end(ctx, s, "intentNotRecognized", "", nil)
		return
	}
	h.publish(ctx, "hermes/dialogueManager/intentNotRecognized", map[string]any{"input": text, "siteId": s.site, "sessionId": s.id, "customData": s.custom})
}

// handle lets the box carry out an intent of its own, and ends the session with the reply.
func (h *Hermes) handle(ctx context.Context, s *session, text string) {
	room, step := h.o.Sites[s.site].Room, s.step
	go func() {
		reply, asks := h.o.Handle(ctx, text, room)
		h.post(func(ctx context.Context) {
			if h.sessions[s.site] != s || s.step != step {
				return
			}
			if asks {
				h.goOn(ctx, s, reply)
			} else {
				h.end(ctx, s, "nominal", reply, nil)
			}
		})
	}()
}

// failed ends a session that a part has failed.
func (h *Hermes) failed(ctx context.Context, id string, err error) {
	if s := h.session(id); s != nil {
		h.end(ctx, s, "error", "", err)
	}
}

// end ends a session with a text, and begins the next one that waits for the site.
func (h *Hermes) end(ctx context.Context, s *session, reason, text string, fault error) {
	if s.turn != nil {
		s.turn <- Reply{Text: text, Fault: fault}
		s.turn = nil
		text = "" // the box speaks it
	}
	over := func(ctx context.Context) {
		if s.timer != nil {
			s.timer.Stop()
		}
		s.step++
		h.stopListening(s.site)
		fields := map[string]any{"reason": reason}
		if fault != nil {
			fields["error"] = fault.Error()
		}
		h.publish(ctx, "hermes/hotword/toggleOn", map[string]any{"siteId": s.site, "reason": "dialogueSession"})
		h.tell(ctx, s, "sessionEnded", map[string]any{"termination": fields})
		if h.sessions[s.site] != s {
			return
		}
		delete(h.sessions, s.site)
		if w := h.waiting[s.site]; len(w) > 0 {
			h.waiting[s.site] = w[1:]
			h.begin(ctx, w[0])
		}
	}
	if text == "" {
		over(ctx)
		return
	}
	h.speak(ctx, s, text, over)
}

// tell tells how a session is.
func (h *Hermes) tell(ctx context.Context, s *session, what string, more map[string]any) {
	fields := map[string]any{"sessionId": s.id, "siteId": s.site, "customData": s.custom}
	for k, v := range more {
		fields[k] = v
	}
	h.publish(ctx, "hermes/dialogueManager/"+what, fields)
}
