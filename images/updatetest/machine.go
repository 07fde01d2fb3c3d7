package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	envSize  = 0x40000 // CONFIG_ENV_SIZE of qemu_arm64
	mib      = 1 << 20
	fatSize  = 40 * mib // FAT32 has a least size
	slotSize = 4 * mib
	most     = 7 // starts until a system runs: three of each slot, and one more
)

// machine is QEMU with U-Boot, its environment in flash, and a card.
type machine struct {
	dir, uboot, env, card string
	systems               map[string][]byte // what a slot can hold, by name
}

// state is all that outlives a cut of the power.
type state struct {
	env  []byte
	a, b string // names of systems
}

func (s state) in(slot string) string {
	if slot == "A" {
		return s.a
	}
	return s.b
}

func (s state) with(slot, system string) state {
	if slot == "A" {
		s.a = system
	} else {
		s.b = system
	}
	return s
}

func newMachine(dir, repo string) (*machine, error) {
	m := &machine{dir: dir, uboot: filepath.Join(dir, "u-boot.img"), env: filepath.Join(dir, "env.img"), card: filepath.Join(dir, "card.img"), systems: map[string][]byte{}}
	cmd, err := os.ReadFile(filepath.Join(repo, "images/firmware/slots.cmd"))
	if err != nil {
		return nil, err
	}
	script := "setenv turn_addr 0x47000000\n" + string(cmd) +
		"load ${devtype} ${devnum}:${slot_part} 0x45000000 /system.scr || reset\nsource 0x45000000 || reset\nreset\n"
	boot, err := m.fat("boot", "boot.scr", script, fatSize)
	if err != nil {
		return nil, err
	}
	for name, script := range map[string]string{
		"old":  "echo \"SYSTEM old in ${slot}\"; sleep 600",
		"new":  "echo \"SYSTEM new in ${slot}\"; sleep 600",
		"dead": "echo \"SYSTEM dead in ${slot}\"; reset",
	} {
		if m.systems[name], err = m.fat(name, "system.scr", script+"\n", slotSize); err != nil {
			return nil, err
		}
	}
	m.systems["empty"] = make([]byte, slotSize)
	m.systems["half"] = append(append([]byte(nil), m.systems["new"][:8192]...), make([]byte, slotSize-8192)...)
	disk := make([]byte, mib+fatSize+2*slotSize+mib)
	copy(disk[mib:], boot)
	if err := os.WriteFile(m.card, disk, 0o644); err != nil {
		return nil, err
	}
	table := fmt.Sprintf("label: dos\nstart=%d, size=%d, type=c, bootable\nstart=%d, size=%d, type=83\nstart=%d, size=%d, type=83\n",
		mib/512, fatSize/512, (mib+fatSize)/512, slotSize/512, (mib+fatSize+slotSize)/512, slotSize/512)
	fdisk := exec.Command("sfdisk", "--quiet", m.card)
	fdisk.Stdin = strings.NewReader(table)
	if out, err := fdisk.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("lay out card: %w: %s", err, out)
	}
	code, err := os.ReadFile("/usr/lib/u-boot/qemu_arm64/u-boot.bin")
	if err != nil {
		return nil, err
	}
	return m, errors.Join(os.WriteFile(m.uboot, code, 0o644), os.Truncate(m.uboot, 64*mib), os.WriteFile(m.env, nil, 0o644), os.Truncate(m.env, 64*mib),
		os.WriteFile(filepath.Join(dir, "fw_env.config"), fmt.Appendf(nil, "%s 0x0 %#x\n", m.env, envSize), 0o644))
}

// fat is a file system with one script of U-Boot.
func (m *machine) fat(name, file, script string, size int64) ([]byte, error) {
	text, binary, image := filepath.Join(m.dir, name+".cmd"), filepath.Join(m.dir, name+".scr"), filepath.Join(m.dir, name+".fat")
	err := errors.Join(os.WriteFile(text, []byte(script), 0o644), os.WriteFile(image, nil, 0o644), os.Truncate(image, size))
	if err != nil {
		return nil, err
	}
	for _, c := range [][]string{
		{"mkimage", "-A", "arm64", "-T", "script", "-C", "none", "-d", text, binary},
		{"mkfs.vfat", "--invariant", image},
		{"mcopy", "-i", image, binary, "::" + file},
	} {
		if out, err := exec.Command(c[0], c[1:]...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s: %w: %s", c[0], err, out)
		}
	}
	return os.ReadFile(image)
}

