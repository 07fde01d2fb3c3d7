package mqtt

import "sync"

// inbox holds messages between paho and the handlers. put never waits: when
// the inbox is full, the oldest message is dropped and counted.
type inbox struct {
	mu      sync.Mutex
	some    *sync.Cond
	queue   []Message
	limit   int
	dropped int
	closed  bool
}

func newInbox(limit int) *inbox {
	b := &inbox{limit: limit}
	b.some = sync.NewCond(&b.mu)
	return b
}

func (b *inbox) put(m Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	if len(b.queue) == b.limit {
		b.queue = b.queue[1:]
		b.dropped++
	}
	b.queue = append(b.queue, m)
	b.some.Signal()
}

// take waits for the next message. dropped is how many were lost since the
// last take; ok is false once the inbox is closed.
func (b *inbox) take() (m Message, dropped int, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.queue) == 0 && !b.closed {
		b.some.Wait()
	}
	if b.closed {
		return Message{}, 0, false
	}
	m, b.queue = b.queue[0], b.queue[1:]
	dropped, b.dropped = b.dropped, 0
	return m, dropped, true
}

// close ends take; what still waits is dropped.
func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.queue = nil
	b.some.Broadcast()
}
