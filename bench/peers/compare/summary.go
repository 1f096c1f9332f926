package main

import (
	"math"
	"slices"
)

// summary is the result of a cell: what the table shows and JSON keeps.
type summary struct {
	Title       string      `json:"title"`
	Baseline    string      `json:"baseline"`
	Environment environment `json:"environment"`
	FigureNames []string    `json:"figureNames"` // titles of the figures of rows and rounds
	Rows        []row       `json:"servers"`
	Repeated    int         `json:"repeatedRuns"`
	Noisy       int         `json:"noisyRuns"`
	Worst       noise       `json:"worstNoise"`
	Rounds      []round     `json:"rounds"`

	figures []figure
}

// row is one server's part of a cell.
type row struct {
	Name    string    `json:"name"`
	Figures []float64 `json:"figures,omitempty"` // medians, in the order of FigureNames
	Ratio   *spread   `json:"ratio,omitempty"`   // of the first figure, to the baseline's
	Cipher  string    `json:"cipher,omitempty"`  // negotiated in the last round
	Failed  string    `json:"failed,omitempty"`
}

// summarize reduces an outcome to medians, one row for each name.
func summarize(o *outcome, names []string, baseline string) *summary {
	s := &summary{
		Title:       o.cell.title,
		Baseline:    baseline,
		Environment: o.environment,
		Repeated:    o.repeated,
		Noisy:       o.noisy,
		Rounds:      o.rounds,
		figures:     o.cell.figures,
	}
	for _, f := range s.figures {
		s.FigureNames = append(s.FigureNames, f.name)
	}
	for _, r := range o.rounds {
		s.Worst = s.Worst.worse(r.Noise)
	}
	for _, name := range names {
		if cause, failed := o.failed[name]; failed {
			s.Rows = append(s.Rows, row{Name: name, Failed: cause})
			continue
		}
		figures := make([]float64, len(s.figures))
		for i := range figures {
			figures[i] = median(column(o.rounds, name, i))
		}
		cipher := o.rounds[len(o.rounds)-1].Ciphers[name]
		s.Rows = append(s.Rows, row{Name: name, Figures: figures, Ratio: ratios(o.rounds, name, baseline, 0), Cipher: cipher})
	}
	return s
}

// column returns a server's i-th figure in each round.
func column(rounds []round, name string, i int) []float64 {
	values := make([]float64, 0, len(rounds))
	for _, r := range rounds {
		values = append(values, r.Figures[name][i])
	}
	return values
}

// spread is a median with its quartiles.
type spread struct {
	Low    float64 `json:"lowQuartile"`
	Median float64 `json:"median"`
	High   float64 `json:"highQuartile"`
}

// ratios compares i-th figures within each round, where both servers met the
// same machine. It returns nil if the baseline had nothing to compare with.
func ratios(rounds []round, name, baseline string, i int) *spread {
	var values []float64
	for _, r := range rounds {
		if to := r.Figures[baseline][i]; to != 0 {
			values = append(values, r.Figures[name][i]/to)
		}
	}
	if len(values) == 0 {
		return nil
	}
	return &spread{quantile(values, 0.25), median(values), quantile(values, 0.75)}
}

func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile returns the value below which the share q of values lies, between
// two neighbours in proportion; NaN if there are none.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	position := q * float64(len(sorted)-1)
	below := int(position)
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (position-float64(below))*(sorted[above]-sorted[below])
}
