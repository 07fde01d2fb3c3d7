package appliance

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/cricket-home/cricket/firmware"
)

// readEvery is how often heat and power are looked at.
const readEvery = 30 * time.Second

// readBoard looks at heat and power until ctx ends, and tells of them when they change.
func (b *Box) readBoard(ctx context.Context) error {
	for {
		before := b.readings.Load()
		now := firmware.Read(b.options.Sys)
		b.readings.Store(&now)
		if before != nil && isTrue(now.UnderVoltage) && !isTrue(before.UnderVoltage) {
			b.log.Warn("the power supply is too weak for this board")
		}
		if before != nil && isTrue(now.Throttled) && !isTrue(before.Throttled) {
			b.log.Warn("this board is too hot and works slower")
		}
		if b.self != nil {
			signal(b.self.changed)
		}
		if !pause(ctx, readEvery) {
			return nil
		}
	}
}

func isTrue(b *bool) bool { return b != nil && *b }

// checkPower says what is wrong with heat and power.
func (b *Box) checkPower() []Finding {
	var out []Finding
	r := firmware.Read(b.options.Sys)
	if isTrue(r.UnderVoltage) {
		out = append(out, Finding{Part: "power", Text: "the supply is too weak: the board may stop, or damage the card", Hint: "use the supply made for this board, and a short cable"})
	}
	if isTrue(r.Throttled) {
		out = append(out, Finding{Part: "heat", Text: fmt.Sprintf("the board works slower because of its heat, %s", celsius(r)), Hint: "give it air, or a heat sink"})
	}
	return out
}

func celsius(r firmware.Readings) string {
	if r.Celsius == nil {
		return "None" // Home Assistant's word for what is not known
	}
	return strconv.Itoa(int(math.Round(*r.Celsius)))
}
