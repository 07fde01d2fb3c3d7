package microwakeword

import (
	"fmt"
	"math"
)

// requantizer brings 32-bit sums to an output's scale, zero point and range, as
// the 8-bit specification's reference does it: a 31-bit fixed-point multiplier
// and a shift per channel, rounded twice, half away from zero.
type requantizer struct {
	multipliers []int32
	shifts      []int8 // to the left; negative to the right
	zero        int32
	low, high   int32
}

// newRequantizer takes the real factor of each channel.
func newRequantizer(factors []float64, zero, low, high int32) (requantizer, error) {
	q := requantizer{
		multipliers: make([]int32, len(factors)),
		shifts:      make([]int8, len(factors)),
		zero:        zero, low: low, high: high,
	}
	for i, factor := range factors {
		fraction, shift := math.Frexp(factor)
		multiplier := int64(math.Round(fraction * (1 << 31)))
		if multiplier == 1<<31 {
			multiplier /= 2
			shift++
		}
		switch {
		case shift > 30:
			return q, fmt.Errorf("the scales give a factor of %g, which is too large", factor)
		case shift < -31: // every bit would be shifted out
			multiplier, shift = 0, 0
		}
		q.multipliers[i], q.shifts[i] = int32(multiplier), int8(shift)
	}
	return q, nil
}

func (q *requantizer) apply(sum int32, channel int) int8 {
	v := scaled(sum, q.multipliers[channel], int(q.shifts[channel])) + q.zero
	return int8(min(max(v, q.low), q.high))
}

// scaled is x times the multiplier in 1/2^31 times 2^shift.
func scaled(x, multiplier int32, shift int) int32 {
	if shift > 0 {
		x <<= shift
		shift = 0
	}
	// Doubled high half, half rounded away from zero: Go's division truncates, which this needs.
	product := int64(x) * int64(multiplier)
	nudge := int64(1) << 30
	if product < 0 {
		nudge = 1 - nudge
	}
	high := int32((product + nudge) / (1 << 31))
	// Divided by 2^-shift, half rounded away from zero.
	mask := int32(1)<<-shift - 1
	half := mask >> 1
	if high < 0 {
		half++
	}
	result := high >> -shift
	if high&mask > half {
		result++
	}
	return result
}

// activation codes of the schema's ActivationFunctionType.
const (
	activationNone  = 0
	activationRelu  = 1
	activationRelu6 = 3
)

// activationRange is the range of INT8 that a fused activation leaves.
func activationRange(activation int, scale float64, zero int32) (low, high int32, err error) {
	low, high = math.MinInt8, math.MaxInt8
	switch activation {
	case activationNone:
	case activationRelu:
		low = max(low, zero)
	case activationRelu6:
		low = max(low, zero)
		if six := math.Round(6/scale) + float64(zero); six < float64(high) {
			high = int32(six)
		}
	default:
		return 0, 0, fmt.Errorf("its activation %d is not supported", activation)
	}
	return low, high, nil
}
