// Command boardtest is the first program of a guest with Debian's kernel on QEMU's
// raspi3b: it drives lights on the emulated SPI port, and a mute light and a button on
// lines of the kernel's gpio-sim, and says "board-test: ok" or what was wrong. `make
// board-test` boots it.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cricket-home/cricket/firmware"
)

func main() {
	if err := test(); err != nil {
		fmt.Println("board-test: FAIL:", strings.ReplaceAll(err.Error(), "\n", "; "))
	} else {
		fmt.Println("board-test: ok")
	}
	for { // the kernel must not miss its first program
		time.Sleep(time.Hour)
	}
}

// simulated is a chip of gpio-sim, with a line that the test pulls and one that it looks at.
const simulated = "/sys/kernel/config/gpio-sim/bench"

// prepare mounts what the kernel has, loads its modules and makes the simulated chip.
func prepare() error {
	var faults []error
	mount := func(kind, at string) {
		faults = append(faults, os.MkdirAll(at, 0o755), unix.Mount(kind, at, kind, 0, ""))
	}
	mount("proc", "/proc")
	mount("sysfs", "/sys")
	if err := unix.Mount("devtmpfs", "/dev", "devtmpfs", 0, ""); !errors.Is(err, unix.EBUSY) { // the kernel may have done it
		faults = append(faults, err)
	}
	for _, name := range []string{"spi-bcm2835", "bcm2835_thermal", "configfs", "gpio-sim"} {
		f, err := os.Open("/" + name + ".ko")
		if err == nil {
			err = unix.FinitModule(int(f.Fd()), "", 0)
			f.Close()
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("load %s: %w", name, err))
		}
	}
	mount("configfs", "/sys/kernel/config")
	for _, dir := range []string{"", "/bank0", "/bank0/line0", "/bank0/line1"} {
		faults = append(faults, os.Mkdir(simulated+dir, 0o755))
	}
	for _, set := range [][2]string{{"bank0/num_lines", "2"}, {"bank0/line0/name", "BUTTON"}, {"bank0/line1/name", "LIGHT"}, {"live", "1"}} {
		faults = append(faults, os.WriteFile(simulated+"/"+set[0], []byte(set[1]), 0o644))
	}
	return errors.Join(faults...)
}

func test() error {
	if err := prepare(); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	sys := os.DirFS("/sys")
	if m := firmware.Detect(sys); !strings.HasPrefix(m.Model, "Raspberry Pi 3") {
		return fmt.Errorf("this machine is %+v", m)
	}
	if r := firmware.Read(sys); r.Celsius == nil || *r.Celsius < 20 || *r.Celsius > 100 {
		return errors.New("the processor has no temperature")
	}
	hw, err := firmware.Host()
	if err != nil {
		return err
	}
	p, _ := firmware.Named("respeaker-2mic")
	p.MuteButton, p.MuteLED = "BUTTON", "LIGHT"
	b, err := firmware.Open(p, hw, slog.New(slog.NewTextHandler(os.Stdout, nil)))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go b.Lights.Run(ctx)
	b.Lights.Show(firmware.Thinking)
	err = errors.Join(light(b), button(ctx, b), b.Lights.Fault())
	cancel()
	return errors.Join(err, b.Close())
}

// light switches the mute light, and looks at its line from the other side.
func light(b *firmware.Board) error {
	var faults []error
	is := func(when, want string) {
		files, _ := filepath.Glob("/sys/devices/platform/gpio-sim.*/gpiochip*/sim_gpio1/value")
		if len(files) != 1 {
			faults = append(faults, fmt.Errorf("the simulated lines are %v", files))
		} else if text, err := os.ReadFile(files[0]); err != nil || strings.TrimSpace(string(text)) != want {
			faults = append(faults, fmt.Errorf("%s the mute light is %q, want %s; %w", when, text, want, err))
		}
	}
	is("before anything is heard", "1")
	faults = append(faults, b.MuteLED.Set(false))
	is("switched off", "0")
	faults = append(faults, b.MuteLED.Set(true))
	is("switched on", "1")
	return errors.Join(faults...)
}

// button pulls the line of the button.
func button(ctx context.Context, b *firmware.Board) error {
	files, _ := filepath.Glob("/sys/devices/platform/gpio-sim.*/gpiochip*/sim_gpio0/pull")
	if len(files) != 1 {
		return fmt.Errorf("the simulated lines are %v", files)
	}
	presses := make(chan firmware.Press, 9)
	go b.MuteButton.Run(ctx, func(p firmware.Press) { presses <- p })
	time.Sleep(time.Second)
	for _, c := range []struct {
		down time.Duration
		want firmware.Press
	}{{300 * time.Millisecond, firmware.Short}, {2500 * time.Millisecond, firmware.Long}, {7 * time.Second, firmware.Held}} {
		if err := os.WriteFile(files[0], []byte("pull-down"), 0o644); err != nil {
			return err
		}
		time.Sleep(c.down)
		if err := os.WriteFile(files[0], []byte("pull-up"), 0o644); err != nil {
			return err
		}
		select {
		case got := <-presses:
			if got != c.want {
				return fmt.Errorf("down for %v is press %d, want %d", c.down, got, c.want)
			}
		case <-time.After(5 * time.Second):
			return fmt.Errorf("down for %v is no press", c.down)
		}
	}
	return nil
}
