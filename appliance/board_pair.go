package appliance

import (
	"context"

	"github.com/cricket-home/cricket/mesh"
)

// pairPressed speaks a pairing code, as `cricket mesh pair` does. A home that begins has an
// owner's code to be written down, so its first two boxes are paired by the command line.
func (b *Box) pairPressed(ctx context.Context) {
	s := &b.siblings
	switch {
	case s.mesh == nil:
		b.log.Warn("the button was held to pair, and this box has no mesh")
	case b.silent() != nil:
		b.log.Warn("the button was held to pair, and nobody would hear the code", "err", b.silent())
	case s.mesh.Members().Home() == "":
		b.log.Warn("the button was held to pair, and this box is in no home yet: type  cricket mesh pair")
	default:
		go func() {
			_, err := s.mesh.Show(ctx, func(i mesh.Invitation) { s.say(ctx, string(i.Code)) })
			if err != nil && ctx.Err() == nil {
				b.log.Warn("nothing was paired", "err", err)
			}
		}()
	}
}
