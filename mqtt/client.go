package mqtt

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	mathrand "math/rand/v2"
	"net"
	"net/url"
	"os"
	"slices"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// How the client keeps a connection. After keepAlive + pingTimeout without a
// word from the broker the connection is given up, and the kernel gives up
// bytes that the broker's machine has not acknowledged after sendTimeout: no
// command can arrive later than that.
const (
	keepAlive      = 10 * time.Second
	pingTimeout    = 5 * time.Second
	sendTimeout    = 15 * time.Second
	connectTimeout = 10 * time.Second
	firstRetry     = 250 * time.Millisecond
	lastRetry      = 30 * time.Second
	stableAfter    = 10 * time.Second // a connection that lasted so long resets the back-off
	farewell       = time.Second      // to say "offline" when Run ends
	subscribeBatch = 100              // topic filters in one SUBSCRIBE
	inboxSize      = 1 << 16          // messages that wait for slow handlers: the retained ones of a large home come at once
	inboxBytes     = 64 << 20         // and what they may hold
	maxReceived    = 1 << 20          // bytes of a payload; nothing that devices say is longer
)

// ErrOffline is what publishing gives while there is no connection. The error
// is an *OfflineError.
var ErrOffline = errors.New("the broker is not connected")

// OfflineError says which broker is not connected, and why.
type OfflineError struct {
	Broker string // address, without password
	Err    error  // of the last attempt or the loss; nil before the first attempt
}

func (e *OfflineError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("the broker at %s is not connected", e.Broker)
	}
	return fmt.Sprintf("the broker at %s is not connected: %v", e.Broker, e.Err)
}

func (e *OfflineError) Is(target error) bool { return target == ErrOffline }
func (e *OfflineError) Unwrap() error        { return e.Err }

// Status is the state of a client's connection.
type Status struct {
	Broker    string // address, without password
	Connected bool   // connected, subscribed, and the birth message out
	Err       error  // why not connected; nil before the first attempt
}

// ClientOptions say which broker, and what to tell it.
type ClientOptions struct {
	Broker   string // tcp://host:1883, ssl://host:8883, ws://host:80/mqtt, wss://..., or Discover
	ClientID string // "" for a random one
	Username string
	Password string
	CAFile   string // PEM certificates that ssl:// and wss:// trust instead of the system's
	CertFile string // with KeyFile: the certificate by which the broker knows this client, PEM
	KeyFile  string
	Birth    *Message     // published after each connection, once subscriptions stand
	Will     *Message     // published by the broker when the connection breaks, and by Run when it ends
	OnStatus func(Status) // called in order from Run's goroutine at each change; must not block
	Log      *slog.Logger
}

// Client is a client of one MQTT 3.1.1 broker that connects again whenever the
// connection breaks, and subscribes again. Its methods may be called from any
// goroutine.
//
// Messages go to the handlers from one goroutine in the order of arrival. While
// a handler is slow, up to 65536 messages and 64 MiB wait; after that the oldest are
// dropped for each new one, and the number of those lost is logged. A message of more
// than 1 MiB is dropped, and logged, too. paho's own
// goroutines never wait for a handler, so the connection stays alive.
type Client struct {
	o     ClientOptions
	find  func(context.Context) (string, error) // for Discover
	tls   *tls.Config
	log   *slog.Logger
	inbox *inbox

	mu      sync.Mutex
	line    *limited    // of the newest attempt to connect
	conn    paho.Client // nil unless Status.Connected, or while subscriptions are being set up
	status  Status
	changed chan struct{}            // closed at each change of status
	exact   map[string]func(Message) // handlers of filters without wildcards
	wild    map[string]func(Message) // and of those with
}

