package intercom

import "encoding/binary"

const (
	// Rate is of the sound, in samples a second, and Block how many samples go together.
	Rate  = 16_000
	Block = 320
	// MaxSound is how long a message may be, in samples.
	MaxSound = 30 * Rate

	blockBytes = 4 + Block/2
)

// IMA ADPCM: "Recommended Practices for Enhancing Digital Audio Compatibility in Multimedia
// Systems", Interactive Multimedia Association, 1992. Each block begins with the sample that is
// predicted and the index of the step, so that one that is lost spoils no other.
var (
	indexStep = [16]int{-1, -1, -1, -1, 2, 4, 6, 8, -1, -1, -1, -1, 2, 4, 6, 8}
	steps     = [89]int{7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97, 107, 118, 130, 143, 157, 173, 190, 209,
		230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724, 796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660, 4026,
		4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767}
)

// coder is what encoder and decoder know alike.
type coder struct{ sample, index int }

// step goes on by a code of four bits.
func (c *coder) step(code int) {
	size := steps[c.index]
	d := size >> 3
	for bit, part := 4, size; bit > 0; bit, part = bit>>1, part>>1 {
		if code&bit != 0 {
			d += part
		}
	}
	if code&8 != 0 {
		d = -d
	}
	c.sample = min(max(c.sample+d, -32768), 32767)
	c.index = min(max(c.index+indexStep[code], 0), len(steps)-1)
}

// code is the one that comes nearest to a sample.
func (c *coder) code(sample int) int {
	d, code := sample-c.sample, 0
	if d < 0 {
		d, code = -d, 8
	}
	for bit, part := 4, steps[c.index]; bit > 0; bit, part = bit>>1, part>>1 {
		if d >= part {
			code |= bit
			d -= part
		}
	}
	return code
}

// encode makes a block of up to Block samples; what is missing is silence.
func (c *coder) encode(pcm []int16) []byte {
	out := binary.BigEndian.AppendUint16(make([]byte, 0, blockBytes), uint16(int16(c.sample)))
	out = append(out, byte(c.index), 0)
	var whole [Block]int16
	copy(whole[:], pcm)
	for i := 0; i < Block; i += 2 {
		var two [2]int
		for k := range two {
			two[k] = c.code(int(whole[i+k]))
			c.step(two[k])
		}
		out = append(out, byte(two[0]<<4|two[1]))
	}
	return out
}

// decode reads a block; false where it is none.
func decode(block []byte) ([]int16, bool) {
	if len(block) != blockBytes || int(block[2]) >= len(steps) || block[3] != 0 {
		return nil, false
	}
	c := coder{int(int16(binary.BigEndian.Uint16(block))), int(block[2])}
	pcm := make([]int16, 0, Block)
	for _, b := range block[4:] {
		c.step(int(b >> 4))
		pcm = append(pcm, int16(c.sample))
		c.step(int(b & 15))
		pcm = append(pcm, int16(c.sample))
	}
	return pcm, true
}
