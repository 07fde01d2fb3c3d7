package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"github.com/cricket-home/cricket/home/schedule"
)

// copyPartition copies one partition of a card out, holes as holes.
func copyPartition(card, part string, n int) error {
	from, err := os.Open(card)
	if err != nil {
		return err
	}
	defer from.Close()
	var row [16]byte // of the MBR: first sector and count at 8 and 12
	if _, err := from.ReadAt(row[:], 446+16*int64(n-1)); err != nil {
		return err
	}
	start, size := 512*int64(binary.LittleEndian.Uint32(row[8:])), 512*int64(binary.LittleEndian.Uint32(row[12:]))
	to, err := os.Create(part)
	if err != nil {
		return err
	}
	defer to.Close()
	const seekData, seekHole = 3, 4 // lseek(2)
	for at := start; at < start+size; {
		data, err := from.Seek(at, seekData)
		if errors.Is(err, syscall.ENXIO) || data >= start+size {
			break
		} else if err != nil {
			return err
		}
		if at, err = from.Seek(data, seekHole); err != nil {
			return err
		}
		at = min(at, start+size)
		if _, err := io.Copy(io.NewOffsetWriter(to, data-start), io.NewSectionReader(from, data, at-data)); err != nil {
			return err
		}
	}
	return to.Truncate(size)
}

// check checks a file system as a start does, by which its journal is replayed; what is
// left after that must be clean.
func check(part string) error {
	out, err := exec.Command("e2fsck", "-p", "-f", part).CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() > 1) {
		return fmt.Errorf("the file system needs a person: %w: %s", err, out)
	}
	if out, err := exec.Command("e2fsck", "-n", "-f", part).CombinedOutput(); err != nil {
		return fmt.Errorf("the file system is not clean: %w: %s", err, out)
	}
	return nil
}

func keptBook(file string) (schedule.Book, error) {
	store, book, err := schedule.Open(file)
	if err != nil {
		return book, err
	}
	return book, store.Close()
}

func keptVolume(file string) (int, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	var v struct{ Volume int }
	if err := json.Unmarshal(data, &v); err != nil {
		return 0, fmt.Errorf("read volume: %w", err)
	}
	return v.Volume, nil
}
