// Package doctor tells whether a machine can carry a number of connections.
//
// [Read] collects facts from the files of /proc and /sys, [Examine] compares
// them with what is wished for, and [Report] is the outcome. Examine is a pure
// function, and Read is given the files: what they say of one machine can be
// asked on any other. The package holds no state, so any goroutine may call it.
package doctor

import "fmt"

// Wishes are what a machine is to carry.
type Wishes struct {
	// Connections is how many clients may be connected at once; 0 asks only for
	// what a gateway takes for itself.
	Connections int `json:"connections"`
	// HTTPConnections is how many further ones net/http may serve, in the shared
	// descriptor table in any case.
	HTTPConnections int `json:"httpConnections"`
	// Loops is the number of event loops; less than 1 is taken for 1.
	Loops int `json:"loops"`
	// PrivateFDTables gives each loop a descriptor table of its own.
	PrivateFDTables bool `json:"privateFdTables"`
	// TLS says that the gateway itself ends TLS.
	TLS bool `json:"tls"`
}

// Verdict is what a finding means for the wishes.
type Verdict uint8

// The verdicts, from the best to the worst.
const (
	// Fine is enough, or of no concern.
	Fine Verdict = iota
	// Warn works, but not well or not always; or it is not known.
	Warn
	// Fail cannot work.
	Fail
)

func (v Verdict) String() string { return [...]string{"ok", "warn", "fail"}[v] }

// MarshalText returns what String does.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Finding is what one limit or property of the machine means for the wishes.
type Finding struct {
	// Name is what the system calls it, for example "fs.file-max".
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	// Value is what the machine has.
	Value string `json:"value"`
	// Need is what the wishes take; empty where there is nothing to compare.
	Need string `json:"need,omitempty"`
	// Text says what it is, and what follows where it is too little.
	Text string `json:"text"`
	// Fix are the lines that change it, whether or not that is needed; empty
	// where no line does.
	Fix []string `json:"fix,omitempty"`
}

// Report is the outcome of an examination.
type Report struct {
	Wishes   Wishes    `json:"wishes"`
	Verdict  Verdict   `json:"verdict"` // the worst of the findings
	Memory   Memory    `json:"memory"`
	Findings []Finding `json:"findings"`
}

// Examine returns what the facts mean for the wishes.
func Examine(facts Facts, wishes Wishes) Report {
	wishes.Loops = max(1, wishes.Loops)
	report := Report{Wishes: wishes, Memory: Expect(wishes)}
	for _, check := range checks {
		finding := check(facts, wishes)
		report.Findings = append(report.Findings, finding)
		report.Verdict = max(report.Verdict, finding.Verdict)
	}
	return report
}

// With returns the findings of one verdict.
func (r Report) With(v Verdict) []Finding {
	var found []Finding
	for _, f := range r.Findings {
		if f.Verdict == v {
			found = append(found, f)
		}
	}
	return found
}

// Summary names the limit, what it is and what it has to be, in one line.
func (f Finding) Summary() string {
	if f.Need == "" {
		return fmt.Sprintf("%s is %s", f.Name, f.Value)
	}
	return fmt.Sprintf("%s is %s; needed: %s", f.Name, f.Value, f.Need)
}
