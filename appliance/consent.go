package appliance

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/intent"
	"github.com/cricket-home/cricket/internal/durable"
	"github.com/cricket-home/cricket/internal/trace"
)

const (
	// consentTime is how long after a question that opens the house a yes, or the
	// code, may begin.
	consentTime = 8 * time.Second
	// speakTime is how long the question itself may take to be spoken.
	speakTime = 30 * time.Second
	// softer is how much softer than whoever asked an answer without the wake word may
	// be, in dB: a television across the room is.
	softer = 10.0

	// wrongCodes lock the codes for lockTime.
	wrongCodes = 3
	lockTime   = 5 * time.Minute
)

// pending is a question that waits for a yes, or for the code, in one room.
type pending struct {
	question home.Question
	source   home.Source
	person   string    // whose wake word it was, if known
	level    float64   // how loud whoever asked was, in dB; 0 where nobody spoke
	asked    time.Time //
	until    time.Time // when the answer may begin at the latest; zero while the question is being spoken
	reply    string    // the question, as it was said
	misses   int       // answers that were none
}

// questions are those that wait, by room. One request in the room, from the same
// source, ends each.
type questions struct {
	mu   sync.Mutex
	open map[string]pending
}

func (q *questions) put(room string, p pending) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.open == nil {
		q.open = map[string]pending{}
	}
	q.open[room] = p
}

// take ends the question of a room, and returns it where an answer that began then is
// in time. A request from elsewhere leaves it.
func (q *questions) take(room string, source home.Source, began time.Time) (pending, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	p, ok := q.open[room]
	if !ok || p.source != source {
		return pending{}, false
	}
	delete(q.open, room)
	return p, p.waits(began)
}

// press ends the question of a room that a press of the button is the yes to, and returns
// it: one that was spoken to its end, and wants no code.
func (q *questions) press(room string, source home.Source, now time.Time) (pending, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	p, ok := q.open[room]
	if !ok || p.source != source || p.question.Code || p.until.IsZero() || !p.waits(now) {
		return pending{}, false
	}
	delete(q.open, room)
	return p, true
}

func (p pending) waits(now time.Time) bool {
	if p.until.IsZero() {
		return now.Sub(p.asked) <= speakTime
	}
	return !now.After(p.until)
}

// spoken is when the box has said all that it had to say.
func (q *questions) spoken(now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for room, p := range q.open {
		if p.until.IsZero() {
			p.until = now.Add(consentTime)
			q.open[room] = p
		}
	}
}

// waiting says whether a question of a room waits.
func (q *questions) waiting(room string, now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	p, ok := q.open[room]
	return ok && p.waits(now)
}

// codes counts wrong codes. The count is on the disk: pulling the plug gives no new tries.
type codes struct {
	mu    sync.Mutex
	file  string // "" where nothing is kept
	wrong int
	until time.Time // no code is taken before
}

// openCodes reads the count. A box that was locked when it went off begins the time anew.
func openCodes(file string, now time.Time) (*codes, error) {
	c := &codes{file: file}
	if file == "" {
		return c, nil
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("read the count of wrong codes: %w", err)
	}
	c.wrong = min(strings.Count(string(data), "x"), wrongCodes)
	if c.wrong == wrongCodes {
		c.until = now.Add(lockTime)
	}
	return c, nil
}

// locked is for how long no code is taken, or 0.
func (c *codes) locked(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(0, c.until.Sub(now))
}

// try compares a code, and counts it if it is wrong. The count is written before anybody
// is told, so that a disk that takes nothing takes no code either.
func (c *codes) try(said, code string, now time.Time) (right bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.until.After(now) || code == "" {
		return false, nil
	}
	if c.wrong == wrongCodes { // it was locked, and is no more
		c.wrong = 0
	}
	wrong := c.wrong + 1
	if right = subtle.ConstantTimeCompare([]byte(said), []byte(code)) == 1; right {
		wrong = 0
	}
	if wrong == wrongCodes {
		c.until = now.Add(lockTime)
	}
	c.wrong = wrong
	if c.file == "" {
		return right, nil
	}
	if err := durable.Replace(c.file, []byte(strings.Repeat("x", wrong))); err != nil {
		return false, fmt.Errorf("write the count of wrong codes: %w", err)
	}
	return right, nil
}

// openConsent reads how many codes were wrong. What cannot be read is told, and then counts anew.
func (b *Box) openConsent() {
	file := ""
	if b.options.Keep {
		file = filepath.Join(b.options.StateDir, "codes")
	}
	var err error
	if b.codes, err = openCodes(file, b.moment()); err != nil {
		b.log.Error("wrong codes are counted from none", "err", err)
	}
}

// moment is the time by which people take turns.
func (b *Box) moment() time.Time {
	if b.options.Moment != nil {
		return b.options.Moment()
	}
	return time.Now()
}

// hidden stands for what was said where that may have been the code.
const hidden = "(code)"

// hide takes what was said out of a result.
func (r Result) hide() Result {
	r.Text, r.secret = hidden, true
	if r.Transcript != nil {
		text := hidden
		r.Text, r.Transcript = "", &text
	}
	return r
}

