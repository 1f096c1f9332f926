package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// attackReport is what the table reads of the load tool's JSON document.
type attackReport struct {
	verdict
	Parameters struct {
		Attackers int `json:"attackers"`
	} `json:"parameters"`
	Failures  []failure `json:"failures"`
	Generator struct {
		Saturated bool `json:"generatorSaturated"`
	} `json:"generator"`
	Attack *struct {
		Mode struct {
			Reasons []string `json:"reasons"`
		} `json:"mode"`
		Phases    []attackPhase `json:"phases"`
		RSSGrowth int64         `json:"rssGrowthBytes"`
		P99Ratio  float64       `json:"p99Ratio"`
	} `json:"attack"`
}

type attackPhase struct {
	Due       uint64  `json:"due"`
	Lost      uint64  `json:"lost"`
	Late      uint64  `json:"late"`
	Latency   latency `json:"latency"`
	Attackers struct {
		Open                 int     `json:"open"`
		ConnectionsPerSecond float64 `json:"connectionsPerSecond"`
		FramesPerSecond      float64 `json:"framesPerSecond"`
		CoreShare            float64 `json:"coreShare"`
	} `json:"attackers"`
	Server struct {
		CPUShare float64 `json:"cpuShare"`
	} `json:"server"`
	Counted []struct {
		Reason string `json:"reason"`
		By     uint64 `json:"by"`
	} `json:"counted"`
}

const (
	beforeAttack = iota
	duringAttack
	afterAttack
	attackPhases
)

func parseAttackReport(text []byte) (*attackReport, error) {
	r := new(attackReport)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("no report of the load tool: %w", err)
	}
	switch {
	case r.Attack != nil && len(r.Attack.Phases) == attackPhases:
		return r, nil
	case len(r.Failures) > 0:
		f := r.Failures[0]
		return nil, errors.New(f.String())
	}
	return nil, errors.New("the attack was not played to its end")
}

// counted names the reasons that the attack is about and how often each was
// counted from its beginning on.
func (r *attackReport) counted() string {
	if len(r.Attack.Mode.Reasons) == 0 {
		return "–"
	}
	var texts []string
	for _, reason := range r.Attack.Mode.Reasons {
		var times uint64
		for _, phase := range r.Attack.Phases[duringAttack:] {
			for _, c := range phase.Counted {
				if c.Reason == reason {
					times += c.By
				}
			}
		}
		if times > 0 {
			texts = append(texts, fmt.Sprintf("%s %d", reason, times))
		}
	}
	if len(texts) == 0 {
		return "none"
	}
	return strings.Join(texts, ", ")
}

// notes are what the row of an attack does not say.
func (r *attackReport) notes(mode string) (notes []string) {
	for i, name := range []string{"before", "during", "after"} {
		if p := r.Attack.Phases[i]; p.Lost > 0 {
			notes = append(notes, fmt.Sprintf("%s: %d of %d messages were lost %s the attack.", mode, p.Lost, p.Due, name))
		}
	}
	switch {
	case r.overloaded():
		notes = append(notes, mode+": "+r.note())
	case r.Generator.Saturated:
		notes = append(notes, mode+": the load tool was saturated: its latencies are its own.")
	}
	return notes
}
