package child

import (
	"encoding/binary"
	"fmt"
)

// PCM is how samples travel as the bytes of a request: signed 16 bit,
// little-endian.
func PCM(samples []int16) []byte {
	data := make([]byte, 0, 2*len(samples))
	for _, s := range samples {
		data = binary.LittleEndian.AppendUint16(data, uint16(s))
	}
	return data
}

// Samples reads what PCM made.
func Samples(data []byte) ([]int16, error) {
	if len(data)%2 != 0 {
		return nil, fmt.Errorf("read PCM: %d bytes are no whole number of samples", len(data))
	}
	samples := make([]int16, len(data)/2)
	for i := range samples {
		samples[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
	}
	return samples, nil
}
