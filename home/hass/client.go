package hass

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/mqtt"
)

// Options says which Home Assistant, and who is told. The functions are called
// from one goroutine and may wait.
type Options struct {
	URL      string // "http://homeassistant.local:8123"; https, ws and wss too
	Token    string // a long-lived access token
	Registry func(home.Registry)
	Entities func(mqtt.Discovery)
	State    func(unique string, s mqtt.State)
	Log      *slog.Logger
}

// Status says how the connection is.
type Status struct {
	Connected bool
	Version   string // of Home Assistant
	Entities  int
	Err       error // why it is not connected
}

var (
	// ErrOffline is wrapped by the errors of calls while there is no connection.
	ErrOffline = errors.New("no connection to Home Assistant")
	// ErrUnanswered is wrapped by the errors of calls of which nobody knows whether they
	// were carried out.
	ErrUnanswered = errors.New("no answer from Home Assistant")
	// ErrHidden says that an entity was exposed to conversation, and is not any longer. Nothing
	// was sent.
	ErrHidden = errors.New("it is not exposed to conversation any longer")
	// ErrToken says that Home Assistant does not accept the token.
	ErrToken = errors.New("the token is refused by Home Assistant")
)

const (
	answerTime = 10 * time.Second // for an answer of Home Assistant
	pingEvery  = 30 * time.Second
	firstWait  = time.Second // before the connection is made again,
	lastWait   = time.Minute // doubled up to this
	tokenWait  = 10 * time.Minute
)

// Client is a connection that is kept. Its methods may be called from any goroutine.
type Client struct {
	o    Options
	dial func(ctx context.Context, address string) (wire, error) // tests put wires of their own here
	told []byte                                                  // the registry that Registry was given last

	mu      sync.Mutex
	session *session // nil while there is none
	status  Status
	seen    seen
}

// New returns a client that Run connects. The error says what is wrong with the address.
func New(o Options) (*Client, error) {
	address, err := socketURL(o.URL)
	if err != nil {
		return nil, err
	}
	o.URL = address
	return &Client{o: o, dial: dial, status: Status{Err: errors.New("not connected yet")}}, nil
}

// CheckURL says what is wrong with an address.
func CheckURL(address string) error {
	_, err := socketURL(address)
	return err
}

// socketURL is the address of the API at a Home Assistant's address.
func socketURL(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("read address of Home Assistant: %w", err)
	}
	scheme := map[string]string{"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}[u.Scheme]
	if scheme == "" || u.Host == "" {
		return "", fmt.Errorf("read address of Home Assistant: %q is not like http://homeassistant.local:8123", address)
	}
	u.Scheme = scheme
	if !strings.HasSuffix(u.Path, "/api/websocket") {
		u.Path = strings.TrimSuffix(u.Path, "/") + "/api/websocket"
	}
	return u.String(), nil
}

// Run keeps the connection until ctx ends.
func (c *Client) Run(ctx context.Context) error {
	wait := firstWait
	known := map[string]bool{} // unique ids that were announced
	for {
		began := time.Now()
		err := c.connected(ctx, known)
		c.set(nil, Status{Err: err})
		if ctx.Err() != nil {
			return nil
		}
		for unique := range known {
			c.o.State(unique, mqtt.State{Offline: true})
		}
		if time.Since(began) > lastWait {
			wait = firstWait
		}
		pause := wait
		if errors.Is(err, ErrToken) { // trying again soon gets the box banned
			pause = tokenWait
		}
		c.o.Log.Warn("Home Assistant is not connected, the box tries again", "err", err, "wait", pause)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		}
		wait = min(2*wait, lastWait)
	}
}

// connected is one connection, from beginning to end.
func (c *Client) connected(ctx context.Context, known map[string]bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w, err := c.dial(ctx, c.o.URL)
	if err != nil {
		return fmt.Errorf("reach Home Assistant: %w", err)
	}
	defer w.close()
	s := newSession(w)
	version, err := s.authenticate(ctx, c.o.Token)
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cancel(s.read(ctx))
	}()
	defer func() { w.close(); <-ended }()
	f := &follower{client: c, session: s, known: known, exposed: map[string]mqtt.Entity{}}
	c.see(seen{})
	if err := f.begin(ctx); err != nil {
		return because(ctx, err)
	}
	c.set(s, Status{Connected: true, Version: version, Entities: len(f.exposed)})
	c.o.Log.Info("Home Assistant is connected", "version", version, "entities", len(f.exposed))
	return because(ctx, f.follow(ctx))
}

// because is the reason for which ctx ended, where it has, and err otherwise.
func because(ctx context.Context, err error) error {
	if why := context.Cause(ctx); why != nil {
		return why
	}
	return err
}

func (c *Client) set(s *session, status Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session, c.status = s, status
}

// Status says how the connection is.
func (c *Client) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// Call has Home Assistant do something with one of its entities; unique is the
// entity's UniqueID. It returns when Home Assistant says that it was done. The error
// wraps ErrOffline or ErrHidden where nothing was sent, and ErrUnanswered where nobody knows.
func (c *Client) Call(ctx context.Context, unique string, call mqtt.Call) error {
	c.mu.Lock()
	s, why := c.session, c.status.Err
	c.mu.Unlock()
	if s == nil {
		return fmt.Errorf("%w: %w", ErrOffline, why)
	}
	id := strings.TrimPrefix(unique, home.FromHomeAssistant)
	domain, _, _ := strings.Cut(id, ".")
	service, data := call.Service, map[string]any{}
	for k, v := range call.Data {
		data[k] = v
	}
	switch service { // one service of Home Assistant mutes and unmutes
	case "volume_mute", "volume_unmute":
		service, data["is_volume_muted"] = "volume_mute", call.Service == "volume_mute"
	}
	if err := c.stillShown(ctx, s, id); err != nil {
		return fmt.Errorf("call %s.%s on %s: %w", domain, service, id, err)
	}
	_, err := s.ask(ctx, "call_service", map[string]any{"domain": domain, "service": service, "service_data": data, "target": map[string]any{"entity_id": id}})
	if err != nil {
		return fmt.Errorf("call %s.%s on %s: %w", domain, service, id, err)
	}
	return nil
}

// result is what a list or a call came to.
type result = json.RawMessage
