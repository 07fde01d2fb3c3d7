package mqtt

import (
	"fmt"
	"net"
	"net/url"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// What is retained while others subscribe to everything reaches them whole: run with -race.
func TestBrokerRetainsWhileItIsSearched(t *testing.T) {
	b, _ := startBroker(t, BrokerOptions{Address: "127.0.0.1:0"})
	join := func(o *paho.ClientOptions) paho.Client {
		c := paho.NewClient(o.AddBroker(b.Local()).SetAutoReconnect(false))
		do(t, c.Connect())
		t.Cleanup(func() { c.Disconnect(0) })
		return c
	}
	writer, reader := join(paho.NewClientOptions()), join(paho.NewClientOptions())
	const rounds = 200
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range rounds {
			// The topic is a branch of the next one's: it is in the tree before it is retained.
			do(t, writer.Publish(fmt.Sprintf("home/%d/state", i), 1, true, "on"))
			do(t, writer.Publish(fmt.Sprintf("home/%d", i), 1, true, "here"))
			do(t, writer.Publish(fmt.Sprintf("home/%d", i/2), 1, true, ""))
		}
	}()
	for i := range rounds {
		do(t, reader.Subscribe("#", 0, func(paho.Client, paho.Message) {}))
		do(t, reader.Subscribe("home/+", 0, func(paho.Client, paho.Message) {}))
		var line net.Conn
		join(paho.NewClientOptions().SetWill(fmt.Sprintf("home/%d", i), "gone", 1, true).
			SetCustomOpenConnectionFn(func(*url.URL, paho.ClientOptions) (c net.Conn, err error) {
				line, err = net.Dial("tcp", b.Addr())
				return line, err
			}))
		_ = line.Close() // its will is sent
	}
	<-done
}

func do(t *testing.T, token paho.Token) {
	t.Helper()
	if !token.WaitTimeout(30*time.Second) || token.Error() != nil {
		t.Errorf("the broker answers: %v", token.Error())
	}
}
