package mqtt

import (
	"sync"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// turns keeps what is retained and what is looked up apart. mochi 2.7.9 looks for the
// retained messages of a new subscription with a wildcard without a lock, while another
// client's message writes the same tree: half a string may be read. Its hooks stand on
// both sides of either, in one goroutine. It must be the last hook: what an earlier one
// refuses is not retained.
//
// A subscriber that does not read holds nobody up: the look-up begins after its SUBACK is
// written, and what it finds goes into a queue.
//
// Not kept apart are mochi's own $SYS topics, which "#" does not match, and wills with a
// delay.
type turns struct {
	mochi.HookBase
	retained sync.RWMutex
}

func (t *turns) ID() string { return "turns" }

func (t *turns) Provides(b byte) bool {
	switch b {
	case mochi.OnPublish, mochi.OnWill, mochi.OnRetainMessage, mochi.OnPacketSent, mochi.OnPacketProcessed:
		return true
	}
	return false
}

// OnPublish and OnWill are before a message is retained.
func (t *turns) OnPublish(_ *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	if pk.FixedHeader.Retain {
		t.retained.Lock()
	}
	return pk, nil
}

func (t *turns) OnWill(_ *mochi.Client, w mochi.Will) (mochi.Will, error) {
	if w.Retain && w.WillDelayInterval == 0 {
		t.retained.Lock()
	}
	return w, nil
}

// OnRetainMessage is after it.
func (t *turns) OnRetainMessage(_ *mochi.Client, pk packets.Packet, _ int64) {
	if pk.Connect.WillProperties.WillDelayInterval == 0 {
		t.retained.Unlock()
	}
}

// OnPacketSent of the answer to a subscription is before its retained messages are looked
// up.
func (t *turns) OnPacketSent(_ *mochi.Client, pk packets.Packet, _ []byte) {
	if pk.FixedHeader.Type == packets.Suback {
		t.retained.RLock()
	}
}

// OnPacketProcessed is after it; without an answer nothing was looked up.
func (t *turns) OnPacketProcessed(_ *mochi.Client, pk packets.Packet, err error) {
	if pk.FixedHeader.Type == packets.Subscribe && err == nil {
		t.retained.RUnlock()
	}
}
