// Command cricket is the daemon of a Cricket box and its command line.
//
// The daemon (`cricket run`) and every other command are described in
// docs/cli.md, with the exit codes and the JSON.
package main
