package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/cricket-home/cricket/models/random"
)

// create writes a generated model to a file of that name in the temporary folder.
func create(at place, name string, write func(io.Writer) error) (string, error) {
	path := filepath.Join(at.tmp, name)
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return "", fmt.Errorf("generate %s: %w", path, err)
	}
	return path, nil
}

// complete starts llama-server on a unix socket and asks it to go on with a text under a grammar of two words. A
// random model would say neither of them by itself.
func complete(ctx context.Context, at place) (string, error) {
	model, err := create(at, "llama.gguf", func(w io.Writer) error { return random.Llama(w, random.SmallLlama(), 1) })
	if err != nil {
		return "", err
	}
	socket := filepath.Join(at.tmp, "llama.sock")
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var log bytes.Buffer
	server := exec.CommandContext(ctx, filepath.Join(at.bin, "llama-server"), "--host", socket, "--model", model,
		"--offline", "--no-webui", "-np", "1", "-t", "2", "--cache-ram", "16")
	server.Env = append(os.Environ(), "OMP_WAIT_POLICY=passive", "GGML_NO_BACKTRACE=1")
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		return "", fmt.Errorf("start llama-server: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		stop(fmt.Errorf("llama-server ended: %w", errors.Join(server.Wait())))
	}()

	dialer := &net.Dialer{}
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", socket)
		},
	}}
	saw, err := ask(ctx, client)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	stop(nil)
	<-ended // nothing writes to the log any more
	if err != nil {
		return "", fmt.Errorf("%w%s", err, lastLines(log.String()))
	}
	return saw, nil
}

func ask(ctx context.Context, client *http.Client) (string, error) {
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		if _, err := request(ctx, client, http.MethodGet, "/health", nil); err == nil {
			break
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	body, err := request(ctx, client, http.MethodPost, "/completion", map[string]any{
		"prompt": "the lamp is ", "n_predict": 8, "seed": 1, "grammar": `root ::= "on" | "off"`,
	})
	if err != nil {
		return "", err
	}
	var answer struct{ Content string }
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", fmt.Errorf("read llama-server's answer %q: %w", body, err)
	}
	if answer.Content != "on" && answer.Content != "off" {
		return "", fmt.Errorf("the grammar allows \"on\" and \"off\", and llama-server said %q", answer.Content)
	}
	return fmt.Sprintf("it said %q", answer.Content), nil
}

// request sends one request and returns the body of an answer with status 200.
func request(ctx context.Context, client *http.Client, method, path string, value any) ([]byte, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://llama"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer to %s: %w", path, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("llama-server answered %s with %s: %s", path, resp.Status, answer)
	}
	return answer, nil
}

// transcribe builds cricket-native against the libraries and has it load a model and run it.
func transcribe(ctx context.Context, at place) (string, error) {
	model, err := create(at, "whisper.bin", func(w io.Writer) error { return random.Whisper(w, random.SmallWhisper(), 1) })
	if err != nil {
		return "", err
	}
	native := filepath.Join(at.tmp, "cricket-native")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags", "-X main.root="+at.root, "-o", native, "./cmd/cricket-native")
	build.Env = append(os.Environ(), "CGO_ENABLED=1") // the only program with cgo; this one is built without
	if _, err := output(build); err != nil {
		return "", err
	}
	check := exec.CommandContext(ctx, native, "check", "--model", model)
	check.Env = append(os.Environ(), "OMP_WAIT_POLICY=passive", "GGML_NO_BACKTRACE=1")
	saw, err := output(check)
	if err != nil {
		return "", err
	}
	return strings.Join(strings.Fields(string(saw)), " "), nil
}
