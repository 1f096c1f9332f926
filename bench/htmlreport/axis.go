package htmlreport

import (
	"math"
	"strconv"
)

// axis turns values into places along one direction of a plot.
type axis struct {
	from, to  float64 // values at its ends, transformed
	begin     float64 // places of its ends
	end       float64
	transform func(float64) float64
}

// tick is a mark on an axis.
type tick struct {
	At    float64
	Label string
}

func (a *axis) place(value float64) float64 {
	v := min(max(a.transform(value), a.from), a.to)
	return a.begin + (v-a.from)/(a.to-a.from)*(a.end-a.begin)
}

func (a *axis) tick(value float64, label string) tick { return tick{round(a.place(value)), label} }

// round keeps places to a tenth of a pixel.
func round(place float64) float64 { return math.Round(place*10) / 10 }

// text returns a place as SVG has it.
func text(place float64) string { return strconv.FormatFloat(round(place), 'f', -1, 64) }

func same(v float64) float64 { return v }

// linear is an axis from 0 to at least highest, with its ticks. base is what
// round numbers are powers of: 10, or 2 for bytes.
func linear(highest, begin, end float64, base float64, format func(float64) string) (axis, []tick) {
	step := niceStep(highest/4, base)
	top := max(1, math.Ceil(highest/step)) * step
	a := axis{0, top, begin, end, same}
	var ticks []tick
	for i := 0; float64(i)*step <= top*1.0001; i++ {
		v := float64(i) * step
		ticks = append(ticks, a.tick(v, format(v)))
	}
	return a, ticks
}

// niceStep returns the round number next above v.
func niceStep(v, base float64) float64 {
	if v <= 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return 1
	}
	if base == 2 {
		return math.Exp2(math.Ceil(math.Log2(v)))
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= v*0.9999 {
			return m * power
		}
	}
	return 10 * power
}

// logarithmic is an axis around values from lowest, which is above 0, to
// highest, with its ticks.
func logarithmic(lowest, highest, begin, end float64, format func(float64) string) (axis, []tick) {
	from, to := math.Floor(math.Log10(lowest)), math.Ceil(math.Log10(highest))
	if from == to {
		to++
	}
	a := axis{from, to, begin, end, math.Log10}
	digits := []float64{1}
	if to-from <= 3 {
		digits = []float64{1, 2, 5}
	}
	var ticks []tick
	for power := from; power <= to; power++ {
		for _, digit := range digits {
			if v := digit * math.Pow(10, power); math.Log10(v) <= to+0.0001 {
				ticks = append(ticks, a.tick(v, format(v)))
			}
		}
	}
	return a, ticks
}

// nines is the axis of percentiles: as far from 90 to 99 % as from 99 to 99.9 %.
// Values are parts of one, up to highest, which is below 1.
func nines(highest, begin, end float64) (axis, []tick) {
	decades := max(1, math.Ceil(-math.Log10(1-highest)-0.0001))
	a := axis{0, decades, begin, end, func(q float64) float64 { return -math.Log10(max(1-q, 1e-12)) }}
	ticks := []tick{a.tick(0, "0 %"), a.tick(0.5, "50 %")}
	label := "9"
	for d := 1.0; d <= decades; d++ {
		switch d {
		case 1:
			label = "90"
		case 2:
			label = "99"
		case 3:
			label = "99.9"
		default:
			label += "9"
		}
		ticks = append(ticks, a.tick(1-math.Pow(10, -d), label+" %"))
	}
	return a, ticks
}
