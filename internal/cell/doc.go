// Package cell runs a program that speaks TCP without any guard, so that nobody but us can
// talk to it: in a network namespace of its own, whose only interface is the loopback.
//
// In: a [Cell]: the program, and doors between ports of that loopback and unix sockets, whose
// folder says who may use them. Out: the exit code of the process that is the cell. The daemon
// starts that process with child.Options.Cell set, which gives it user, network and process
// namespaces of its own (namespaces(7)); all that is in it ends with it. The program has no
// capabilities, gains none (PR_SET_NO_NEW_PRIVS), writes no core and takes no more memory than
// it is allowed. It still sees the files that the user of the daemon sees.
//
// Linux only. A system that forbids user namespaces has no cells: starting one is an error.
package cell
