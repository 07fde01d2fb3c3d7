package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/cricket-home/cricket/appliance"
)

// The exit codes of every command.
const (
	exitDone    = 0
	exitRefused = 1 // refused, or not understood
	exitUsage   = 2 // bad usage, config or input
	exitMissing = 3 // a part is missing or down
)

func main() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// fault is an error with what to do about it and the exit code.
type fault struct {
	err  error
	hint string
	code int
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

// terminal is where a command reads and writes.
type terminal struct {
	in       io.Reader
	out, err io.Writer
}

// Main runs the command line and returns the exit code.
func Main(args []string, in io.Reader, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the second signal ends the process

	var commands commands
	code := -1
	parser := grammar(&commands,
		kong.UsageOnError(),
		kong.Writers(out, errOut),
		kong.Exit(func(c int) { code = c }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(&terminal{in, out, errOut}),
	)
	command, err := parser.Parse(args)
	if code >= 0 { // --help and --version have answered
		return code
	}
	if err != nil {
		fmt.Fprintf(errOut, "cricket: error: %v\ncricket: hint: cricket --help\n", err)
		return exitUsage
	}
	if err = command.Run(); err == nil {
		return exitDone
	}
	f, ok := errors.AsType[*fault](err)
	if !ok {
		f = &fault{err: err, code: exitUsage}
	}
	if f.err != nil {
		fmt.Fprintf(errOut, "cricket: error: %v\n", f.err)
	}
	if f.hint != "" {
		fmt.Fprintf(errOut, "cricket: hint: %s\n", f.hint)
	}
	return f.code
}

// grammar is how the command line is read.
func grammar(c *commands, more ...kong.Option) *kong.Kong {
	return kong.Must(c, append([]kong.Option{
		kong.Name("cricket"),
		kong.Description("An offline voice assistant for the home."),
		kong.Vars{"default_config": appliance.ConfigFile},
	}, more...)...)
}

type commands struct {
	Run       run           `cmd:"" help:"Run the daemon."`
	Hear      hear          `cmd:"" help:"Answer what is spoken in WAV files."`
	Listen    listen        `cmd:"" help:"Answer one request spoken into the microphone."`
	Ask       ask           `cmd:"" help:"Answer a sentence."`
	Resolve   resolve       `cmd:"" help:"Resolve JSON lines from standard input, without any side effect."`
	Say       say           `cmd:"" help:"Speak a sentence."`
	Announce  announce      `cmd:"" help:"Let the boxes of the house, or of a room, say something."`
	Why       why           `cmd:"" help:"Explain the last requests."`
	Ring      ring          `cmd:"" help:"Show the lights of the box, what rings and what is planned; or stop the ringing."`
	Doctor    doctor        `cmd:"" help:"Find faults and name the fix."`
	Bench     benchCommands `cmd:"" help:"Measure this box."`
	FirstBoot firstBoot     `cmd:"" hidden:"" help:"Take over what is on the card (run by the card image)."`
	Cell      cellCommand   `cmd:"" hidden:"" help:"Be the network that an engine has for itself (run by the daemon)."`
	Models    modelCommands `cmd:"" help:"The models that hear, speak and understand."`
	Wake      wakeCommands  `cmd:"" help:"The words that wake the box."`
	Learned   struct {
		Show   learnedShow   `cmd:"" help:"Show what this household has taught its box."`
		Export learnedExport `cmd:"" help:"Write all of it as JSON."`
		Erase  learnedErase  `cmd:"" help:"Forget some of it, or all."`
	} `cmd:"" help:"What was learned in this house."`
	Mesh    meshCommands   `cmd:"" help:"The other boxes of this home."`
	Page    pageCommands   `cmd:"" help:"The house page in a browser."`
	Backup  backupCommand  `cmd:"" help:"Write what this box knows into one encrypted file."`
	Restore restoreCommand `cmd:"" help:"Take over what is in a backup."`
	OpenAI  openAI         `cmd:"" name:"openai" help:"Where programs ask the language model by OpenAI's API."`
	Update  updateCommands `cmd:"" help:"New versions of the box's whole system."`
	Home    struct {
		Show        homeShow        `cmd:"" help:"Show rooms and devices."`
		Import      homeImport      `cmd:"" help:"Take over floors, rooms, names and aliases from Home Assistant's registry files."`
		Permissions homePermissions `cmd:"" help:"Show who may do what."`
		Pending     homePending     `cmd:"" help:"Show new devices that wait for your approval."`
		Approve     homeApprove     `cmd:"" help:"Take in new devices that wait."`
	} `cmd:"" help:"The model of the home."`
}
