package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"

	"github.com/sluicegate/sluice/gateway/settings"
)

//go:embed sluice.yaml
var builtIn []byte

const builtInName = "(built-in sluice.yaml)"

type configCommands struct {
	Check checkCommand `cmd:"" help:"Print every fault of a configuration file."`
	Show  showCommand  `cmd:"" help:"Print the configuration in effect, and where each value comes from."`
}

type checkCommand struct {
	File string `arg:"" help:"Configuration file (YAML)."`
}

// Run prints each fault on a line of its own, or that there is none.
func (c *checkCommand) Run(p *process) error {
	s, err := p.settings(c.File, nil)
	if err == nil {
		_, _, err = gatewayConfig(s) // the files that it names count
	}
	if err == nil {
		fmt.Fprintf(p.stdout, "%s: ok\n", c.File)
		return nil
	}
	faults := settings.Faults(err)
	if len(faults) == 0 {
		return err
	}
	for _, fault := range faults {
		fmt.Fprintln(p.stdout, fault)
	}
	return errors.New(counted(len(faults), "fault"))
}

type showCommand struct {
	File string `arg:"" optional:"" help:"Configuration file (YAML). Default: the built-in one."`
	settingFlags
}

// Run prints YAML that `sluice serve` would accept.
func (c *showCommand) Run(p *process) error {
	s, err := p.settings(c.File, c.given())
	if err != nil {
		return usageError{err}
	}
	_, err = p.stdout.Write(s.YAML())
	return err
}

// settings loads the named file, or the built-in one if the name is empty, with
// the environment and flags over it.
func (p *process) settings(file string, flags map[string]string) (*settings.Settings, error) {
	in := settings.Input{File: builtInName, YAML: builtIn, Env: p.env, Flags: flags}
	if file != "" {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		in.File, in.YAML = file, content
	}
	return settings.Load(in)
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
