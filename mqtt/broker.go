package mqtt

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// Limits of the embedded broker: ample for a home, small enough that a
// device gone mad does not fill the memory of the board.
const (
	maxClients        = 512
	maxPacket         = 1 << 20  // bytes
	maxRetained       = 64 << 20 // bytes of topics and payloads, over all retained messages
	maxPending        = 4096     // messages that wait for one slow client; more are dropped
	maxInflight       = 1024     // of QoS 1 and 2, for one client
	sessionExpiry     = 60       // seconds that an absent client's session lives: commands must not be done an hour late
	statisticsSeconds = 60       // between publications of $SYS

	// How long after a change the retained messages are written. A topic that comes or
	// goes is an announcement, and seldom; a new payload of a known one is a state, which
	// its device tells again when it connects, and comes all day: a card wears out.
	soonWritten  = 2 * time.Second
	laterWritten = 5 * time.Minute
)

// BrokerOptions say where the broker listens, and for whom.
type BrokerOptions struct {
	Address  string // host:port; port 0 for any free one
	Username string // with Password: clients must give both
	Password string // required unless the address is loopback
	CertFile string // with KeyFile: clients speak TLS, and this is the certificate, PEM
	KeyFile  string
	File     string // keeps the retained messages; "": they are lost at the end
	Log      *slog.Logger
}

// Broker is an MQTT broker inside this process.
type Broker struct {
	listener net.Listener
	local    net.Listener // nil unless listener speaks TLS
	server   *mochi.Server
	keeper   *keeper
	file     string // "" where retained messages are not kept
	log      *slog.Logger
}

// NewBroker binds the address, so that a port in use is an error here and Addr
// is known; clients are served, and the port is given back, by Run. It refuses
// to listen beyond this machine without a password.
func NewBroker(o BrokerOptions) (*Broker, error) {
	if (o.Username == "") != (o.Password == "") {
		return nil, errors.New("start broker: a username and a password go together")
	}
	listener, err := net.Listen("tcp", o.Address)
	if err != nil {
		return nil, fmt.Errorf("start broker: %w", err)
	}
	if addr := listener.Addr().(*net.TCPAddr); !addr.IP.IsLoopback() && o.Password == "" {
		_ = listener.Close()
		return nil, fmt.Errorf("start broker on %q: others in the network could use it: it needs a username and a password", o.Address)
	}
	b := &Broker{listener: listener, file: o.File, log: o.Log}
	if err := b.encrypt(o); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	limits := mochi.NewDefaultServerCapabilities()
	limits.MaximumClients = maxClients
	limits.MaximumPacketSize = maxPacket
	limits.MaximumClientWritesPending = maxPending
	limits.MaximumInflight = maxInflight
	limits.MaximumSessionExpiryInterval = sessionExpiry
	limits.MaximumMessageExpiryInterval = 0 // mochi's day would erase retained discovery
	b.server = mochi.New(&mochi.Options{
		Capabilities:           limits,
		Logger:                 slog.New(quiet{o.Log.Handler()}),
		SysTopicResendInterval: statisticsSeconds,
	})
	b.keeper = &keeper{log: o.Log, sizes: map[string]int{}, changed: make(chan time.Duration, 1)}
	errs := []error{
		b.server.AddHook(&gate{username: o.Username, password: o.Password, log: o.Log}, nil),
		b.server.AddHook(b.keeper, nil),
		b.server.AddHook(&turns{}, nil),
		b.server.AddListener(newListener("tcp", b.listener, o.Log)),
	}
	if b.local != nil {
		errs = append(errs, b.server.AddListener(newListener("local", b.local, o.Log)))
	}
	if err := errors.Join(errs...); err != nil {
		b.closePorts()
		return nil, fmt.Errorf("start broker: %w", err)
	}
	b.restore()
	return b, nil
}

// encrypt puts TLS before the port, and opens another one on loopback for clients in
// this machine: they cannot know the certificate by the name of its host.
func (b *Broker) encrypt(o BrokerOptions) error {
	if (o.CertFile == "") != (o.KeyFile == "") {
		return errors.New("start broker: a certificate and its key go together")
	}
	if o.CertFile == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
	if err != nil {
		return fmt.Errorf("read the broker's certificate: %w", err)
	}
	if b.local, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return fmt.Errorf("start broker: %w", err)
	}
	b.listener = tls.NewListener(b.listener, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}})
	return nil
}

func (b *Broker) closePorts() {
	_ = b.listener.Close()
	if b.local != nil {
		_ = b.local.Close()
	}
}

// Local is the address of the broker for clients in this machine: "tcp://127.0.0.1:1883".
func (b *Broker) Local() string {
	if b.local != nil {
		return "tcp://" + b.local.Addr().String()
	}
	return "tcp://" + b.Addr()
}

// restore reads the retained messages that were kept. What cannot be read is not
// written over.
func (b *Broker) restore() {
	if b.file == "" {
		return
	}
	messages, err := readRetained(b.file)
	_, damaged := errors.AsType[*DamagedError](err)
	switch {
	case damaged:
		b.log.Error("some retained messages are lost; devices announce themselves again when they connect", "err", err)
	case err != nil:
		b.log.Error("retained messages are not kept", "err", err)
		b.file = ""
	}
	for _, m := range messages {
		b.server.Topics.RetainMessage(retainedPacket(m))
		b.keeper.set(m.Topic, len(m.Topic)+len(m.Payload))
	}
	select { // what was read is on the disk already
	case <-b.keeper.changed:
	default:
	}
}

