package split

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/cricket-home/cricket/internal/cell"
	"github.com/cricket-home/cricket/internal/child"
	"github.com/cricket-home/cricket/mesh/route"
)

const (
	looks       = 9               // round trips of which the median counts
	askWait     = 5 * time.Second // for a sibling's answer
	measured    = 48              // tokens that are written to measure a speed
	loadWait    = 30 * time.Minute
	contextSize = 4096 // tokens that the model sees
)

// Order says what is to be split, and with whom.
type Order struct {
	Model    string // GGUF file
	Siblings []peer.ID
	Free     int64   // bytes of this box that the model may take
	Alone    []Speed // of siblings that have the model for themselves
	Tell     func(line string)
}

// Running is a model that runs on several boxes.
type Running struct {
	Model  string
	Socket string // of its llama-server: route.NewLlama
	Shares []Share
	Speed  float64 // tokens per second that it writes, as measured at the start

	sent, received atomic.Int64
	stop           context.CancelFunc
	ended          chan struct{}
	err            error // set when ended is closed
}

// Sent and Received are the bytes that went through the tunnels since the start.
func (r *Running) Sent() int64     { return r.sent.Load() }
func (r *Running) Received() int64 { return r.received.Load() }

// Ended is closed when the model does not run any more, and Err then says why: nil after Stop.
func (r *Running) Ended() <-chan struct{} { return r.ended }
func (r *Running) Err() error             { <-r.ended; return r.err }

// Stop ends it and gives the memory back.
func (r *Running) Stop() {
	r.stop()
	<-r.ended
}

// LostError says which box was lost.
type LostError struct {
	Name string
	Err  error
}

func (e *LostError) Error() string { return fmt.Sprintf("%s was lost: %v", e.Name, e.Err) }
func (e *LostError) Unwrap() error { return e.Err }

// Begin splits a model, and returns when it answers, which may take minutes. It measures first
// what this box does alone, where the model fits. Where a split is not worth it the error is a
// [Refusal], and where a sibling went meanwhile a [LostError]. ctx is for the beginning only.
func (n *Node) Begin(ctx context.Context, o Order) (*Running, error) {
	if o.Tell == nil {
		o.Tell = func(string) {}
	}
	layers, err := Layers(o.Model)
	if err != nil {
		return nil, err
	}
	var offers []Offer
	for _, id := range o.Siblings {
		offer, err := n.look(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("ask %s to hold a part of the model: %w", n.o.Name(id), err)
		}
		o.Tell(fmt.Sprintf("%s lends %d MiB; there and back takes %.1f ms.", offer.Name, offer.Lends>>20, offer.RoundTrip.Seconds()*1e3))
		offers = append(offers, offer)
	}
	shares, err := Divide(layers, o.Free, n.o.Engine.Build, offers)
	if err != nil {
		return nil, err
	}
	alone := o.Alone
	if info, err := os.Stat(o.Model); err == nil && info.Size()+reserve <= o.Free {
		o.Tell("The model fits on this box; it is measured alone first.")
		one, err := n.run(ctx, o, nil)
		if err != nil {
			return nil, fmt.Errorf("measure the model on this box alone: %w", err)
		}
		one.Stop()
		alone = append(slices.Clone(alone), Speed{"this box", one.Speed})
	}
	for _, s := range shares {
		o.Tell(fmt.Sprintf("%s gets %d of %d layers, %d MiB.", s.Name, s.Layers, len(layers), s.Bytes>>20))
	}
	r, err := n.run(ctx, o, shares)
	if err != nil {
		return nil, err
	}
	if err := worth(r.Speed, alone); err != nil {
		r.Stop()
		return nil, err
	}
	return r, nil
}

// look asks a sibling what it lends, and how far it is.
func (n *Node) look(ctx context.Context, id peer.ID) (Offer, error) {
	ctx, stop := context.WithTimeout(ctx, askWait)
	defer stop()
	s, err := n.o.Host.NewStream(network.WithNoDial(ctx, "split"), id, Protocol)
	if err != nil {
		return Offer{}, err
	}
	defer s.Reset()
	defer context.AfterFunc(ctx, func() { s.Reset() })()
	a, err := ask(s, question{Ask: askLook})
	if err != nil {
		return Offer{}, err
	}
	var trips []time.Duration
	for range looks {
		began := time.Now()
		if _, err := ask(s, question{Ask: askBeat}); err != nil {
			return Offer{}, err
		}
		trips = append(trips, time.Since(began))
	}
	slices.Sort(trips)
	return Offer{id, n.o.Name(id), printable(a.Build), a.Lends, trips[len(trips)/2]}, nil
}

