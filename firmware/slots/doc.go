// Package slots is the two places on the card that a system can be started from, A and B.
//
// RAUC writes them, checks signatures and talks to U-Boot's environment; this package asks
// RAUC by its command line. The boot script counts the starts of a slot down, three to
// begin with, and takes the other slot where none are left (images/firmware/slots.cmd).
// So a system that was started must say that it is good, each time: MarkGood. One that
// never does so is left by itself.
//
// Nothing here decides whether a system is good or a bundle is wanted; package appliance
// does.
package slots
