package random

import "math"

// half converts to IEEE 754 binary16, rounding to the nearest, ties to even. Too large becomes infinity.
func half(x float32) uint16 {
	bits := math.Float32bits(x)
	sign := uint16(bits >> 16 & 0x8000)
	exp := int(bits>>23&0xff) - 127
	frac := bits & 0x7fffff
	switch {
	case exp == 128 && frac != 0:
		return sign | 0x7e00 // not a number
	case exp > 15:
		return sign | 0x7c00
	case exp < -25:
		return sign
	}
	shift := 13
	value := frac | 0x800000
	if exp < -14 { // below the normal range: a fixed exponent, fewer digits
		shift += -14 - exp
		exp = -15
	} else {
		value &= 0x7fffff
	}
	kept := uint16(value >> shift)
	rest, middle := value&(1<<shift-1), uint32(1)<<(shift-1)
	h := uint16(exp+15)<<10 | kept
	if rest > middle || rest == middle && kept&1 == 1 {
		h++ // a carry into the exponent is what rounding up means there
	}
	return sign | h
}
