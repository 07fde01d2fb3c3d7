package mqtt

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync/atomic"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// maxPublish is the longest PUBLISH that is handed on, in bytes after its fixed
// header: the longest topic, a packet id and the payload.
const maxPublish = 2 + 65535 + 2 + maxReceived

// maxOther is the same for what a broker answers with. A SUBACK of ours has 2 bytes and
// one for each filter of its SUBSCRIBE.
const maxOther = 2 + subscribeBatch

// limited is the connection to a broker without the PUBLISH packets that are too long:
// paho would make room for whatever length a packet gives, up to 256 MB, before anybody
// can look at it.
type limited struct {
	net.Conn
	r       *bufio.Reader
	header  []byte // of the packet under way, that is not read yet
	body    int    // bytes of it that are not read yet
	dropped func(topic string, bytes int)
	gentle  atomic.Bool // Close lets what was written arrive
	left    atomic.Bool // by abandon
}

// errAbandoned is what reading gives after abandon. paho takes the error of a closed
// connection for its own doing, and would go on as if it were there.
var errAbandoned = errors.New("the broker does not acknowledge")

// abandon gives the connection up, as if it had broken.
func (l *limited) abandon() {
	l.left.Store(true)
	_ = l.Close()
}

// Close ends the connection. Unless it is gentle, what was written and is not
// acknowledged yet is given up, so that the kernel does not deliver a command after
// somebody was told that it could not be sent.
func (l *limited) Close() error {
	if !l.gentle.Load() {
		hard(l.Conn)
	}
	return l.Conn.Close()
}

// hard makes closing a connection drop what it has to send.
func hard(c net.Conn) {
	for {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // it may be closed already
			return
		}
		inner, ok := c.(interface{ NetConn() net.Conn }) // TLS, WebSocket
		if !ok {
			return
		}
		c = inner.NetConn()
	}
}

func limit(c net.Conn, dropped func(topic string, bytes int)) *limited {
	return &limited{Conn: c, r: bufio.NewReader(c), dropped: dropped}
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.read(p)
	if err != nil && l.left.Load() {
		err = errAbandoned
	}
	return n, err
}

func (l *limited) read(p []byte) (int, error) {
	for len(l.header) == 0 && l.body == 0 {
		if err := l.next(); err != nil {
			return 0, err
		}
	}
	if len(l.header) > 0 {
		n := copy(p, l.header)
		l.header = l.header[n:]
		return n, nil
	}
	n, err := l.r.Read(p[:min(len(p), l.body)])
	l.body -= n
	return n, err
}

// next reads a fixed header, and the rest of the packet if it is left out. [MQTT-2.2]
func (l *limited) next() error {
	first, err := l.r.ReadByte()
	if err != nil {
		return err
	}
	header, length := []byte{first}, 0
	for shift := 0; ; shift += 7 {
		b, err := l.r.ReadByte()
		if err != nil {
			return err
		}
		header = append(header, b)
		length |= int(b&0x7f) << shift
		if b&0x80 == 0 {
			break
		}
		if shift == 21 { // [MQTT-2.2.3] four bytes at most
			return errors.New("the broker sends a packet whose length is not one")
		}
	}
	switch publish := first>>4 == 3; {
	case publish && length > maxPublish:
		return l.drop(length)
	case !publish && length > maxOther:
		return fmt.Errorf("the broker sends an answer of %d bytes", length)
	}
	l.header, l.body = header, length
	return nil
}

// drop reads a PUBLISH of that length, and keeps nothing. [MQTT-3.3.2]
func (l *limited) drop(length int) error {
	var size [2]byte
	if _, err := io.ReadFull(l.r, size[:]); err != nil {
		return err
	}
	topic := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(l.r, topic); err != nil {
		return err
	}
	rest := length - len(size) - len(topic)
	if _, err := io.CopyN(io.Discard, l.r, int64(rest)); err != nil {
		return err
	}
	l.dropped(string(topic), rest)
	return nil
}

// dial connects to a broker by its address, as paho does, and limits what comes.
func (c *Client) dial(u *url.URL, o paho.ClientOptions) (net.Conn, error) {
	var conn net.Conn
	var err error
	switch u.Scheme {
	case "ws", "wss":
		bare := *u
		bare.User = nil // a WebSocket's address has none
		conn, err = paho.NewWebsocket(bare.String(), o.TLSConfig, o.ConnectTimeout, o.HTTPHeaders, o.WebsocketOptions)
	default: // NewClient has let in no other than tcp and TLS
		if conn, err = o.Dialer.Dial("tcp", u.Host); err != nil {
			return nil, err
		}
		conn = promptly(conn)
		if u.Scheme != "tcp" && u.Scheme != "mqtt" {
			conn, err = encrypt(conn, o)
		}
	}
	if err != nil {
		return nil, err
	}
	l := limit(conn, c.tooLong)
	c.mu.Lock()
	c.line = l
	c.mu.Unlock()
	return l, nil
}

// encrypt makes TLS of a connection, or closes it.
func encrypt(conn net.Conn, o paho.ClientOptions) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), o.ConnectTimeout)
	defer cancel()
	encrypted := tls.Client(conn, o.TLSConfig)
	if err := encrypted.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // the handshake's error counts
		return nil, err
	}
	return encrypted, nil
}

// tooLong tells of a message that was dropped.
func (c *Client) tooLong(topic string, bytes int) {
	c.log.Warn("message dropped, it is too long", "topic", shorten(topic), "bytes", bytes)
}
