package mqtt

import "math"

// Colors: r, g, b from 0 to 255; hue 0 to 360 and saturation 0 to 100; CIE x, y.

// colorOf reads a color in one of the forms rgb, hs and xy.
func colorOf(form string, n []float64) ([]int, bool) {
	switch {
	case form == "rgb" && len(n) == 3:
		rgb := make([]int, 3)
		for i, v := range n {
			rgb[i] = int(math.Round(min(max(v, 0), 255)))
		}
		return rgb, true
	case form == "hs" && len(n) == 2:
		return fromHS(n[0], n[1]), true
	case form == "xy" && len(n) == 2 && n[0] >= 0 && n[0] <= 1 && n[1] > 0 && n[1] <= 1:
		return fromXY(n[0], max(n[1], 0.001)), true
	}
	return nil, false
}

func toHS(rgb []int) (hue, saturation float64) {
	r, g, b := float64(rgb[0]), float64(rgb[1]), float64(rgb[2])
	high, low := max(r, g, b), min(r, g, b)
	span := high - low
	if span == 0 {
		return 0, 0
	}
	switch high {
	case r:
		hue = math.Mod((g-b)/span+6, 6)
	case g:
		hue = (b-r)/span + 2
	default:
		hue = (r-g)/span + 4
	}
	return thousandths(hue * 60), thousandths(span / high * 100)
}

// fromHS gives the color at full brightness.
func fromHS(hue, saturation float64) []int {
	hue = math.Mod(math.Mod(hue, 360)+360, 360) / 60
	s := min(max(saturation, 0), 100) / 100
	channel := func(offset float64) int {
		d := math.Mod(offset+hue, 6)
		return int(math.Round(255 * (1 - s*max(0, min(d, 4-d, 1)))))
	}
	return []int{channel(5), channel(3), channel(1)}
}

// The matrices of the wide gamut that Zigbee bulbs are made for, D65 white.

func toXY(rgb []int) (x, y float64) {
	linear := func(v int) float64 {
		c := float64(v) / 255
		if c > 0.04045 {
			return math.Pow((c+0.055)/1.055, 2.4)
		}
		return c / 12.92
	}
	r, g, b := linear(rgb[0]), linear(rgb[1]), linear(rgb[2])
	X := r*0.664511 + g*0.154324 + b*0.162028
	Y := r*0.283881 + g*0.668433 + b*0.047685
	Z := r*0.000088 + g*0.072310 + b*0.986039
	sum := X + Y + Z
	if sum == 0 {
		return 0.323, 0.329 // black has no color: white
	}
	return thousandths(X / sum), thousandths(Y / sum)
}

// fromXY gives the color at full brightness.
func fromXY(x, y float64) []int {
	X, Z := x/y, (1-x-y)/y
	linear := []float64{
		X*1.656492 - 0.354851 - Z*0.255038,
		-X*0.707196 + 1.655397 + Z*0.036152,
		X*0.051713 - 0.121364 + Z*1.011530,
	}
	rgb := make([]float64, 3)
	high := 0.0
	for i, c := range linear {
		c = max(c, 0)
		if c <= 0.0031308 {
			c *= 12.92
		} else {
			c = 1.055*math.Pow(c, 1/2.4) - 0.055
		}
		rgb[i] = c
		high = max(high, c)
	}
	out := make([]int, 3)
	if high == 0 {
		return out
	}
	for i, c := range rgb {
		out[i] = int(math.Round(c * 255 / high))
	}
	return out
}

func thousandths(n float64) float64 { return math.Round(n*1000) / 1000 }
