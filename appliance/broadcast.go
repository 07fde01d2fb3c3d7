package appliance

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/cricket-home/cricket/home"
	"github.com/cricket-home/cricket/mqtt"
	"github.com/cricket-home/cricket/voice"
)

// What is said from box to box, and to boxes by whoever may publish. None of it is
// ever taken for a request: it is spoken, and nothing else. docs/speech.md has the
// topics:
//
//	cricket/<node>/broadcast[/<area>]  a box lets the others speak (those of a room)
//	cricket/<node>/heard               a box tells that it does
//	cricket/<node>/say, cricket/all/say  from automations
//	cricket/<node>/chime, cricket/all/chime  a door bell, and perhaps a text

// maxTold is the longest text that a topic may let a box say.
const maxTold = 1000 // bytes

// heardTime is how long the boxes have to say that they speak an announcement.
const heardTime = time.Second

// errUnheard says that an announcement has reached nobody.
var errUnheard = errors.New("no other box took it")

// taken is what a box tells the one that announces.
type taken struct {
	Node    string `json:"node"`
	Message string `json:"message"`
}

// tellTopics are the topics that let this box speak.
func tellTopics() []string {
	own := "cricket/" + node()
	return []string{"cricket/all/say", own + "/say", "cricket/all/chime", own + "/chime", own + "/heard", "cricket/+/broadcast", "cricket/+/broadcast/+"}
}

// told takes a message of those topics.
func (b *Box) told(m mqtt.Message) {
	parts := strings.Split(m.Topic, "/")
	from := parts[1]
	if m.Retain || len(m.Payload) > maxTold { // what is kept by the broker was for then
		b.log.Warn("a text to say was left out: it is retained, or too long", "topic", m.Topic)
		return
	}
	if parts[2] == "heard" {
		var t taken
		if json.Unmarshal(m.Payload, &t) == nil && t.Node != node() {
			select {
			case b.heardBy <- t:
			default: // nobody waits for so many
			}
		}
		return
	}
	text := voice.Plain(string(m.Payload))
	if err := b.silent(); err != nil { // and whoever announces is not told that this one speaks it
		b.log.Warn("a text was not said", "topic", m.Topic, "err", err)
		return
	}
	switch {
	case parts[2] == "chime":
		b.speech.Doorbell(text)
	case text == "":
		return
	case parts[2] == "say":
		b.speech.Tell(text, true)
	case from == node(), len(parts) == 4 && parts[3] != b.roomID(Request{}):
		return
	default:
		if b.repeats.by(false, string(m.Payload), time.Now()) {
			b.speech.Tell(text, true)
		}
		go b.take(from, string(m.Payload))
	}
}

// take tells the box that announces that this one speaks it.
func (b *Box) take(from, message string) {
	payload, err := json.Marshal(taken{node(), message})
	if err != nil {
		panic(err) // two texts
	}
	ctx, cancel := context.WithTimeout(context.Background(), publishTime)
	defer cancel()
	if err := b.client.Publish(ctx, mqtt.Message{Topic: "cricket/" + from + "/heard", Payload: payload, QoS: 1}); err != nil {
		b.log.Warn("event not published", "err", err)
	}
}

// broadcast lets other boxes say what a plan announces. This one does if it is of
// the room that is meant, and if all are meant and nobody just said so to it. The
// error is errUnheard if no box says it.
func (b *Box) broadcast(ctx context.Context, plan home.Plan, due bool) error {
	topic, here := "broadcast", due
	if plan.In != "" {
		here = plan.In == b.roomID(Request{})
	}
	if plan.In != "" {
		topic += "/" + plan.In
	}
	for range len(b.heardBy) {
		<-b.heardBy // late ones, of the last announcement
	}
	siblings, all := make(chan int, 1), context.WithoutCancel(ctx)
	go func() { siblings <- b.tellSiblings(all, plan.Announce, plan.In) }()
	err := b.send(ctx, topic, []byte(plan.Announce))
	if err == nil && here && b.silent() == nil {
		b.speech.Tell(plan.Announce, true)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, heardTime)
	defer cancel()
	if err != nil { // siblings need no broker
		select {
		case n := <-siblings:
			if n > 0 {
				return nil
			}
		case <-ctx.Done():
		}
		return err
	}
	for {
		select {
		case n := <-siblings:
			if n > 0 {
				return nil
			}
		case t := <-b.heardBy:
			if t.Message == plan.Announce {
				return nil
			}
		case <-ctx.Done():
			return errUnheard
		}
	}
}
