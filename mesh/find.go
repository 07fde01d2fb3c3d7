package mesh

import (
	"context"
	"sync"
	"time"
)

// findAgain is how long looking rests after it failed.
const findAgain = 10 * time.Second

// announce tells the network what is new about this box.
func (m *Mesh) announce() {
	select {
	case m.announced <- struct{}{}:
	default:
	}
}

// announcement is what the network is told now.
func (m *Mesh) announcement() Announcement {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return Announcement{ID: m.id.ID, Port: portOf(m.host), Pair: m.pair, Known: m.members.Has}
}

// keepFinding announces this box and takes hints, while there is anything to find: a box
// that was not paired and shows no code is silent.
func (m *Mesh) keepFinding(ctx context.Context) {
	for {
		a := m.announcement()
		looking, stop := context.WithCancel(ctx)
		var group sync.WaitGroup
		if a.Port != 0 || a.Pair != 0 {
			group.Go(func() { m.find(looking, a) })
		}
		select {
		case <-ctx.Done():
		case <-m.announced:
		}
		stop()
		group.Wait()
		if ctx.Err() != nil {
			return
		}
	}
}

func (m *Mesh) find(ctx context.Context, a Announcement) {
	for ctx.Err() == nil {
		err := m.options.Finder.Run(ctx, a, func(h Hint) {
			if m.Host() != nil {
				m.found(ctx, h)
			}
		}, m.dialNow)
		if err != nil && ctx.Err() == nil {
			m.log.Warn("siblings are not looked for in the network", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(findAgain):
		}
	}
}
