package main

import (
	"context"
	"fmt"
	"time"
)

// speaker loads the guest's microphone and speaks into it, three times at most for a
// busy host; then it looks around.
const speaker = `modprobe snd-aloop pcm_substreams=1; p=/run/test/probe; $p listening; n=0
while [ $n -lt 3 ]; do n=$((n+1)); sleep 5; /run/test/aplay -q -D plughw:Loopback,1 /run/test/speech.wav; sleep 15; systemctl show -p ActiveState,StatusText,NRestarts cricket; done
journalctl -b --no-pager -o short-monotonic -n 60 -u cricket -u "cricket-*@*"; $p canary kitchen lights; $p scan; $p who`

// hearing is how long the box may take from listening to a switched lamp, three spoken
// requests on a busy host.
const hearing = 5 * time.Minute

// speak is the demo conversation: a request is spoken to the guest, and the home's broker
// sees what becomes of it. Then the box is looked at from inside.
func (t *test) speak(ctx context.Context) error {
	b, err := openHome()
	if err != nil {
		return err
	}
	defer b.close()
	card, disk, err := t.disks(fmt.Sprintf("name = boot-test\nmqtt_broker = tcp://10.0.2.2:%d\nmicrophone = Loopback\nloudspeaker = null\n", b.port))
	if err != nil {
		return err
	}
	g, err := t.boot(ctx, card, disk, "", unit(speaker))
	if err != nil {
		return err
	}
	defer g.kill()
	for _, want := range []string{"Linux version", "Starting cricket.service", "boot-test: listening"} {
		if _, err := g.until(ctx, want); err != nil {
			return err
		}
		t.say("the guest says %q", want)
	}
	heard, stop := context.WithTimeout(ctx, hearing)
	defer stop()
	told := make(chan error, 1)
	go func() { told <- t.looks(ctx, g) }()
	for _, want := range []struct{ what, topic, payload string }{
		{"the box is there", "cricket/", ""},
		{"the lamp is switched on", "boot/lamp/set", "ON"},
		{"the lamp tells its new state", "boot/lamp/state", "ON"},
	} {
		m, err := b.wait(heard, want.topic, want.payload)
		if err != nil {
			return fmt.Errorf("%s: %w", want.what, err)
		}
		t.say("%s: %s %s", want.what, m.topic, m.payload)
	}
	return <-told
}

// looks waits for what the probe finds in the guest.
func (t *test) looks(ctx context.Context, g *guest) error {
	for _, want := range []string{"boot-test: canary: not found", "boot-test: scan of", "boot-test: who:"} {
		line, err := g.until(ctx, want)
		if err != nil {
			return err
		}
		t.say("the guest says %q", line)
	}
	return nil
}
