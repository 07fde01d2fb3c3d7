package hass

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/coder/websocket"
)

// maxMessage is the longest message that is read, in bytes: the states of a large home
// have some megabytes.
const maxMessage = 64 << 20

// maxText is how much of a name or a message is read, in bytes.
const maxText = 256

// wire is a connection for whole messages.
type wire interface {
	send(ctx context.Context, message []byte) error
	receive(ctx context.Context) ([]byte, error)
	close()
}

type socket struct{ conn *websocket.Conn }

func dial(ctx context.Context, address string) (wire, error) {
	ctx, stop := context.WithTimeout(ctx, answerTime)
	defer stop()
	conn, _, err := websocket.Dial(ctx, address, nil)
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(maxMessage)
	return &socket{conn}, nil
}

func (s *socket) send(ctx context.Context, m []byte) error {
	return s.conn.Write(ctx, websocket.MessageText, m)
}

func (s *socket) receive(ctx context.Context) ([]byte, error) {
	_, m, err := s.conn.Read(ctx)
	return m, err
}

func (s *socket) close() { s.conn.CloseNow() }

// message is anything that Home Assistant sends.
type message struct {
	ID      int             `json:"id"`
	Type    string          `json:"type"`
	Version string          `json:"ha_version"`
	Message string          `json:"message"`
	Success bool            `json:"success"`
	Result  json.RawMessage `json:"result"`
	Error   *refusal        `json:"error"`
	Event   json.RawMessage `json:"event"`
}

// refusal is the error of a result.
type refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (r *refusal) Error() string {
	return fmt.Sprintf("refused by Home Assistant: %s (%s)", oneLine(r.Message), oneLine(r.Code))
}

// oneLine is text of Home Assistant's fit for a log and a person.
func oneLine(s string) string {
	if s = strings.Join(strings.Fields(s), " "); len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + "…"
	}
	return s
}

// event is what the box hears of: a new state, or that a registry has changed.
type event struct {
	Type string `json:"event_type"`
	Data struct {
		ID  string `json:"entity_id"`
		New *state `json:"new_state"`
	} `json:"data"`
}

// session is one authenticated connection: requests with their answers, and events.
type session struct {
	wire   wire
	events queue

	writing sync.Mutex // ids must rise on the wire
	last    int

	mu      sync.Mutex
	pending map[int]chan message
	ended   error
}

func newSession(w wire) *session {
	return &session{wire: w, events: queue{ready: make(chan struct{}, 1)}, pending: map[int]chan message{}}
}

// authenticate is the beginning of every connection.
func (s *session) authenticate(ctx context.Context, token string) (version string, err error) {
	ctx, stop := context.WithTimeout(ctx, answerTime)
	defer stop()
	next := func() (m message, err error) {
		data, err := s.wire.receive(ctx)
		if err == nil {
			err = json.Unmarshal(data, &m)
		}
		if err != nil {
			err = fmt.Errorf("sign in to Home Assistant: %w", err)
		}
		return m, err
	}
	m, err := next()
	if err != nil {
		return "", err
	}
	if m.Type != "auth_required" {
		return "", fmt.Errorf("sign in to Home Assistant: it says %q, not auth_required", m.Type)
	}
	data, err := json.Marshal(map[string]string{"type": "auth", "access_token": token})
	if err == nil {
		err = s.wire.send(ctx, data)
	}
	if err != nil {
		return "", fmt.Errorf("sign in to Home Assistant: %w", err)
	}
	if m, err = next(); err != nil {
		return "", err
	}
	switch m.Type {
	case "auth_ok":
		return m.Version, nil
	case "auth_invalid":
		return "", ErrToken // what it says may have the token in it
	}
	return "", fmt.Errorf("sign in to Home Assistant: it says %q, not auth_ok", m.Type)
}

// read takes messages until the connection ends, and says why it did.
func (s *session) read(ctx context.Context) (err error) {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ended = err
		for id, answer := range s.pending {
			close(answer)
			delete(s.pending, id)
		}
	}()
	for {
		data, err := s.wire.receive(ctx)
		if err != nil {
			return fmt.Errorf("read from Home Assistant: %w", err)
		}
		if err := s.take(data); err != nil {
			return fmt.Errorf("read from Home Assistant: %w", err)
		}
	}
}

// take takes a message in. What is no JSON, or not of the protocol's form, is an error:
// it may have been the answer to a request.
func (s *session) take(data []byte) error {
	var m message
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	switch m.Type {
	case "result", "pong":
		s.mu.Lock()
		answer := s.pending[m.ID]
		delete(s.pending, m.ID)
		s.mu.Unlock()
		if answer != nil {
			answer <- m
		}
	case "event":
		var e event
		if err := json.Unmarshal(m.Event, &e); err != nil {
			return fmt.Errorf("event: %w", err)
		}
		return s.events.put(e)
	}
	return nil
}

// ask sends a request and waits for its answer.
func (s *session) ask(ctx context.Context, kind string, fields map[string]any) (result, error) {
	ctx, stop := context.WithTimeout(ctx, answerTime)
	defer stop()
	answer := make(chan message, 1)
	ask := map[string]any{"type": kind}
	for k, v := range fields {
		ask[k] = v
	}
	s.writing.Lock()
	s.last++
	id := s.last
	ask["id"] = id
	s.mu.Lock()
	err := s.ended
	if err == nil {
		s.pending[id] = answer
	}
	s.mu.Unlock()
	if err == nil {
		var data []byte
		if data, err = json.Marshal(ask); err == nil {
			err = s.wire.send(ctx, data)
		}
	}
	s.writing.Unlock()
	if err != nil {
		s.forget(id)
		return nil, fmt.Errorf("%w: %w", ErrOffline, err)
	}
	select {
	case m, ok := <-answer:
		switch {
		case !ok:
			return nil, fmt.Errorf("%w: the connection was lost", ErrUnanswered)
		case m.Type == "result" && !m.Success && m.Error != nil:
			return nil, m.Error
		case m.Type == "result" && !m.Success:
			return nil, errors.New("refused by Home Assistant")
		}
		return m.Result, nil
	case <-ctx.Done():
		s.forget(id)
		return nil, fmt.Errorf("%w: %w", ErrUnanswered, ctx.Err())
	}
}

func (s *session) forget(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, id)
}

// maxEvents is how many events may wait. They wait while the lists are read.
const maxEvents = 1 << 16

// queue holds events in their order. put never waits: whoever puts also brings the
// answers that the taker may be waiting for.
type queue struct {
	ready chan struct{} // has an element while there may be events

	mu   sync.Mutex
	list []event
}

func (q *queue) put(e event) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) == maxEvents {
		return fmt.Errorf("%d events wait", maxEvents)
	}
	q.list = append(q.list, e)
	select {
	case q.ready <- struct{}{}:
	default:
	}
	return nil
}

// holds says whether an event of a kind waits.
func (q *queue) holds(kind func(event) bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.ContainsFunc(q.list, kind)
}

// take returns all that wait.
func (q *queue) take() []event {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := q.list
	q.list = nil
	return out
}