// retainedPacket is a message as mochi keeps it.
func retainedPacket(m Message) packets.Packet {
	return packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish, Retain: true, Qos: m.QoS},
		TopicName:   m.Topic, Payload: m.Payload, Created: time.Now().Unix(),
	}
}

// keep writes the retained messages whenever they have changed, until ctx ends.
func (b *Broker) keep(ctx context.Context) {
	var due time.Time // zero: nothing is to be written
	timer := time.NewTimer(laterWritten)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case within := <-b.keeper.changed:
			if at := time.Now().Add(within); due.IsZero() || at.Before(due) {
				due = at
				timer.Reset(within)
			}
		case <-timer.C:
			if !due.IsZero() {
				due = time.Time{}
				b.save()
			}
		}
	}
}

// save writes the retained messages. What fails is tried again at the next change.
func (b *Broker) save() {
	if b.file == "" {
		return
	}
	messages := map[string]Message{}
	for topic, pk := range b.server.Topics.Retained.GetAll() {
		messages[topic] = Message{Topic: topic, Payload: pk.Payload, QoS: pk.FixedHeader.Qos}
	}
	if err := writeRetained(b.file, messages); err != nil {
		b.log.Error("a power cut would lose what devices have announced", "err", err)
	}
}

// Addr is the address that the broker listens on, with the real port.
func (b *Broker) Addr() string { return b.listener.Addr().String() }

// Run serves clients until ctx ends, then closes all connections and the
// port. It must be called once.
func (b *Broker) Run(ctx context.Context) error {
	if err := b.server.Serve(); err != nil {
		b.closePorts()
		return fmt.Errorf("serve broker: %w", err)
	}
	b.log.Info("broker listens", "addr", b.Addr())
	b.keep(ctx)
	err := b.server.Close()
	b.save()
	if err != nil {
		return fmt.Errorf("stop broker: %w", err)
	}
	return nil
}

// gate lets in who knows the password. Whoever is in may do everything: a
// home's devices trust each other.
type gate struct {
	mochi.HookBase
	username, password string
	log                *slog.Logger
}

func (g *gate) ID() string { return "gate" }

func (g *gate) Provides(b byte) bool {
	return b == mochi.OnConnectAuthenticate || b == mochi.OnACLCheck
}

func (g *gate) OnConnectAuthenticate(cl *mochi.Client, pk packets.Packet) bool {
	if g.password == "" {
		return true
	}
	user := same32(pk.Connect.Username, g.username)
	pass := same32(pk.Connect.Password, g.password)
	if user&pass == 1 {
		return true
	}
	g.log.Warn("broker refused a client: wrong username or password", "client", shorten(cl.ID), "addr", cl.Net.Remote)
	return false
}

// same32 compares in a time that tells nothing about the secret.
func same32(given []byte, secret string) int {
	a, b := sha256.Sum256(given), sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(a[:], b[:])
}

func (g *gate) OnACLCheck(*mochi.Client, string, bool) bool { return true }

// keeper counts the bytes of retained messages. Once there are too many, a new
// one is still delivered but not kept.
type keeper struct {
	mochi.HookBase
	log *slog.Logger

	mu    sync.Mutex
	sizes map[string]int // bytes by topic
	total int

	changed chan time.Duration // has an element when something is to be written, within that time
}

func (k *keeper) ID() string { return "keeper" }

func (k *keeper) Provides(b byte) bool {
	return b == mochi.OnPublish || b == mochi.OnRetainMessage || b == mochi.OnRetainedExpired
}

func (k *keeper) OnPublish(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	if !pk.FixedHeader.Retain || len(pk.Payload) == 0 {
		return pk, nil
	}
	k.mu.Lock()
	full := k.total-k.sizes[pk.TopicName]+len(pk.TopicName)+len(pk.Payload) > maxRetained
	k.mu.Unlock()
	if full {
		k.log.Warn("retained message not kept, the broker is full", "client", shorten(cl.ID), "topic", shorten(pk.TopicName))
		pk.FixedHeader.Retain = false
	}
	return pk, nil
}

func (k *keeper) OnRetainMessage(_ *mochi.Client, pk packets.Packet, _ int64) {
	size := 0
	if len(pk.Payload) > 0 {
		size = len(pk.TopicName) + len(pk.Payload)
	}
	k.set(pk.TopicName, size)
}

func (k *keeper) OnRetainedExpired(topic string) { k.set(topic, 0) }

func (k *keeper) set(topic string, size int) {
	if strings.HasPrefix(topic, "$") {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	within := laterWritten
	if before := k.sizes[topic]; (before == 0) != (size == 0) {
		within = soonWritten
	}
	k.tell(within)
	k.total += size - k.sizes[topic]
	if size == 0 {
		delete(k.sizes, topic)
		return
	}
	k.sizes[topic] = size
}

// tell asks for the messages to be written. k is locked.
func (k *keeper) tell(within time.Duration) {
	select {
	case k.changed <- within:
	case earlier := <-k.changed: // nobody has come to it
		k.changed <- min(within, earlier)
	}
}

// quiet lowers what mochi logs to debug, errors excepted: it speaks of every
// client that hangs up.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return q.Handler.Enabled(ctx, lowered(level))
}

func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	r.Level = lowered(r.Level)
	if r.Message == "" {
		r.Message = "broker client ended"
	}
	return q.Handler.Handle(ctx, r)
}

func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }
func (q quiet) WithGroup(name string) slog.Handler       { return quiet{q.Handler.WithGroup(name)} }

func lowered(level slog.Level) slog.Level {
	if level < slog.LevelError {
		return slog.LevelDebug
	}
	return level
}
