// Package intercom lets a box of the home be heard on another: a text to be said there, or
// up to 30 s of what somebody says into the microphone here.
//
// Sound is 16 kHz mono, 20 ms to a block, in IMA ADPCM: four bits a sample, 66 kbit/s. No pure
// Go encoder for Opus is kept well enough to be relied on.
//
// A stream is for one message. Whoever opens it sends a header, then blocks of sound if there
// is any, and closes its side; the other answers whether the message is heard, and if not why.
// A box takes one message of a sibling at a time. What to do with a message, and whether it is
// wanted now, is for the function that is handed in; that the sibling is paired, for the
// host's gater and the list of siblings.
package intercom
