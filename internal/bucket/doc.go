// Package bucket counts what somebody may use up: a [Bucket] is full at first, fills again
// at a steady rate, and can be overdrawn, since what a thing costs is often known only when
// it is done. Who has overdrawn waits.
//
// Time is passed in; its monotonic reading counts where it has one, so that a clock that is
// set neither fills a bucket nor empties it.
package bucket
