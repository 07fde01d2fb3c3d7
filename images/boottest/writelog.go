package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// The log of writes that QEMU's driver blklogwrites keeps, which is that of Linux's
// dm-log-writes: Documentation/admin-guide/device-mapper/log-writes.rst.
const (
	logMagic   = 0x6a736677736872
	logVersion = 1
	logFlush   = 1 << 0
	logFUA     = 1 << 1
	logDiscard = 1 << 2
)

// entry is one write, or a flush, as the disk was given it.
type entry struct {
	at, size int64 // bytes on the disk
	data     int64 // where they are in the log; nowhere for a discard
	flags    uint64
	end      int64 // bytes of the log up to and including it
}

// lasting says whether what was written before is on the disk once this is.
func (e entry) lasting() bool { return e.flags&(logFlush|logFUA) != 0 }

// readLog reads where the entries are. A QEMU that was killed has counted too few, so
// they are read up to the end of the file, or to the first that is not whole.
func readLog(f *os.File) ([]entry, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var head [32]byte
	if _, err := f.ReadAt(head[:], 0); err != nil {
		return nil, fmt.Errorf("read log of writes: %w", err)
	}
	u64 := func(b []byte, n int) int64 { return int64(binary.LittleEndian.Uint64(b[8*n:])) }
	sector := int64(binary.LittleEndian.Uint32(head[24:]))
	if u64(head[:], 0) != logMagic || u64(head[:], 1) != logVersion || sector < 512 {
		return nil, errors.New("read log of writes: it is none of version 1")
	}
	var all []entry
	for at := sector; ; {
		var b [32]byte
		if _, err := f.ReadAt(b[:], at); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("read log of writes: %w", err)
		}
		e := entry{at: u64(b[:], 0) * sector, size: u64(b[:], 1) * sector, flags: binary.LittleEndian.Uint64(b[16:])}
		if e.size == 0 && !e.lasting() {
			return all, nil // nothing was written here yet
		}
		at += sector
		if e.flags&logDiscard == 0 {
			e.data = at
			at += e.size
		}
		if at > info.Size() {
			return all, nil
		}
		e.end = at
		all = append(all, e)
	}
}

// apply does to a disk what an entry did.
func (e entry) apply(log *os.File, disk *os.File) error {
	if e.size == 0 {
		return nil
	}
	var from io.Reader = zeros{}
	if e.flags&logDiscard == 0 {
		from = io.NewSectionReader(log, e.data, e.size)
	}
	_, err := io.CopyN(io.NewOffsetWriter(disk, e.at), from, e.size)
	return err
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// cuts are the numbers of entries after which the power fails: after each flush, and half
// way to the next; evenly many of them where there are more than limit.
func cuts(log []entry, limit int) []int {
	var all []int
	last := 0
	for i, e := range log {
		if !e.lasting() {
			continue
		}
		if half := (last + i + 1) / 2; half > last && half < i+1 {
			all = append(all, half)
		}
		all = append(all, i+1)
		last = i + 1
	}
	if len(all) <= limit {
		return all
	}
	some := make([]int, limit)
	for i := range some {
		some[i] = all[i*(len(all)-1)/(limit-1)]
	}
	return some
}
