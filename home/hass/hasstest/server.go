package hasstest

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// Token is the one that the server takes.
const Token = "canary.eyJhbGciOiJIUzI1NiJ9.token"

// Call is a service call that came.
type Call struct {
	Domain, Service, Entity string
	Data                    map[string]any
}

// Answer is what becomes of a call.
type Answer int

// The answers.
const (
	Do     Answer = iota // it is carried out, and its result is sent
	Refuse               // the result is an error
	Ignore               // it is carried out, and no state tells
	Silent               // nothing is done, and nothing said
	Cut                  // it is carried out, and the connection cut before the answer
)

// Server is a Home Assistant. It ends with the test.
type Server struct {
	URL string

	tb testing.TB
	at sync.WaitGroup // of the connections

	mu      sync.Mutex
	home    Home
	answer  Answer
	missing map[string]string // commands that are refused, with the code of the error
	down    bool
	signs   int
	conns   map[*conn]bool
	calls   []Call
	news    chan struct{} // closed, and made anew, with each call and connection
	hold    map[string]chan struct{}
}

// New runs a server on a free loopback port.
func New(tb testing.TB, h Home) *Server {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return Serve(tb, l, h)
}

// Serve runs a server on a listener, which it closes.
func Serve(tb testing.TB, l net.Listener, h Home) *Server {
	s := &Server{URL: "http://" + l.Addr().String(), tb: tb, home: h, missing: map[string]string{}, conns: map[*conn]bool{}, news: make(chan struct{}), hold: map[string]chan struct{}{}}
	web := &http.Server{Handler: s}
	ended := make(chan struct{})
	go func() { defer close(ended); web.Serve(l) }()
	tb.Cleanup(func() {
		web.Close()
		<-ended
		s.Cut()
		s.at.Wait()
	})
	return s
}

// conn is a connection of a client.
type conn struct {
	ws     *websocket.Conn
	ctx    context.Context
	end    context.CancelFunc
	signed bool
	last   int
	events map[string][]int // event type to ids of subscriptions
}

// ServeHTTP answers at /api/websocket.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.at.Add(1)
	defer s.at.Done()
	s.mu.Lock()
	down := s.down
	s.mu.Unlock()
	if down || r.URL.Path != "/api/websocket" {
		http.Error(w, "502: Bad Gateway", http.StatusBadGateway)
		return
	}
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer ws.CloseNow()
	ws.SetReadLimit(16 << 20)
	c := &conn{ws: ws, events: map[string][]int{}}
	c.ctx, c.end = context.WithCancel(context.Background())
	defer c.end()
	s.mu.Lock()
	s.conns[c] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	}()
	if err := s.converse(c); err != nil && !gone(err) {
		s.tb.Errorf("the server of the test: %v", err)
	}
}

func gone(err error) bool {
	return websocket.CloseStatus(err) != -1 || errors.Is(err, context.Canceled) || errors.Is(err, net.ErrClosed) || strings.Contains(err.Error(), "EOF") || strings.Contains(err.Error(), "reset") || strings.Contains(err.Error(), "closed") || strings.Contains(err.Error(), "broken pipe")
}

// converse signs a client in and answers what it asks.
func (s *Server) converse(c *conn) error {
	if err := c.send(map[string]any{"type": "auth_required", "ha_version": "2026.4.1"}); err != nil {
		return err
	}
	var auth map[string]any
	if err := c.receive(&auth); err != nil {
		return err
	}
	s.mu.Lock()
	s.signs++
	s.mu.Unlock()
	if auth["type"] != "auth" || auth["access_token"] != Token {
		c.send(map[string]any{"type": "auth_invalid", "message": "Invalid access token or password"})
		return c.ws.Close(websocket.StatusNormalClosure, "")
	}
	if err := c.send(map[string]any{"type": "auth_ok", "ha_version": "2026.4.1"}); err != nil {
		return err
	}
	s.mu.Lock()
	c.signed = true
	s.tell()
	s.mu.Unlock()
	for {
		var m map[string]any
		if err := c.receive(&m); err != nil {
			return err
		}
		if err := s.command(c, m); err != nil {
			return err
		}
	}
}

