// Package schedule keeps what a household wants later: timers, alarms,
// reminders, commands for later, and its lists.
//
// In: changes, and the time by both clocks of the box (Now). Out: a Book, an
// immutable value that tells what is due and what is left; and a Store, which
// keeps the Book in one file through a power cut.
//
// Countdowns run on the monotonic clock: setting the wall clock does not move
// them. When the box was off, they go on by the wall clock, once that is known;
// until then by what was left when they were last changed, so that they may end
// late, and never too soon. Alarms and the like keep local wall time (Rule), and
// sunrise and sunset of a Place. A local time that a day lacks, because the
// clocks go forward, is taken with the offset before the change; of one that
// comes twice the first is meant (RFC 5545, 3.3.5).
//
// Nothing here but Store has a connection to anything, and nothing has a
// goroutine or a clock. Durations in the file are nanoseconds.
package schedule
