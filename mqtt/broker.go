package mqtt

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"

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
)

// BrokerOptions say where the broker listens, and for whom.
type BrokerOptions struct {
	Address  string // host:port; port 0 for any free one
	Username string // with Password: clients must give both
	Password string // required unless the address is loopback
	Log      *slog.Logger
}

// Broker is an MQTT broker inside this process. Retained messages are kept in
// memory: devices publish theirs again when they connect.
type Broker struct {
	listener net.Listener
	server   *mochi.Server
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
	limits := mochi.NewDefaultServerCapabilities()
	limits.MaximumClients = maxClients
	limits.MaximumPacketSize = maxPacket
	limits.MaximumClientWritesPending = maxPending
	limits.MaximumInflight = maxInflight
	limits.MaximumSessionExpiryInterval = sessionExpiry
	limits.MaximumMessageExpiryInterval = 0 // mochi's day would erase retained discovery
	b := &Broker{
		listener: listener,
		log:      o.Log,
		server: mochi.New(&mochi.Options{
			Capabilities:           limits,
			Logger:                 slog.New(quiet{o.Log.Handler()}),
			SysTopicResendInterval: statisticsSeconds,
		}),
	}
	if err := errors.Join(
		b.server.AddHook(&gate{username: o.Username, password: o.Password, log: o.Log}, nil),
		b.server.AddHook(&keeper{log: o.Log, sizes: map[string]int{}}, nil),
		b.server.AddListener(newListener(listener, o.Log)),
	); err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("start broker: %w", err)
	}
	return b, nil
}

// Addr is the address that the broker listens on, with the real port.
func (b *Broker) Addr() string { return b.listener.Addr().String() }

// Run serves clients until ctx ends, then closes all connections and the
// port. It must be called once.
func (b *Broker) Run(ctx context.Context) error {
	if err := b.server.Serve(); err != nil {
		return errors.Join(fmt.Errorf("serve broker: %w", err), b.listener.Close())
	}
	b.log.Info("broker listens", "addr", b.Addr())
	<-ctx.Done()
	if err := b.server.Close(); err != nil {
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
	k.mu.Lock()
	defer k.mu.Unlock()
	k.total += size - k.sizes[topic]
	if size == 0 {
		delete(k.sizes, topic)
		return
	}
	k.sizes[topic] = size
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
