package home

import "strings"

// colors are the colours that can be said, by their CSS names, as red, green,
// blue (0..255) of a lamp at full brightness. Black is none: no lamp shines so.
var colors = map[string][3]int{
	"white": {255, 255, 255}, "red": {255, 0, 0}, "green": {0, 255, 0}, "blue": {0, 0, 255},
	"yellow": {255, 220, 0}, "orange": {255, 120, 0}, "amber": {255, 170, 0}, "gold": {255, 190, 30},
	"purple": {150, 0, 255}, "violet": {180, 60, 255}, "indigo": {75, 0, 200}, "lavender": {190, 160, 255},
	"lilac": {200, 140, 230}, "plum": {190, 80, 190}, "magenta": {255, 0, 255}, "pink": {255, 105, 180},
	"hotpink": {255, 60, 160}, "rose": {255, 60, 110}, "salmon": {255, 130, 110}, "coral": {255, 110, 70},
	"peach": {255, 180, 130}, "brown": {140, 70, 20}, "khaki": {240, 220, 130}, "beige": {255, 225, 180},
	"ivory": {255, 245, 220}, "crimson": {220, 20, 50}, "maroon": {130, 0, 20}, "lime": {160, 255, 0},
	"olive": {130, 140, 0}, "mint": {120, 255, 180}, "turquoise": {40, 225, 205}, "teal": {0, 130, 130},
	"cyan": {0, 255, 255}, "aqua": {60, 255, 230}, "skyblue": {100, 190, 255}, "lightblue": {140, 200, 255},
	"darkblue": {0, 0, 140}, "navy": {0, 0, 110}, "lightgreen": {140, 255, 140}, "darkgreen": {0, 110, 0},
}

// color is a colour's CSS name and its value.
func color(said string) (name string, rgb [3]int, ok bool) {
	name = strings.ReplaceAll(strings.ToLower(said), " ", "")
	rgb, ok = colors[name]
	return name, rgb, ok
}

// color is how a colour is said.
func (r replies) color(name string) string {
	if said, ok := r.Colors[name]; ok {
		return said
	}
	return name
}
