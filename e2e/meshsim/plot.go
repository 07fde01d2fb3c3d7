package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// line is a row of points of a plot.
type line struct {
	name   string
	points [][2]float64
	dashed bool
}

// plot is an SVG with a logarithmic axis, or two.
type plot struct {
	title, x, y string
	logX, logY  bool
	lines       []line
}

const (
	wide, high              = 640.0, 380.0
	left, right, top, below = 70.0, 20.0, 40.0, 50.0
)

var colours = []string{"#0b6e99", "#b3541e", "#3b7a2a", "#7a3b78"}

func scale(v, least, most float64, logarithmic bool) float64 {
	if logarithmic {
		v, least, most = math.Log10(v), math.Log10(least), math.Log10(most)
	}
	if most == least {
		return 0.5
	}
	return (v - least) / (most - least)
}

// ticks are the marks of an axis.
func ticks(least, most float64, logarithmic bool) (out []float64) {
	if logarithmic {
		for v := math.Pow(10, math.Floor(math.Log10(least)+1e-9)); v <= most*1.001; v *= 10 {
			if v >= least*0.999 {
				out = append(out, v)
			}
		}
		return out
	}
	for i := range 6 {
		out = append(out, least+(most-least)*float64(i)/5)
	}
	return out
}

// svg draws it. The same figures make the same bytes.
func (p plot) svg() string {
	leastX, mostX, leastY, mostY := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, l := range p.lines {
		for _, q := range l.points {
			leastX, mostX = min(leastX, q[0]), max(mostX, q[0])
			leastY, mostY = min(leastY, q[1]), max(mostY, q[1])
		}
	}
	if p.logY {
		leastY, mostY = math.Pow(10, math.Floor(math.Log10(leastY))), math.Pow(10, math.Ceil(math.Log10(mostY)))
	} else {
		leastY, mostY = 0, math.Max(mostY*1.5, 1e-9)
	}
	at := func(x, y float64) (float64, float64) {
		return left + scale(x, leastX, mostX, p.logX)*(wide-left-right), high - below - scale(y, leastY, mostY, p.logY)*(high-top-below)
	}
	var b strings.Builder
	text := func(x, y float64, anchor, s string) {
		fmt.Fprintf(&b, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, html.EscapeString(s))
	}
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n", wide, high)
	text(wide/2, 20, "middle", p.title)
	text((left+wide-right)/2, high-12, "middle", p.x)
	fmt.Fprintf(&b, "<text transform=\"translate(16,%.0f) rotate(-90)\" text-anchor=\"middle\">%s</text>\n", (top+high-below)/2, html.EscapeString(p.y))
	for _, v := range ticks(leastY, mostY, p.logY) {
		_, y := at(leastX, v)
		fmt.Fprintf(&b, "<path d=\"M%.1f %.1fH%.1f\" stroke=\"#ddd\"/>\n", left, y, wide-right)
		text(left-6, y+4, "end", fmt.Sprintf("%.3g", v))
	}
	for _, v := range ticks(leastX, mostX, p.logX) {
		x, _ := at(v, leastY)
		fmt.Fprintf(&b, "<path d=\"M%.1f %.1fV%.1f\" stroke=\"#ddd\"/>\n", x, top, high-below)
		text(x, high-below+16, "middle", fmt.Sprintf("%g", math.Round(v*100)/100))
	}
	for i, l := range p.lines {
		colour, dash := colours[i%len(colours)], ""
		if l.dashed {
			dash = ` stroke-dasharray="6 4"`
		}
		var path []string
		for _, q := range l.points {
			x, y := at(q[0], q[1])
			path = append(path, fmt.Sprintf("%.1f,%.1f", x, y))
			fmt.Fprintf(&b, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", x, y, colour)
		}
		fmt.Fprintf(&b, "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s/>\n", strings.Join(path, " "), colour, dash)
		fmt.Fprintf(&b, "<path d=\"M%.1f %.1fh24\" stroke=\"%s\" stroke-width=\"2\"%s/>\n", left+10, top+8+16*float64(i), colour, dash)
		text(left+40, top+12+16*float64(i), "start", l.name)
	}
	b.WriteString("</svg>\n")
	return b.String()
}
