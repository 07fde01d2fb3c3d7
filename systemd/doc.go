// Package systemd has no code: it tests the units beside it.
//
// cricket.service is the daemon, which has the network and no device. The programs
// written in C are units of their own, cricket-audio@, cricket-stt@ and
// cricket-sphinx@.service: systemd starts one for each connection to the socket of the
// same name, under a user that exists for that time only, without a network and without
// the house's files. docs/wire.md says what goes through the socket.
//
// Each setting that hardens a unit is in all of them, or a comment that begins with
// "Exception" says why it is not.
package systemd
