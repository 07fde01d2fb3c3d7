package appliance

import (
	"context"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/mesh/claim"
	"github.com/cricket-home/cricket/voice"
	"github.com/cricket-home/cricket/voice/wake"
)

// nearest is which of the boxes that heard one call answers. Boxes have no clock in common,
// so that among equals the order of their ids decides.
func nearest(bids []claim.Bid) peer.ID {
	var claims []wake.Claim
	for _, b := range bids {
		claims = append(claims, wake.Claim{Box: string(b.Box), Score: b.Score, SNR: b.SNR})
	}
	return peer.ID(wake.Winner(claims).Box)
}

// contend asks the siblings who answers a call, and gives it up where another box does. Nothing
// waits for that: whoever called is listened to meanwhile.
func (l *live) contend(ctx context.Context, w voice.Wake) {
	node := l.box.claims.Load()
	if node == nil {
		return
	}
	l.calls++
	this := l.calls
	own := claim.Claim{Word: w.Word, Score: min(max(w.Score, 0), 1), SNR: min(max(w.SNR, -200), 200), Room: l.box.roomID(Request{})}
	go func() {
		if node.Call(ctx, own) {
			return
		}
		l.post(ctx, func() {
			if l.calls == this {
				l.log.Info("another box answers", "wake", own.Word)
				l.happen(ctx, Unmeant)
			}
		})
	}()
}
