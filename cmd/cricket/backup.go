package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cricket-home/cricket/appliance"
	"github.com/cricket-home/cricket/appliance/backup"
)

type backupCommand struct {
	File   string `arg:"" optional:"" help:"Where it is written; a name with today's date if left out." type:"path"`
	Config string `help:"Configuration file (${default_config} if that exists)." type:"path" placeholder:"F"`
}

// Run needs no daemon, and disturbs none: each file of the state is replaced as a whole.
func (c *backupCommand) Run(ctx context.Context, t *terminal) error {
	config, err := appliance.OwnConfig(c.Config, appliance.StateDir())
	if err != nil {
		return &fault{err, "cricket doctor", exitUsage}
	}
	now := time.Now()
	name, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("name backup: %w", err)
	}
	if c.File == "" {
		c.File = appliance.BackupName(name, now.Format("2006-01-02"))
	}
	out, err := os.OpenFile(c.File, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return &fault{fmt.Errorf("write backup: %w", err), "cricket backup OTHER-FILE", exitUsage}
	}
	phrase, err := t.passphrase("A passphrase for the backup (without it nobody can read it, you included): ")
	if err == nil {
		err = backup.Write(out, phrase, backup.About{Name: name, Time: now.UTC()}, appliance.BackupFolders(config, appliance.StateDir()))
	}
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return withHint(errors.Join(err, os.Remove(c.File)), c.File)
	}
	fmt.Fprintf(t.out, "\nWritten to %s. Keep it away from the box.\n", c.File)
	return nil
}

type restoreCommand struct {
	File    string `arg:"" help:"The backup." type:"existingfile"`
	Retired bool   `help:"The box that the backup is of is gone for good, and this one takes its place among its siblings."`
	Config  string `help:"Configuration file (${default_config} if that exists)." type:"path" placeholder:"F"`
}

func (c *restoreCommand) Run(ctx context.Context, t *terminal) error {
	if conn, err := net.Dial("unix", appliance.Socket(appliance.RuntimeDir())); err == nil {
		conn.Close()
		return &fault{errors.New("restore backup: the daemon runs, and would write its own state over it"), "sudo systemctl stop cricket   (or restore on the page System of the house page)", exitRefused}
	}
	in, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("restore backup: %w", err)
	}
	defer in.Close()
	phrase, err := t.passphrase("The passphrase of the backup: ")
	if err != nil {
		return err
	}
	if c.Config == "" {
		c.Config = appliance.ConfigFile
	}
	state := appliance.StateDir()
	for _, dir := range []string{state, filepath.Dir(c.Config)} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return withHint(fmt.Errorf("restore backup: %w", err), c.File)
		}
	}
	about, err := backup.Stage(in, phrase, backup.Folders{State: state, Config: filepath.Dir(c.Config)}, c.Retired)
	if err == nil {
		err = appliance.TakeRestored(c.Config, state)
	}
	if err != nil {
		return withHint(err, c.File)
	}
	fmt.Fprintf(t.out, "\nThe backup of %s of %s is restored.\n", about.Name, about.Time.Local().Format("2 January 2006 15:04"))
	if !c.Retired {
		fmt.Fprintln(t.out, "This box is still itself: pair it with its siblings, and set the password of its house page.")
	}
	if dir := backup.Owed(state); dir != "" {
		return &fault{fmt.Errorf("restore backup: the configuration may not be written; it is in %s", dir), "sudo cricket restore " + c.File, exitMissing}
	}
	return nil
}

// withHint adds what to type, where the error has no hint yet.
func withHint(err error, file string) error {
	if f, ok := errors.AsType[*fault](err); ok {
		return f
	}
	f := &fault{err, "", exitMissing}
	switch {
	case errors.Is(err, backup.ErrShort):
		f.hint, f.code = "take four words that have nothing to do with each other", exitUsage
	case errors.Is(err, backup.ErrPassphrase):
		f.hint, f.code = "try again; capitals and spaces count", exitRefused
	case errors.Is(err, backup.ErrNoBackup):
		f.hint, f.code = "sha256sum "+file+"   (here and where it was copied from)", exitUsage
	case errors.Is(err, os.ErrPermission):
		f.hint = "sudo cricket ..."
	default:
		f.hint = "df -h " + appliance.StateDir()
	}
	return f
}

// passphrase reads a line. It is seen as it is typed, like the owner's code: nobody who
// cannot see it types four words without a slip.
func (t *terminal) passphrase(question string) (string, error) {
	fmt.Fprint(t.out, question)
	line, err := bufio.NewReader(t.in).ReadString('\n')
	if err != nil && line == "" {
		return "", &fault{fmt.Errorf("read passphrase: %w", err), "type it, or  echo PASSPHRASE | cricket ...", exitUsage}
	}
	return strings.TrimRight(line, "\r\n"), nil
}
