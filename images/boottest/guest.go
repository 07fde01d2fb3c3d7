package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// guest is a QEMU that boots the card.
type guest struct {
	lines chan string // of its serial console; closed when it ended
	cmd   *exec.Cmd
}

// boot starts QEMU. With a log, all that is written on the card is written there, too.
// Else the guest has a time of its own, that of its instructions: on a busy host it hears
// no gaps, it only takes longer.
func (t *test) boot(ctx context.Context, card, disk, log, unit string) (*guest, error) {
	file := filepath.Join(t.dir, "unit")
	if err := os.WriteFile(file, []byte(unit), 0o644); err != nil {
		return nil, err
	}
	serial, err := os.OpenFile(filepath.Join(t.dir, "serial.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	args := []string{"-M", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", "1024", "-nographic", "-no-reboot",
		"-kernel", filepath.Join(t.kernel, "vmlinuz"), "-initrd", filepath.Join(t.kernel, "initrd"),
		"-append", "console=ttyAMA0 root=PARTUUID=43524b54-02 ro overlay=1 systemd.show_status=1 systemd.wants=t.service systemd.default_device_timeout_sec=900"}
	if log == "" {
		args = append(args, "-drive", "file="+card+",if=none,id=card,format=raw", "-icount", "shift=1,sleep=off", "-rtc", "clock=vm")
	} else {
		args = append(args, "-blockdev", "driver=file,node-name=file,filename="+card, "-blockdev", "driver=file,node-name=log,filename="+log,
			"-blockdev", "driver=blklogwrites,node-name=card,file=file,log=log,log-sector-size=512,log-super-update-interval=1")
	}
	args = append(args, "-device", "virtio-blk-pci,drive=card",
		"-drive", "file="+disk+",if=none,id=test,format=raw,readonly=on", "-device", "virtio-blk-pci,drive=test",
		"-netdev", "user,id=n0", "-device", "virtio-net-pci,netdev=n0", "-device", "virtio-rng-pci",
		"-fw_cfg", "name=opt/io.systemd.credentials/systemd.extra-unit.t.service,file="+file)
	g := &guest{lines: make(chan string, 100), cmd: exec.CommandContext(ctx, "qemu-system-aarch64", args...)}
	out, err := g.cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Join(err, serial.Close())
	}
	g.cmd.Stderr = os.Stderr
	if err := g.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start QEMU: %w", err), serial.Close())
	}
	go func() {
		defer close(g.lines)
		defer serial.Close()
		s := bufio.NewScanner(out)
		for s.Scan() {
			line := escapes.ReplaceAllString(s.Text(), "")
			fmt.Fprintf(serial, "%7.1f %s\n", time.Since(t.began).Seconds(), line)
			if _, ours, is := strings.Cut(line, "boot-test: "); is {
				line = "boot-test: " + ours
			}
			select {
			case g.lines <- line:
			case <-ctx.Done():
			}
		}
	}()
	return g, nil
}

// kill is the end of the power.
func (g *guest) kill() {
	g.cmd.Process.Kill()
	for range g.lines {
	}
	g.cmd.Wait()
}

// escapes are what a terminal would be told about colours and the cursor.
var escapes = regexp.MustCompile(`\x1b(\[[0-9;?!]*[A-Za-z]|[0-9])`)

// until waits for a line that has a text in it, and returns it from there on.
func (g *guest) until(ctx context.Context, want string) (string, error) {
	for {
		select {
		case l, ok := <-g.lines:
			if !ok {
				return "", fmt.Errorf("the guest ended before it said %q; see serial.log", want)
			}
			if at := strings.Index(l, want); at >= 0 {
				return l[at:], nil
			}
			if strings.Contains(l, "Kernel panic") || strings.Contains(l, "initramfs: error") || strings.HasPrefix(l, "boot-test: error") {
				return "", errors.New(l)
			}
		case <-ctx.Done():
			return "", fmt.Errorf("the guest did not say %q; see serial.log", want)
		}
	}
}

// unit is the unit of the test, which runs lines of a shell in the guest.
func unit(script string) string {
	script = strings.NewReplacer("$", "$$", "\n", "; ").Replace(script) // systemd knows $ and lines, too
	return `[Unit]
Description=Cricket's boot test
After=cricket.service

[Service]
Type=simple
ExecStartPre=/usr/bin/mkdir -p /run/test
ExecStartPre=/usr/bin/mount -o ro /dev/disk/by-label/boot-test /run/test
ExecStart=/bin/sh -c '` + script + `'
StandardOutput=journal+console
StandardError=journal+console
`
}

// disks makes the card that is booted, larger than the image and with an owner's
// cricket.txt, and the disk with the speech and the programs of the test.
func (t *test) disks(settings string) (card, disk string, err error) {
	card, disk = filepath.Join(t.dir, "card.img"), filepath.Join(t.dir, "test.img")
	text, files := filepath.Join(t.dir, "cricket.txt"), filepath.Join(t.dir, "disk")
	if err := errors.Join(os.RemoveAll(files), os.MkdirAll(files, 0o755), os.RemoveAll(filepath.Join(t.dir, "serial.log")), os.WriteFile(text, []byte(settings), 0o644)); err != nil {
		return "", "", err
	}
	commands := [][]string{
		{"cp", "--sparse=always", t.image, card},
		{"truncate", "-s", "+128M", card},
		{"mcopy", "-o", "-i", card + "@@4M", text, "::cricket.txt"},
		{"cp", t.speech, filepath.Join(files, "speech.wav")},
		{"cp", filepath.Join(t.tools, "aplay"), filepath.Join(t.tools, "probe"), files},
		{"mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal", "-L", "boot-test", "-d", files, disk, "64M"},
	}
	if t.without != "" { // root A begins after 4 MiB and the firmware's 256
		commands = append(commands, []string{"debugfs", "-w", "-R", "rm " + t.without, card + "?offset=272629760"})
	}
	return card, disk, run(commands)
}

func run(commands [][]string) error {
	for _, c := range commands {
		if out, err := exec.Command(c[0], c[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("run %s: %w: %s", strings.Join(c, " "), err, out)
		}
	}
	return nil
}
