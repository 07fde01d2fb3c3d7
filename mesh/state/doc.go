// Package state is what the boxes of a home tell each other about themselves, and
// whether they are there.
//
// A [Record] is one box's own account: its models and how fast it ran them, its queue,
// memory, heat, warm prompts, room and site. It is signed with the box's key and its
// version rises; a [Book] has the newest of each sibling and refuses what is forged,
// older, too long, or of a stranger. There is no leader: a record is the word of its
// box about itself and of nobody else.
//
// A [Life] says who is there: pure code, time passed in as a duration on the
// monotonic clock, so that no wall clock can kill anybody. Any byte that came from a
// box is life. Without one it is suspected at max(1.5 s, 4 x the learned 99th percentile
// of how late its beats are) and dead at 6 s; a third box is asked before that. A record
// is no life: one that others pass on revives nobody.
//
// A [Node] joins both over a libp2p host: records by gossipsub among the paired, all
// of them once over each new connection, then every 10 s which are known, so that who has
// newer ones sends them; and a heartbeat every 500 ms one way on a stream of its own, so
// that a lost answer is nobody's death.
package state
