package htmlreport

import (
	"strings"
)

// The plot's place in its drawing, in pixels.
const (
	drawingHeight = 260
	plotLeft      = 66
	plotRight     = 34 // from the drawing's right edge
	plotTop       = 12
	plotBottom    = drawingHeight - 40
)

// The widths of drawings: of one that shares its row with another, and of one
// that has it for itself. Their letters then come out in one size.
const (
	narrow = 640
	wide   = 1320
)

// chart is one plot with its values. Its fields are the template's.
type chart struct {
	ID    string
	Title string
	Note  string
	// XLabel is what the horizontal axis shows. The title says it of the other.
	XLabel string
	XTicks []tick
	YTicks []tick
	Curves []curve
	// Columns and Rows are the table of values.
	Columns []string
	Rows    [][]string
	Width   int
}

// Wide reports whether the chart has a row of the page for itself.
func (c *chart) Wide() bool { return c.Width == wide }

// Height, Left, Right, Top and Bottom are where the plot is in the drawing.
func (c *chart) Height() int { return drawingHeight }
func (c *chart) Left() int   { return plotLeft }
func (c *chart) Right() int  { return c.Width - plotRight }
func (c *chart) Top() int    { return plotTop }
func (c *chart) Bottom() int { return plotBottom }

// curve is one line of a plot.
type curve struct {
	Run   int    // chooses its colour
	Minor bool   // drawn thin, beside a major curve of the same run
	Name  string // for the legend, for example "A p99"
	Path  string
	// Points are what a reader can point at.
	Points []mark
}

// mark is a point of a curve, with its values as text.
type mark struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
	// At is the value on the horizontal axis, Value that on the other.
	At    string `json:"at"`
	Value string `json:"value"`
}

// point is one in the units of the axes.
type point struct{ x, y float64 }

// plotter draws curves on two axes.
type plotter struct {
	x, y             axis
	formatX, formatY func(float64) string
}

// curve draws points, which are in the order of x.
func (p *plotter) curve(run int, minor bool, name string, points []point) curve {
	c := curve{Run: run, Minor: minor, Name: name}
	var path strings.Builder
	for i, at := range points {
		m := mark{round(p.x.place(at.x)), round(p.y.place(at.y)), p.formatX(at.x), p.formatY(at.y)}
		verb := "L"
		if i == 0 {
			verb = "M"
		}
		path.WriteString(verb + text(m.X) + " " + text(m.Y))
		c.Points = append(c.Points, m)
	}
	c.Path = path.String()
	return c
}

// Lone reports whether a curve is one point, which a path does not show.
func (c curve) Lone() bool { return len(c.Points) == 1 }