// put makes the machine what a state says.
func (m *machine) put(s state) error {
	for slot, at := range map[string]int64{"A": mib + fatSize, "B": mib + fatSize + slotSize} {
		if err := overwrite(m.card, at, m.systems[s.in(slot)]); err != nil {
			return err
		}
	}
	return overwrite(m.env, 0, s.env)
}

func (m *machine) readEnv() ([]byte, error) {
	data, err := os.ReadFile(m.env)
	if err != nil {
		return nil, err
	}
	return data[:envSize], nil
}

func overwrite(file string, at int64, data []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, at)
	return errors.Join(err, f.Close())
}

// setenv is what RAUC does to the environment of a state.
func (m *machine) setenv(s state, name, value string) (state, error) {
	if err := m.put(s); err != nil {
		return s, err
	}
	if out, err := exec.Command("fw_setenv", "-c", filepath.Join(m.dir, "fw_env.config"), name, value).CombinedOutput(); err != nil {
		return s, fmt.Errorf("set %s: %w: %s", name, err, out)
	}
	var err error
	s.env, err = m.readEnv()
	return s, err
}

// run starts the machine in a state, and ends when a system lives, or after a number of
// starts. It says which, where, and how often the machine was started.
func (m *machine) run(ctx context.Context, s state, limit int) (system, slot string, starts int, after state, err error) {
	if err := m.put(s); err != nil {
		return "", "", 0, s, err
	}
	var log strings.Builder
	for starts < limit && (system == "" || system == "dead") && err == nil {
		var n int
		// Each start is a QEMU of its own: memory is lost, as without power.
		system, slot, n, err = m.qemu(ctx, limit-starts, &log, "-no-reboot", m.flash("off"))
		if starts += n; n == 0 && err == nil {
			err = fmt.Errorf("U-Boot did not come to the script: %s", log.String())
		}
	}
	after = s
	if err == nil {
		after.env, err = m.readEnv()
	}
	return system, slot, starts, after, err
}

// runLocked starts the machine with an environment that cannot be written. It starts
// again by itself, so that its memory stays.
func (m *machine) runLocked(ctx context.Context, s state) (system, slot string, starts int, err error) {
	if err := m.put(s); err != nil {
		return "", "", 0, err
	}
	var log strings.Builder
	return m.qemu(ctx, most+1, &log, "-action", "reboot=reset", "-accel", "tcg,thread=single", m.flash("on"))
}

// flash is the drive of the environment.
func (m *machine) flash(readOnly string) string {
	return "if=pflash,format=raw,readonly=" + readOnly + ",file=" + m.env
}

// qemu runs until a system lives, the machine ends, or the script has chosen a slot so many
// times. The last of its options is the drive of the environment.
func (m *machine) qemu(ctx context.Context, limit int, log *strings.Builder, options ...string) (system, slot string, starts int, err error) {
	ctx, stop := context.WithTimeout(ctx, 2*time.Minute)
	defer stop()
	last := len(options) - 1
	args := append([]string{"-M", "virt", "-cpu", "cortex-a57", "-m", "256", "-nographic", "-monitor", "none", "-net", "none",
		"-drive", "if=pflash,format=raw,readonly=on,file=" + m.uboot, "-drive", options[last],
		"-drive", "if=none,id=card,format=raw,file=" + m.card, "-device", "virtio-blk-pci,drive=card"}, options[:last]...)
	q := exec.CommandContext(ctx, "qemu-system-aarch64", args...)
	out, err := q.StdoutPipe()
	if err == nil {
		err = q.Start()
	}
	if err != nil {
		return "", "", 0, err
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		fmt.Fprintln(log, line)
		if strings.HasPrefix(line, "cricket: slot ") {
			if starts++; starts == limit {
				break // before anything of the slot runs
			}
		}
		if line == "resetting ..." && options[0] == "-no-reboot" {
			break // U-Boot's last word; QEMU did not always end after it
		}
		if _, err := fmt.Sscanf(line, "SYSTEM %s in %s", &system, &slot); err == nil && system != "dead" {
			break
		}
	}
	late := ctx.Err()
	q.Process.Kill()
	q.Wait()
	if late != nil {
		return system, slot, starts, fmt.Errorf("no system runs: %w: %s", late, log.String())
	}
	return system, slot, starts, nil
}
