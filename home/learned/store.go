package learned

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
)

// Version is that of the file's format. The file is a line that says what it is, and the
// Book as JSON. A file of a later version is refused.
const (
	Version = 1
	heading = "cricket learned, version %d, crc %08x\n"
)

// Encode is the file of a Book.
func (b Book) Encode() ([]byte, error) {
	text, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("write what was learned: %w", err)
	}
	return append(fmt.Appendf(nil, heading, Version, crc32.ChecksumIEEE(text)), text...), nil
}

// Decode reads the file of a Book. What a file has beyond the bounds is left out.
func Decode(data []byte) (Book, error) {
	line, text, _ := bytes.Cut(data, []byte("\n"))
	var v int
	var crc uint32
	if _, err := fmt.Sscanf(string(line)+"\n", heading, &v, &crc); err != nil {
		return Book{}, fmt.Errorf("read what was learned: its first line is wrong")
	}
	if v != Version {
		return Book{}, &VersionError{v}
	}
	if crc32.ChecksumIEEE(text) != crc {
		return Book{}, fmt.Errorf("read what was learned: its checksum is wrong")
	}
	var b Book
	if err := json.Unmarshal(text, &b); err != nil {
		return Book{}, fmt.Errorf("read what was learned: %w", err)
	}
	return b.sound(), nil
}

// VersionError says that a file is of a version that this Cricket does not know.
type VersionError struct{ Version int }

func (e *VersionError) Error() string {
	return fmt.Sprintf("read what was learned: it is of version %d, and this Cricket knows version %d", e.Version, Version)
}
