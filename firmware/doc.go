// Package firmware is the board that a box is built on: its lights, buttons, mute light,
// amplifier, and what the kernel tells of heat and power.
//
// In: a State of the box, and a Profile that says what is soldered where. Out: light on
// the ring, presses of the buttons, readings. What the lights show is a pure function of
// state and time, Look.Frame, so that a terminal can show the same frames.
//
// The hardware is reached through periph.io: lines by the kernel's GPIO character device
// and LEDs by spidev. Where a profile names a pin "GPIO17", it is the line 17 of the chip
// behind a Raspberry Pi's header, as in Broadcom's numbering; any other name is the
// kernel's own for a line ("gpioinfo" lists them).
//
// Lights.Run and Button.Run are a goroutine each, of the caller's. Lines may be set from
// any goroutine.
package firmware
