package bench

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Requirements are what a run must have come to, written as
// "p99<5ms, loss=0, rate>=1000". Each names one of [Figures], compares it by
// one of < <= = >= >, and ends in a value with its unit: 5ms, 80MiB, 90%. A count
// is a number, or with % a share of what there should have been: late<0.1%.
type Requirements []requirement

// requirement is one of them. Fixed after parsing.
type requirement struct {
	text   string
	figure Figure
	sign   string
	bound  float64
	shared bool // the bound is a share, of a count
}

// ParseRequirements parses what stands between commas. An error names the
// position of what is wrong, counted in characters from 1.
func ParseRequirements(text string) (Requirements, error) {
	var all Requirements
	position := 1
	for part := range strings.SplitSeq(text, ",") {
		one, err := parseRequirement(part)
		if err != nil {
			return nil, fmt.Errorf("position %d: %w", position+err.at, err.problem)
		}
		all = append(all, *one)
		position += len([]rune(part)) + 1
	}
	return all, nil
}

// UnmarshalText adds what text says to q, as [ParseRequirements] reads it.
func (q *Requirements) UnmarshalText(text []byte) error {
	more, err := ParseRequirements(string(text))
	*q = append(*q, more...)
	return err
}

// Broken returns a line for each requirement that r does not meet. One on a
// figure that r does not have is broken.
func (q Requirements) Broken(r *Report) (lines []string) {
	for _, one := range q {
		value, ok := one.figure.Of(r)
		written := one.figure.Format(value)
		if one.shared {
			value, ok = one.figure.ShareOf(r)
			written = Share.Format(value)
		}
		switch {
		case !ok && one.figure.ofServer && len(r.Server) == 0:
			lines = append(lines, fmt.Sprintf("%s: the server's process was not looked at; give its PID", one.text))
		case !ok && r.LatenciesWithheld:
			lines = append(lines, fmt.Sprintf("%s: the generator was overloaded: %s is withheld, or this run has none", one.text, one.figure.Name))
		case !ok:
			lines = append(lines, fmt.Sprintf("%s: this run of %s has no %s", one.text, r.Scenario, one.figure.Name))
		case !one.met(value):
			lines = append(lines, fmt.Sprintf("%s: %s is %s", one.text, one.figure.Name, written))
		}
	}
	return lines
}

func (one *requirement) met(value float64) bool {
	switch one.sign {
	case "<":
		return value < one.bound
	case "<=":
		return value <= one.bound
	case ">":
		return value > one.bound
	case ">=":
		return value >= one.bound
	default:
		return value == one.bound
	}
}

// misreading is a fault, and where it is in a requirement.
type misreading struct {
	at      int
	problem error
}

func parseRequirement(part string) (*requirement, *misreading) {
	trimmed := strings.TrimLeft(part, " ")
	begin := len(part) - len(trimmed)
	trimmed = strings.TrimRight(trimmed, " ")
	end := strings.IndexAny(trimmed, "<>=")
	if end < 0 {
		return nil, &misreading{begin, fmt.Errorf("%q: write a figure, one of < <= = >= > and a value, for example p99<5ms", trimmed)}
	}
	name := strings.TrimSpace(trimmed[:end])
	figure := figureNamed(name)
	if figure == nil {
		return nil, &misreading{begin, fmt.Errorf("%q: is no figure; known are %s", name, strings.Join(figureNames(), ", "))}
	}
	sign := trimmed[end : end+1]
	if sign != "=" && strings.HasPrefix(trimmed[end+1:], "=") {
		sign += "="
	}
	rest := trimmed[end+len(sign):]
	value := strings.TrimLeft(rest, " ")
	one := &requirement{text: trimmed, figure: *figure, sign: sign}
	var err error
	if one.bound, one.shared, err = figure.parse(value); err != nil {
		at := begin + len([]rune(trimmed[:end])) + len(sign) + len(rest) - len(value)
		return nil, &misreading{at, fmt.Errorf("%q: %w", value, err)}
	}
	return one, nil
}

func figureNamed(name string) *Figure {
	for i := range figures {
		if figures[i].Name == name {
			return &figures[i]
		}
	}
	return nil
}

func figureNames() []string {
	names := make([]string, len(figures))
	for i := range figures {
		names[i] = figures[i].Name
	}
	return names
}

// parse reads a value of the figure.
func (f *Figure) parse(text string) (value float64, shared bool, err error) {
	if part, found := strings.CutSuffix(text, "%"); found && (f.Unit == Share || f.whole != nil) {
		value, err = number(strings.TrimSpace(part), "write a share in percent, for example 0.1%")
		return value / 100, f.Unit != Share, err
	}
	switch f.Unit {
	case Seconds:
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return 0, false, fmt.Errorf("write a time with its unit, for example 250us or 5ms")
		}
		return d.Seconds(), false, nil
	case Bytes:
		value, err = parseBytes(text)
	case PerSecond:
		value, err = number(strings.TrimSuffix(text, "/s"), "write a number per second, for example 1000")
	case Share:
		err = fmt.Errorf("write a share in percent, for example 90%%")
	default:
		value, err = number(text, "write a number, or a share in percent, for example 0 or 0.1%")
	}
	return value, false, err
}

func number(text, advice string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v < 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, fmt.Errorf("%s", advice)
	}
	return v, nil
}

// byteUnits are tried in this order: B ends all of them.
var byteUnits = []struct {
	suffix string
	bytes  float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
	{"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1},
}

func parseBytes(text string) (float64, error) {
	const advice = "write a size with its unit, B, kB, MB, GB, KiB, MiB or GiB, for example 80MiB"
	for _, u := range byteUnits {
		if digits, found := strings.CutSuffix(text, u.suffix); found {
			v, err := number(strings.TrimSpace(digits), advice)
			return v * u.bytes, err
		}
	}
	return 0, fmt.Errorf("%s", advice)
}