// NewClient checks the options. Nothing is dialled before Run.
func NewClient(o ClientOptions) (*Client, error) {
	c := &Client{o: o, log: o.Log, inbox: newInbox(inboxSize, inboxBytes), changed: make(chan struct{}), exact: map[string]func(Message){}, wild: map[string]func(Message){}}
	if o.Broker == Discover {
		c.find = findBroker
		c.status.Broker = "(looked for in the network)"
	}
	encrypted := false
	if c.find == nil {
		u, err := url.Parse(o.Broker)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("read broker address %q: want tcp://host:port, ssl://host:port or ws://host:port/path", redact(o.Broker))
		}
		c.status.Broker = u.Redacted()
		switch u.Scheme {
		case "tcp", "mqtt", "ws":
		case "ssl", "tls", "mqtts", "wss":
			encrypted = true
		default:
			return nil, fmt.Errorf("read broker address %q: the scheme must be tcp, ssl, ws or wss", c.status.Broker)
		}
	}
	for name, file := range map[string]string{"CA file": o.CAFile, "certificate": o.CertFile} {
		if file != "" && !encrypted && c.find == nil {
			return nil, fmt.Errorf("use %s %q: the broker address %q is not encrypted, want ssl:// or wss://", name, file, c.status.Broker)
		}
	}
	var err error
	if c.tls, err = clientTLS(o); err != nil {
		return nil, err
	}
	for _, m := range []*Message{o.Birth, o.Will} {
		if m != nil {
			if err := checkTopic(m.Topic); err != nil {
				return nil, fmt.Errorf("use birth or will: %w", err)
			}
		}
	}
	if o.ClientID == "" {
		c.o.ClientID = "cricket-" + rand.Text()[:8]
	}
	return c, nil
}

// clientTLS is how the client speaks TLS, to a broker that wants it.
func clientTLS(o ClientOptions) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read CA file: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read CA file %q: it has no PEM certificate", o.CAFile)
		}
	}
	if (o.CertFile == "") != (o.KeyFile == "") {
		return nil, errors.New("read client certificate: a certificate and its key go together")
	}
	if o.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read client certificate: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// redact keeps what may be a password out of an error about a broken address.
func redact(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(not an address)"
	}
	return u.Redacted()
}

// Status returns the state of the connection.
func (c *Client) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// Connected waits until the client is connected. When ctx ends first, the
// error is an *OfflineError with the reason of the last attempt.
func (c *Client) Connected(ctx context.Context) error {
	for {
		c.mu.Lock()
		status, changed := c.status, c.changed
		c.mu.Unlock()
		if status.Connected {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return c.offline()
		}
	}
}

func (c *Client) offline() error {
	s := c.Status()
	return &OfflineError{Broker: s.Broker, Err: s.Err}
}

// set changes the status and tells who waits for it.
func (c *Client) set(conn paho.Client, connected bool, err error) {
	c.mu.Lock()
	c.conn = conn
	c.status.Connected, c.status.Err = connected, err
	status := c.status
	close(c.changed)
	c.changed = make(chan struct{})
	c.mu.Unlock()
	if c.o.OnStatus != nil {
		c.o.OnStatus(status)
	}
}

// Run connects, and connects again after each loss, until ctx ends. A broker
// that is not there is not an error: Status tells. Run may be called once.
func (c *Client) Run(ctx context.Context) error {
	var deliver sync.WaitGroup
	deliver.Go(func() { c.deliver() })
	defer deliver.Wait()
	defer c.inbox.close()

	wait := firstRetry
	for {
		start := time.Now()
		err := c.session(ctx)
		if ctx.Err() != nil {
			c.set(nil, false, nil)
			return nil
		}
		if time.Since(start) >= stableAfter {
			wait = firstRetry
		}
		if c.Status().Err == nil || c.Status().Err.Error() != err.Error() {
			c.log.Warn("broker not connected, commands are refused meanwhile", "broker", c.Status().Broker, "err", err)
		}
		c.set(nil, false, err)
		select {
		case <-time.After(wait/2 + mathrand.N(wait/2)):
		case <-ctx.Done():
			c.set(nil, false, nil)
			return nil
		}
		wait = min(2*wait, lastRetry)
	}
}

