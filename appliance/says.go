package appliance

import "github.com/cricket-home/cricket/intent"

// says tells the bundled recogniser whether a sentence for this home begins like text,
// and whether it is a whole one.
func (b *Box) says(text string) (begins, whole bool) {
	s := b.house.Now().Resolver.Check(text)
	return s != intent.Dead, s.Complete()
}
