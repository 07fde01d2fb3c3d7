package appliance

import (
	"context"
	"time"

	"github.com/cricket-home/cricket/mqtt"
)

const (
	// enquiryDelay is how long after a connection devices have told their states by
	// themselves, or the broker for them.
	enquiryDelay = 10 * time.Second

	// enquiryPause is between two questions: a radio network that answers hundreds at
	// once has no time for commands.
	enquiryPause = 250 * time.Millisecond
)

// enquire asks the devices that have not told their state since the connection was made,
// and that can be asked, each once.
func (b *Box) enquire(ctx context.Context) error {
	for {
		select {
		case <-b.reached:
		case <-ctx.Done():
			return nil
		}
		if err := b.house.do(ctx, func() { b.house.heard = map[string]bool{} }); err != nil {
			return nil // the house has ended, and so does the box
		}
		if !b.enquireAfter(ctx) {
			return nil
		}
		for _, m := range b.enquiries(ctx) {
			if err := b.publish(ctx, m); err != nil {
				b.log.Debug("device not asked for its state", "topic", m.Topic, "err", err)
				break // with the next connection
			}
			if !pause(ctx, enquiryPause) {
				return nil
			}
		}
	}
}

// enquiries are the questions, each topic once.
func (b *Box) enquiries(ctx context.Context) []mqtt.Message {
	var all []mqtt.Message
	asked := map[string]bool{}
	_ = b.house.do(ctx, func() { // without a house there is nobody to ask
		for _, d := range b.house.Now().Home.Devices {
			if d.Entity == nil || b.house.heard[d.Entity.UniqueID] {
				continue
			}
			if m, ok := d.Entity.Enquiry(); ok && !asked[m.Topic] {
				asked[m.Topic] = true
				all = append(all, m)
			}
		}
	})
	return all
}

// pause waits, and reports whether ctx is still there.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