func (s *Server) command(c *conn, m map[string]any) error {
	number, _ := m["id"].(float64)
	id, kind := int(number), text(m, "type")
	s.mu.Lock()
	held, code := s.hold[kind], s.missing[kind]
	s.mu.Unlock()
	switch {
	case id <= c.last:
		return c.fail(id, "id_reuse", "Identifier values have to increase.")
	case code != "":
		c.last = id
		return c.fail(id, code, "Unknown command.")
	}
	c.last = id
	if held == nil {
		return s.answerTo(c, id, kind, m)
	}
	s.at.Go(func() { // others are answered meanwhile
		select {
		case <-held:
		case <-c.ctx.Done():
			return
		}
		if err := s.answerTo(c, id, kind, m); err != nil && !gone(err) {
			s.tb.Errorf("the server of the test: %v", err)
		}
	})
	return nil
}

// answerTo answers a command.
func (s *Server) answerTo(c *conn, id int, kind string, m map[string]any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch kind {
	case "ping":
		return c.send(map[string]any{"id": id, "type": "pong"})
	case "subscribe_events":
		c.events[text(m, "event_type")] = append(c.events[text(m, "event_type")], id)
		return c.result(id, nil)
	case "config/floor_registry/list":
		return c.result(id, list(s.home.Floors))
	case "config/area_registry/list":
		return c.result(id, list(s.home.Areas))
	case "config/device_registry/list":
		return c.result(id, list(s.home.Devices))
	case "config/entity_registry/list":
		all := []map[string]any{}
		for _, e := range s.home.Entities {
			if e.Platform != "" {
				all = append(all, e.registered())
			}
		}
		return c.result(id, all)
	case "config/entity_registry/get_entries":
		all := map[string]any{}
		ids, _ := m["entity_ids"].([]any)
		for _, one := range ids {
			all[one.(string)] = nil
			for _, e := range s.home.Entities {
				if e.ID == one && e.Platform != "" {
					all[e.ID] = e.entry()
				}
			}
		}
		return c.result(id, all)
	case "homeassistant/expose_entity/list":
		all := map[string]any{}
		for _, e := range s.home.Entities {
			all[e.ID] = map[string]any{}
			if e.Exposed {
				all[e.ID] = map[string]any{"conversation": true}
			}
		}
		return c.result(id, map[string]any{"exposed_entities": all})
	case "get_states":
		all := []map[string]any{}
		for _, e := range s.home.Entities {
			all = append(all, e.told())
		}
		return c.result(id, all)
	case "call_service":
		return s.call(c, id, m)
	}
	return c.fail(id, "unknown_command", "Unknown command.")
}

func (s *Server) call(c *conn, id int, m map[string]any) error {
	target, _ := m["target"].(map[string]any)
	data, _ := m["service_data"].(map[string]any)
	one := Call{Domain: text(m, "domain"), Service: text(m, "service"), Entity: text(target, "entity_id"), Data: data}
	s.calls = append(s.calls, one)
	s.tell()
	if s.answer == Silent {
		return nil
	}
	if s.answer == Refuse {
		return c.fail(id, "home_assistant_error", "The lamp does not answer")
	}
	i := slices.IndexFunc(s.home.Entities, func(e Entity) bool { return e.ID == one.Entity })
	if i < 0 {
		return c.fail(id, "not_found", "Service "+one.Domain+"."+one.Service+" not found.")
	}
	old := s.home.Entities[i]
	s.home.Entities[i] = old.done(one)
	if s.answer == Cut {
		return c.ws.CloseNow()
	}
	if s.answer != Ignore {
		s.changed(old, s.home.Entities[i])
	}
	return c.result(id, map[string]any{"context": map[string]any{"id": "02", "parent_id": nil, "user_id": "u"}, "response": nil})
}

// changed tells all clients of a new state. s is locked.
func (s *Server) changed(old, e Entity) {
	data := map[string]any{"entity_id": old.ID + e.ID, "old_state": nil, "new_state": nil}
	if old.ID != "" {
		data["entity_id"], data["old_state"] = old.ID, old.told()
	}
	if e.ID != "" {
		data["entity_id"], data["new_state"] = e.ID, e.told()
	}
	s.event("state_changed", data)
}

func (s *Server) event(kind string, data map[string]any) {
	for c := range s.conns {
		for _, id := range c.events[kind] {
			c.send(map[string]any{"id": id, "type": "event", "event": map[string]any{
				"event_type": kind, "data": data, "origin": "LOCAL", "time_fired": "2026-11-23T06:00:00.000000+00:00"}})
		}
	}
}