// betrays says whether a text has the code in it.
func (b *Box) betrays(h *home.Home, text string) bool {
	code := b.config.Dialogue.code()
	if code == "" || text == "" {
		return false
	}
	digits, _ := h.Digits(text)
	return strings.Contains(digits, code)
}

// answered takes the question that a request may be the answer to.
func (b *Box) answered(q Request) (pending, bool) {
	if q.DryRun {
		return pending{}, false
	}
	began := q.began
	if began.IsZero() {
		began = b.moment()
	}
	return b.questions.take(b.dialogue(q), q.Source, began)
}

// askAgain lets a question wait once more.
func (b *Box) askAgain(r Result, p pending, q Request, reply string) Result {
	p.asked = b.moment()
	p.until = b.answerBy(q, p.asked)
	b.questions.put(b.dialogue(q), p)
	r.Room, r.Source, r.Actions, r.Reply = b.room(q), q.Source, []Action{}, reply
	r.Plan, r.asks = home.NeedsConfirmation, true
	return r
}

// settle answers a request that is the answer to a question which waits in the room. It is
// false for any other request.
func (b *Box) settle(ctx context.Context, r Result, text string, p pending, q Request, t *trace.Trace) (Result, bool) {
	now := b.moment()
	h := b.house.Now().Home
	digits, others := h.Digits(text)
	number := len(digits) > 0 && others <= len(digits)
	end := t.Begin("consent")
	reply := func(decision, text string) (Result, bool) {
		end(decision)
		r.Room, r.Source, r.Actions, r.Reply = b.room(q), q.Source, []Action{}, text
		r.Resolved = NewResolved(nil, intent.Intent{Name: "CricketNo", Tier: intent.Template, Confidence: 1})
		return r, true
	}
	again := func(decision, text string) (Result, bool) {
		r, _ = reply(decision, text)
		return b.askAgain(r, p, q, text), true
	}
	switch {
	case h.Declines(text):
		return reply("no", h.Nevermind())
	case !number && !h.Agrees(text):
		end("no answer")
		return r, false
	case q.level != 0 && p.level != 0 && q.level < p.level-softer, p.person != "" && r.Person != "" && r.Person != p.person:
		b.questions.put(b.dialogue(q), p) // the one who asked may still answer
		r.Plan = home.NeedsConfirmation
		return reply(fmt.Sprintf("not by whoever asked (%.0f dB, %.0f dB)", q.level, p.level), "")
	case !p.question.Code && number:
		end("no answer")
		return r, false
	case !p.question.Code:
		end("yes")
		return b.carry(ctx, r, p.question.Intent(), q, t, &p.question), true
	}
	r = r.hide()
	if left := b.codes.locked(now); left > 0 {
		r.Plan = home.NeedsConfirmation
		return reply("codes are locked", h.CodesLocked(left))
	}
	if others > 0 || len(digits) < 3 {
		if p.misses++; p.misses > wrongCodes {
			return reply("no code", h.Nevermind())
		}
		return again("no code", h.NoCode())
	}
	right, err := b.codes.try(digits, b.config.Dialogue.code(), now)
	switch {
	case err != nil:
		r, _ = reply("the disk", h.NoBook(home.Plan{}))
		return b.fail(r, "codes", err), true
	case right:
		end("the right code")
		return b.carry(ctx, r, p.question.Intent(), q, t, &p.question), true
	}
	if left := b.codes.locked(now); left > 0 {
		b.log.Warn("codes are locked", "room", b.room(q), "dur", left)
		r.Plan = home.NeedsConfirmation
		return reply("a wrong code, and codes are locked", h.CodesLocked(left))
	}
	return again("a wrong code", h.WrongCode())
}

// answerBy is when the answer to a question must have begun; zero where that counts from
// the end of speaking it.
func (b *Box) answerBy(q Request, now time.Time) time.Time {
	if q.aloud {
		return time.Time{}
	}
	return now.Add(consentTime)
}

// ask lets a plan's question wait for its answer.
func (b *Box) ask(q Request, person, reply string, question home.Question) {
	now := b.moment()
	b.questions.put(b.dialogue(q), pending{question: question, source: q.Source, person: person, reply: reply, level: q.level, asked: now, until: b.answerBy(q, now)})
}

// loudness is the mean of a request's sound in dB, of the frames that are not silence:
// those within 20 dB of its loudest. 0 is a request without sound.
func loudness(pcm []int16) float64 {
	const frame = 320
	var levels []float64
	most := 0.0
	for at := 0; at+frame <= len(pcm); at += frame {
		sum := 0.0
		for _, s := range pcm[at : at+frame] {
			sum += float64(s) * float64(s)
		}
		level := 10 * math.Log10(sum/frame+1)
		levels = append(levels, level)
		most = max(most, level)
	}
	sum, n := 0.0, 0.0
	for _, l := range levels {
		if l >= most-20 {
			sum, n = sum+l, n+1
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n
}