// run starts the model, on this box alone where there are no shares, and measures it.
func (n *Node) run(ctx context.Context, o Order, shares []Share) (*Running, error) {
	living, stop := context.WithCancelCause(context.Background())
	r := &Running{Model: o.Model, Socket: filepath.Join(n.o.Dir, "split.sock"), Shares: shares, stop: func() { stop(nil) }, ended: make(chan struct{})}
	defer context.AfterFunc(ctx, func() { stop(context.Cause(ctx)) })()
	llama := cell.Cell{Program: n.o.Engine.Server, Args: []string{"--model", o.Model, "--host", r.Socket, "--offline", "--no-webui", "-np", "1", "-c", strconv.Itoa(contextSize),
		"--cache-ram", "0", "-fit", "off", "-t", strconv.Itoa(max(1, runtime.NumCPU()-1)), "--log-verbosity", "1"}}
	var held sync.WaitGroup
	var servers []string
	for i, s := range shares {
		door := cell.Door{Socket: filepath.Join(n.o.Dir, fmt.Sprintf("rpc-%d.sock", i)), Port: rpcPort + i}
		if err := n.hold(living, stop, &held, r, s, door.Socket); err != nil {
			stop(err)
			held.Wait()
			close(r.ended)
			return nil, err
		}
		llama.Out = append(llama.Out, door)
		servers = append(servers, fmt.Sprintf("127.0.0.1:%d", door.Port))
	}
	if len(shares) > 0 {
		layers, list := proportions(shares)
		llama.Args = append(llama.Args, "--rpc", strings.Join(servers, ","), "-ngl", strconv.Itoa(layers), "--tensor-split", list)
	}
	client := route.NewLlama(r.Socket)
	server := child.NewServer(child.Options{Part: "split model", Program: n.o.Self, Args: llama.Arguments(), Cell: true, Log: n.o.Log,
		Env: []string{"OMP_WAIT_POLICY=passive", "GGML_NO_BACKTRACE=1"}}, func() error { return removed(r.Socket) }, client.Healthy)
	go func() {
		err := server.Once(living)
		select { // an engine that aborts since a box is gone is not what the house is told
		case <-living.Done():
		case <-time.After(2 * beatEvery):
		}
		stop(fmt.Errorf("the engine ended: %w", err))
		held.Wait()
		if r.err = context.Cause(living); errors.Is(r.err, context.Canceled) {
			r.err = nil
		}
		close(r.ended)
	}()
	loading, loaded := context.WithTimeout(living, loadWait)
	defer loaded()
	err := server.Serving(loading)
	if err == nil {
		r.Speed, err = measure(living, client)
	}
	if err != nil {
		stop(err)
		<-r.ended
		return nil, context.Cause(living)
	}
	return r, nil
}

// measure lets a model write, twice since the first time it reads its weights, and returns the
// better speed in tokens per second.
func measure(ctx context.Context, l *route.Llama) (best float64, err error) {
	p := route.Prompt{Messages: []route.Message{{Role: "user", Content: "Count slowly from one to a hundred, in words."}}, Tokens: measured}
	for range 2 {
		d, err := l.Complete(ctx, p, route.Resume{}, func(route.Piece) error { return nil })
		if err != nil {
			return 0, fmt.Errorf("measure the model: %w", err)
		}
		if d.Written > 0 && d.WriteMS > 0 {
			best = max(best, float64(d.Written)/d.WriteMS*1e3)
		}
	}
	if best == 0 {
		return 0, errors.New("measure the model: it writes nothing")
	}
	return best, nil
}

// hold borrows a sibling's memory until ctx ends, and opens the tunnel to its engine as a
// socket. lost is called where the sibling goes.
func (n *Node) hold(ctx context.Context, lost context.CancelCauseFunc, held *sync.WaitGroup, r *Running, share Share, socket string) error {
	s, err := n.o.Host.NewStream(network.WithNoDial(ctx, "split"), share.ID, Protocol)
	if err != nil {
		return &LostError{share.Name, err}
	}
	s.SetDeadline(time.Now().Add(startWait + askWait))
	if _, err := ask(s, question{Ask: askBorrow, Build: n.o.Engine.Build, Bytes: share.Bytes + reserve}); err != nil {
		s.Reset()
		return fmt.Errorf("borrow the memory of %s: %w", share.Name, err)
	}
	if err := removed(socket); err != nil {
		s.Reset()
		return err
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		s.Reset()
		return fmt.Errorf("open the tunnel to %s: %w", share.Name, err)
	}
	context.AfterFunc(ctx, func() { l.Close() })
	held.Go(func() {
		defer s.Reset()
		beat := time.NewTicker(beatEvery)
		defer beat.Stop()
		for {
			select {
			case <-ctx.Done(): // it closes the stream when its engine is gone and the memory free
				s.SetDeadline(time.Now().Add(askWait))
				s.CloseWrite()
				io.Copy(io.Discard, s)
				return
			case <-beat.C:
			}
			s.SetDeadline(time.Now().Add(deadAfter))
			if _, err := ask(s, question{Ask: askBeat}); err != nil {
				lost(&LostError{share.Name, err})
				return
			}
		}
	})
	held.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			held.Go(func() {
				if err := n.through(ctx, r, share.ID, c); err != nil && ctx.Err() == nil {
					lost(&LostError{share.Name, err})
				}
			})
		}
	})
	return nil
}

// through carries one connection of the engine to a sibling.
func (n *Node) through(ctx context.Context, r *Running, id peer.ID, c net.Conn) error {
	defer c.Close()
	s, err := n.o.Host.NewStream(network.WithNoDial(ctx, "split"), id, Protocol)
	if err != nil {
		return err
	}
	defer s.Reset()
	s.SetDeadline(time.Now().Add(askWait))
	if _, err := ask(s, question{Ask: askTunnel}); err != nil {
		return err
	}
	s.SetDeadline(time.Time{})
	defer context.AfterFunc(ctx, func() { s.Reset() })()
	cell.Join(counted{s, r}, c)
	return nil
}

// counted is a stream whose bytes are counted.
type counted struct {
	network.Stream
	r *Running
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Stream.Read(b)
	c.r.received.Add(int64(n))
	return n, err
}

func (c counted) Write(b []byte) (int, error) {
	n, err := c.Stream.Write(b)
	c.r.sent.Add(int64(n))
	return n, err
}

func (c counted) Close() error { return c.Stream.Reset() }