// Put adds or changes an entity; where old is not empty, the one of that id.
func (s *Server) Put(e Entity, old string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old == "" {
		old = e.ID
	}
	var was Entity
	if i := slices.IndexFunc(s.home.Entities, func(o Entity) bool { return o.ID == old }); i >= 0 {
		was = s.home.Entities[i]
		s.home.Entities[i] = e
	} else {
		s.home.Entities = append(s.home.Entities, e)
	}
	s.home.Entities = slices.DeleteFunc(s.home.Entities, func(e Entity) bool { return e.ID == "" })
	data := map[string]any{"action": "update", "entity_id": e.ID, "changes": map[string]any{}}
	switch {
	case e.ID == "":
		data = map[string]any{"action": "remove", "entity_id": old}
	case was.ID == "":
		data["action"] = "create"
	case was.ID != e.ID:
		data["old_entity_id"] = was.ID
	}
	if was.ID != "" && was.ID != e.ID {
		s.changed(was, Entity{})
		was = Entity{}
	}
	if e.ID != "" {
		s.changed(was, e)
	}
	if e.Platform != "" || e.ID == "" {
		s.event("entity_registry_updated", data)
	}
}

// PutRoom adds or changes an area, a floor or a device; kind is which of these.
func (s *Server) PutRoom(kind string, entry map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, key := &s.home.Areas, "area_id"
	switch kind {
	case "floor":
		list, key = &s.home.Floors, "floor_id"
	case "device":
		list, key = &s.home.Devices, "id"
	}
	action := "create"
	if i := slices.IndexFunc(*list, func(m map[string]any) bool { return m[key] == entry[key] }); i >= 0 {
		action, (*list)[i] = "update", entry
	} else {
		*list = append(*list, entry)
	}
	s.event(kind+"_registry_updated", map[string]any{"action": action, key: entry[key]})
}

// Entity is the entity of an id as it is now.
func (s *Server) Entity(id string) Entity {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.home.Entities {
		if e.ID == id {
			return e
		}
	}
	s.tb.Fatalf("the server has no %s", id)
	return Entity{}
}

// Answer says what becomes of calls from now on.
func (s *Server) Answer(a Answer) { s.mu.Lock(); defer s.mu.Unlock(); s.answer = a }

// Without makes the server refuse a command with the code of an error.
func (s *Server) Without(command, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.missing[command] = code
}

// Hold lets a command wait until release is called.
func (s *Server) Hold(command string) (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := make(chan struct{})
	s.hold[command] = c
	return func() { close(c) }
}

// Cut ends all connections without a word.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.end()
		c.ws.CloseNow()
	}
}

// Down makes the server unreachable, or reachable again.
func (s *Server) Down(down bool) {
	s.mu.Lock()
	s.down = down
	s.mu.Unlock()
	if down {
		s.Cut()
	}
}

// Say sends text to all clients that are signed in, as one message.
func (s *Server) Say(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if c.signed {
			c.ws.Write(c.ctx, websocket.MessageText, []byte(text))
		}
	}
}

// SignIns is how often a client has told its token.
func (s *Server) SignIns() int { s.mu.Lock(); defer s.mu.Unlock(); return s.signs }

// Calls are the calls so far.
func (s *Server) Calls() []Call { s.mu.Lock(); defer s.mu.Unlock(); return slices.Clone(s.calls) }

// tell wakes who waits for news. s is locked.
func (s *Server) tell() { close(s.news); s.news = make(chan struct{}) }

// Called waits for the nth call.
func (s *Server) Called(ctx context.Context, n int) Call {
	s.tb.Helper()
	for {
		s.mu.Lock()
		calls, news := s.calls, s.news
		s.mu.Unlock()
		if len(calls) >= n {
			return calls[n-1]
		}
		select {
		case <-news:
		case <-ctx.Done():
			s.tb.Fatalf("%d calls came, not %d", len(calls), n)
		}
	}
}

func (c *conn) send(m any) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return c.ws.Write(c.ctx, websocket.MessageText, data)
}

func (c *conn) receive(m any) error {
	_, data, err := c.ws.Read(c.ctx)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, m)
}

func (c *conn) result(id int, v any) error {
	return c.send(map[string]any{"id": id, "type": "result", "success": true, "result": v})
}

func (c *conn) fail(id int, code, why string) error {
	return c.send(map[string]any{"id": id, "type": "result", "success": false, "error": map[string]any{"code": code, "message": why}})
}

func list(l []map[string]any) []map[string]any {
	if l == nil {
		return []map[string]any{}
	}
	return l
}

func text(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}
