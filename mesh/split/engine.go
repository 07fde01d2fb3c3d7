package split

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Engine is llama.cpp as it is installed here.
type Engine struct {
	Server string   // llama-server
	RPC    []string // ggml-rpc-server: the program and the arguments that come first
	Build  string   // SHA-256, in hex, of what two ends of a split must have alike
}

// parts are the files that make a build, below the root that the engine is installed in. The
// backends for single processors are not among them: each box has its own.
var parts = []string{"usr/bin/llama-server", "usr/libexec/*/llama/bin/ggml-rpc-server", "usr/lib/*/llama/libllama-server-impl.so",
	"usr/lib/*/libllama.so.?", "usr/lib/*/libggml.so.?", "usr/lib/*/libggml-base.so.?", "usr/lib/*/ggml/backends?/libggml-rpc.so"}

// FindEngine finds the rest of the engine that a llama-server belongs to: in the root of the
// libraries beside it (native/prefix.sh), where it is not the distribution's own.
func FindEngine(server string) (Engine, error) {
	at, err := filepath.EvalSymlinks(server)
	if err != nil {
		return Engine{}, fmt.Errorf("find the engine: %w", err)
	}
	root, private := filepath.Join(filepath.Dir(at), "..", "root"), true
	if _, err := os.Stat(root); err != nil {
		root, private = "/", false
	}
	e := Engine{Server: server}
	sum := sha256.New()
	for _, pattern := range parts {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			return Engine{}, fmt.Errorf("find the engine: there is no %s: is llama.cpp-tools-extra installed?", filepath.Join(root, pattern))
		}
		slices.Sort(files)
		if err := add(sum, files[0]); err != nil {
			return Engine{}, fmt.Errorf("hash the engine: %w", err)
		}
		if filepath.Base(files[0]) == "ggml-rpc-server" {
			e.RPC = files[:1]
		}
	}
	if private {
		linkers, err := filepath.Glob(filepath.Join(root, "usr/lib/*/ld-linux*.so.*"))
		if err != nil || len(linkers) == 0 {
			return Engine{}, fmt.Errorf("find the engine: %s has no dynamic linker", root)
		}
		lib := filepath.Dir(linkers[0])
		e.RPC = []string{linkers[0], "--library-path", lib + ":" + filepath.Join(lib, "llama"), e.RPC[0]}
	}
	e.Build = hex.EncodeToString(sum.Sum(nil))
	return e, nil
}

func add(to io.Writer, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(to, f)
	return err
}
