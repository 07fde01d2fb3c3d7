package mqtt

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/cricket-home/cricket/internal/durable"
)

// The retained messages of the embedded broker on disk: a line of text for each, with
// the CRC-32C of its JSON before it. A line that is damaged loses its own message only.
//
//	ddc56032 {"topic":"lamp/state","payload":"T04=","qos":1}

// kept is one line of the file.
type kept struct {
	Topic   string `json:"topic"`
	Payload []byte `json:"payload"` // base64
	QoS     byte   `json:"qos,omitempty"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// DamagedError says that some of what a file had is lost.
type DamagedError struct {
	File  string // the damaged file, moved aside
	Lines int    // that cannot be read
	Sound int    // that can
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%d of %d retained messages are damaged and left out; the file is kept as %s", e.Lines, e.Lines+e.Sound, e.File)
}

// readRetained reads the messages of a file. A file that is not there has none. With a
// *DamagedError the messages that are sound are there all the same.
func readRetained(file string) ([]Message, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read retained messages: %w", err)
	}
	defer f.Close()
	messages, damaged, err := decodeRetained(f)
	if err != nil {
		return messages, fmt.Errorf("read retained messages: %w", err)
	}
	if damaged == 0 {
		return messages, nil
	}
	aside := file + ".damaged"
	if err := os.Rename(file, aside); err != nil {
		return messages, fmt.Errorf("put damaged file aside: %w", err)
	}
	return messages, &DamagedError{File: aside, Lines: damaged, Sound: len(messages)}
}

// decodeRetained reads lines, and counts those that are damaged.
func decodeRetained(r io.Reader) (messages []Message, damaged int, err error) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return messages, damaged, err
		}
		if line = bytes.TrimSuffix(line, []byte("\n")); len(line) > 0 {
			if m, ok := decodeKept(line); ok {
				messages = append(messages, m)
			} else {
				damaged++
			}
		}
		if err == io.EOF {
			return messages, damaged, nil
		}
	}
}

func decodeKept(line []byte) (Message, bool) {
	sum, text, found := bytes.Cut(line, []byte(" "))
	want, err := strconv.ParseUint(string(sum), 16, 32)
	if !found || err != nil || crc32.Checksum(text, castagnoli) != uint32(want) {
		return Message{}, false
	}
	var k kept
	if json.Unmarshal(text, &k) != nil || checkTopic(k.Topic) != nil || k.QoS > 2 || len(k.Payload) == 0 {
		return Message{}, false
	}
	return Message{Topic: k.Topic, Payload: k.Payload, QoS: k.QoS, Retain: true}, true
}

// writeRetained writes the messages so that a power cut leaves the file as it was or
// as it is to be.
func writeRetained(file string, messages map[string]Message) error {
	var w bytes.Buffer
	for _, topic := range slices.Sorted(maps.Keys(messages)) {
		m := messages[topic]
		if strings.HasPrefix(topic, "$") || len(m.Payload) == 0 {
			continue // the broker's own
		}
		text, err := json.Marshal(kept{Topic: topic, Payload: m.Payload, QoS: m.QoS})
		if err != nil {
			panic(err) // texts and a number
		}
		fmt.Fprintf(&w, "%08x %s\n", crc32.Checksum(text, castagnoli), text)
	}
	if err := durable.Replace(file, w.Bytes()); err != nil {
		return fmt.Errorf("keep retained messages: %w", err)
	}
	return nil
}