// session is one connection, from CONNECT to its loss. Each has a paho client
// of its own, so that nothing unsent outlives it.
func (c *Client) session(ctx context.Context) error {
	broker := c.o.Broker
	if c.find != nil {
		var err error
		if broker, err = c.find(ctx); err != nil {
			return err
		}
		c.mu.Lock()
		c.status.Broker = broker
		c.mu.Unlock()
	}
	lost := make(chan error, 1)
	o := paho.NewClientOptions().
		AddBroker(broker).
		SetClientID(c.o.ClientID).
		SetProtocolVersion(4). // [MQTT-3.1.2-2] 3.1.1 only
		SetCleanSession(true).
		SetAutoReconnect(false).
		SetConnectRetry(false).
		SetOrderMatters(true).
		SetKeepAlive(keepAlive).
		SetPingTimeout(pingTimeout).
		SetConnectTimeout(connectTimeout).
		SetWriteTimeout(sendTimeout).
		SetDialer(&net.Dialer{Timeout: connectTimeout, Control: limitSending}).
		SetCustomOpenConnectionFn(c.dial).
		SetDefaultPublishHandler(func(_ paho.Client, m paho.Message) {
			if len(m.Payload()) > maxReceived {
				c.tooLong(m.Topic(), len(m.Payload()))
				return
			}
			c.inbox.put(Message{Topic: m.Topic(), Payload: m.Payload(), QoS: m.Qos(), Retain: m.Retained()})
		}).
		SetConnectionLostHandler(func(_ paho.Client, err error) { lost <- err })
	if c.o.Username != "" {
		o.SetUsername(c.o.Username)
		o.SetPassword(c.o.Password)
	}
	if u, err := url.Parse(broker); err == nil {
		config := c.tls.Clone()
		config.ServerName = u.Hostname()
		o.SetTLSConfig(config)
	}
	if w := c.o.Will; w != nil {
		o.SetBinaryWill(w.Topic, w.Payload, w.QoS, w.Retain)
	}
	conn := paho.NewClient(o)
	connect := conn.Connect()
	if err := wait(ctx, connect); err != nil {
		go conn.Disconnect(0) // ends by itself: the attempt has a timeout
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Disconnect(100)
	defer c.leave(ctx, conn)

	// Handlers that are added from here on subscribe by themselves.
	c.mu.Lock()
	c.conn = conn
	filters := slices.Concat(slices.Sorted(maps.Keys(c.exact)), slices.Sorted(maps.Keys(c.wild)))
	c.mu.Unlock()
	setup, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := c.subscribe(setup, conn, filters); err != nil {
		return err
	}
	if c.o.Birth != nil {
		if err := publish(setup, conn, *c.o.Birth); err != nil {
			return err
		}
	}
	c.log.Info("broker connected", "broker", c.Status().Broker)
	c.set(conn, true, nil)

	select {
	case err := <-lost:
		return fmt.Errorf("connection lost: %w", err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave says the will when Run ends: a clean DISCONNECT takes it back from the
// broker. [MQTT-3.14.4-3]
func (c *Client) leave(ctx context.Context, conn paho.Client) {
	if ctx.Err() == nil {
		return
	}
	c.mu.Lock()
	c.line.gentle.Store(true)
	c.mu.Unlock()
	if c.o.Will == nil {
		return
	}
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	if err := publish(bye, conn, *c.o.Will); err != nil {
		c.log.Warn("the last message did not reach the broker", "broker", c.Status().Broker, "topic", c.o.Will.Topic, "err", err)
	}
}

// Publish sends a message and, for QoS 1 and 2, waits for the broker's
// acknowledgement. While there is no connection it refuses at once with an
// *OfflineError: nothing is kept for later. When ctx's deadline passes before the
// acknowledgement, the connection is given up with all that is on its way: the broker
// may have the message, and if not it never will. When ctx is canceled, the message may
// still arrive.
func (c *Client) Publish(ctx context.Context, m Message) error {
	if err := checkTopic(m.Topic); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	c.mu.Lock()
	conn, line, connected := c.conn, c.line, c.status.Connected
	c.mu.Unlock()
	if !connected || !conn.IsConnectionOpen() {
		return fmt.Errorf("publish to %q: %w", m.Topic, c.offline())
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("publish to %q: %w", m.Topic, err)
	}
	err := publish(ctx, conn, m)
	if m.QoS > 0 && errors.Is(err, context.DeadlineExceeded) {
		c.log.Warn("the broker does not acknowledge, its connection is given up", "broker", c.Status().Broker, "topic", shorten(m.Topic))
		line.abandon()
	}
	return err
}

func publish(ctx context.Context, conn paho.Client, m Message) error {
	// paho's Publish waits for its writer, so it has a goroutine until then.
	sent := make(chan paho.Token, 1)
	go func() { sent <- conn.Publish(m.Topic, m.QoS, m.Retain, m.Payload) }()
	select {
	case token := <-sent:
		if err := wait(ctx, token); err != nil {
			return fmt.Errorf("publish to %q: %w", m.Topic, err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("publish to %q: %w", m.Topic, ctx.Err())
	}
}

// Subscribe calls handle for each message that a topic filter covers, now and
// after each new connection; retained messages come again then. A filter has
// one handler, the newest. A message that several filters cover goes to each
// of them, and may come more than once. [MQTT-3.3.5-1]
//
// Without a connection the filters are remembered and the result is nil.
func (c *Client) Subscribe(ctx context.Context, handle func(Message), filters ...string) error {
	for _, f := range filters {
		if err := checkFilter(f); err != nil {
			return fmt.Errorf("subscribe: %w", err)
		}
	}
	c.mu.Lock()
	for _, f := range filters {
		if wild(f) {
			c.wild[f] = handle
		} else {
			c.exact[f] = handle
		}
	}
	conn := c.conn
	c.mu.Unlock()
	if conn == nil {
		return nil
	}
	if err := c.subscribe(ctx, conn, filters); err != nil && conn.IsConnectionOpen() {
		return err
	}
	return nil // or the connection broke: the next one subscribes
}

// Unsubscribe forgets topic filters.
func (c *Client) Unsubscribe(ctx context.Context, filters ...string) error {
	c.mu.Lock()
	for _, f := range filters {
		delete(c.exact, f)
		delete(c.wild, f)
	}
	conn := c.conn
	c.mu.Unlock()
	if conn == nil || len(filters) == 0 {
		return nil
	}
	if err := wait(ctx, conn.Unsubscribe(filters...)); err != nil && conn.IsConnectionOpen() {
		return fmt.Errorf("unsubscribe: %w", err)
	}
	return nil
}

// subscribe asks for messages at QoS 0. At QoS 1 brokers limit how many they
// have in flight or queued for one client, and drop the retained states of a
// large home beyond that; and mochi 2.7.9 refuses a SUBSCRIBE whose packet id is that
// of a message in flight to the same client, though the ids of the two
// directions are independent [MQTT-2.3.1-4]. What a lost connection loses comes again, retained.
// A filter that the broker refuses is left out: the others count.
func (c *Client) subscribe(ctx context.Context, conn paho.Client, filters []string) error {
	for batch := range slices.Chunk(filters, subscribeBatch) {
		want := make(map[string]byte, len(batch))
		for _, f := range batch {
			want[f] = 0
		}
		token := conn.SubscribeMultiple(want, nil)
		if err := wait(ctx, token); err != nil {
			return fmt.Errorf("subscribe to %q and %d more: %w", batch[0], len(batch)-1, err)
		}
		for f, granted := range token.(*paho.SubscribeToken).Result() {
			if granted == 0x80 { // [MQTT-3.9.3-2]
				c.log.Warn("the broker refuses a topic, what it says will not be known", "broker", c.Status().Broker, "topic", f)
			}
		}
	}
	return nil
}

// wait waits for a token or the end of ctx.
func wait(ctx context.Context, token paho.Token) error {
	select {
	case <-token.Done():
		return token.Error()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// deliver hands messages to their handlers until the inbox is closed.
func (c *Client) deliver() {
	for {
		m, dropped, ok := c.inbox.take()
		if !ok {
			return
		}
		if dropped > 0 {
			c.log.Warn("messages lost, a handler is too slow", "broker", c.Status().Broker, "count", dropped)
		}
		for _, handle := range c.covering(m.Topic) {
			handle(m)
		}
	}
}

// covering returns the handlers of a topic: that of the topic itself, then
// those of the filters with wildcards.
func (c *Client) covering(topic string) []func(Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []func(Message)
	if h, ok := c.exact[topic]; ok {
		found = append(found, h)
	}
	for f, h := range c.wild {
		if matches(f, topic) {
			found = append(found, h)
		}
	}
	return found
}
