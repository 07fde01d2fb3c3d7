// Command deb makes Cricket's Debian package from the files that images/stage.sh laid
// out: nfpm.yaml says what is in it. The same files give the same package.
//
//	STAGE=DIR ARCH=arm64 VERSION=1.2.3 deb FILE.deb
//
// It is a module of its own, so that what it needs is no dependency of Cricket.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/deb"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "deb: error: one argument is needed, the file to write")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "deb: error:", err)
		os.Exit(1)
	}
}

// write makes the package that nfpm.yaml in the current folder describes.
func write(file string) error {
	config, err := nfpm.ParseFileWithEnvMapping("nfpm.yaml", os.Getenv)
	if err != nil {
		return fmt.Errorf("read nfpm.yaml: %w", err)
	}
	nfpm.RegisterPackager("deb", deb.Default)
	info, err := config.Get("deb")
	if err != nil {
		return fmt.Errorf("read nfpm.yaml: %w", err)
	}
	info = nfpm.WithDefaults(info)
	if err := nfpm.PrepareForPackager(info, "deb"); err != nil {
		return fmt.Errorf("read nfpm.yaml: %w", err)
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := errors.Join(deb.Default.Package(info, out), out.Close()); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", file, err), os.Remove(file))
	}
	return nil
}
