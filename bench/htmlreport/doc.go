// Package htmlreport lays out recorded runs side by side as one HTML page.
//
// The page is a single file without references to others: style, script and
// plots are in it, and its content security policy forbids every request. It
// works from a disk, in print, without its script, and in light and dark. Every
// plot has its values beside it as a table.
//
// [Write] is all there is to it. What went wrong comes first, then the figures
// with their ratios to the first run, then the plots, and in the end what the
// runs were made with. Plots are drawn here, as SVG: a chart gets curves in the
// units of its axes and works out the rest.
package htmlreport
