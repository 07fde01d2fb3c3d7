package mqtt

import "sync"

// inbox holds messages between paho and the handlers. put never waits: when
// the inbox is full, the oldest messages are dropped and counted.
type inbox struct {
	mu      sync.Mutex
	some    *sync.Cond
	queue   []Message
	bytes   int // of the topics and payloads in queue
	limit   int // messages
	room    int // bytes
	dropped int
	closed  bool
}

func newInbox(limit, room int) *inbox {
	b := &inbox{limit: limit, room: room}
	b.some = sync.NewCond(&b.mu)
	return b
}

func (b *inbox) put(m Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	b.queue = append(b.queue, m)
	b.bytes += size(m)
	for len(b.queue) > b.limit || b.bytes > b.room && len(b.queue) > 1 {
		b.first()
		b.dropped++
	}
	b.some.Signal()
}

func size(m Message) int { return len(m.Topic) + len(m.Payload) }

// first takes the oldest message out.
func (b *inbox) first() Message {
	m := b.queue[0]
	b.queue[0] = Message{} // or else its payload stays as long as the array does
	b.queue = b.queue[1:]
	b.bytes -= size(m)
	return m
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
	m = b.first()
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
