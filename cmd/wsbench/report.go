package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluicegate/sluice/bench"
	"github.com/sluicegate/sluice/bench/htmlreport"
)

type reportCommand struct {
	Files   []string           `arg:"" name:"file" help:"Runs written with --out, or reports written with --json; 8 at most. Ratios are to the first."`
	Output  string             `short:"o" default:"report.html" placeholder:"FILE" help:"Write the page here; - is standard output (${default})."`
	Require bench.Requirements `placeholder:"LIST" help:"Exit with 1 unless the figures of every run are so, for example 'p99<5ms,loss=0'. See wsbench figures."`
}

// compare writes the page. Not met: a run breaks a requirement.
func (c *reportCommand) compare(stdout, stderr io.Writer) (met bool, err error) {
	met = true
	runs := make([]htmlreport.Run, 0, len(c.Files))
	for _, name := range c.Files {
		run, err := readRun(name)
		if err != nil {
			return false, err
		}
		broken := c.Require.Broken(run.Report)
		for _, line := range broken {
			met = false
			fmt.Fprintf(stderr, "wsbench: %s: required %s\n", name, line)
		}
		runs = append(runs, htmlreport.Run{Name: runName(name), Recording: run, Broken: broken})
	}
	return met, c.write(runs, stdout)
}

// write writes the page to where it was asked for.
func (c *reportCommand) write(runs []htmlreport.Run, stdout io.Writer) error {
	if c.Output == "-" {
		return htmlreport.Write(stdout, runs)
	}
	var page strings.Builder
	if err := htmlreport.Write(&page, runs); err != nil {
		return err
	}
	if err := os.WriteFile(c.Output, []byte(page.String()), 0o644); err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	return nil
}

func readRun(name string) (*bench.Recording, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	run, err := bench.ReadRun(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return run, nil
}

// runName returns what a run is called on the page: its file without directory
// and extension.
func runName(file string) string {
	base := filepath.Base(file)
	return strings.TrimSuffix(base, filepath.Ext(base))
}
