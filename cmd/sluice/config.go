package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/settings"
)

//go:embed sluice.yaml
var builtIn []byte

//go:embed webpubsub.yaml
var forSDKs []byte

const (
	builtInName = "(built-in sluice.yaml)"
	forSDKsName = "(built-in webpubsub.yaml)"
)

type configCommands struct {
	Check checkCommand `cmd:"" help:"Print every fault of a configuration file."`
	Show  showCommand  `cmd:"" help:"Print the configuration in effect, and where each value comes from."`
}

type checkCommand struct {
	File string `arg:"" help:"Configuration file (YAML)."`
}

// Run prints each fault on a line of its own, or that there is none; a certificate
// that is out of date is a line, but no fault.
func (c *checkCommand) Run(p *process) error {
	s, err := p.settings(c.File, nil, p.accessKeys(nil, ""))
	var config gateway.Config
	if err == nil {
		config, _, err = gatewayConfig(s) // the files that it names count
	}
	if err == nil {
		for _, warning := range outdated(s, config.TLS, time.Now()) {
			fmt.Fprintln(p.stdout, warning)
		}
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
	s, err := p.settings(c.File, c.given(), p.accessKeys(nil, ""))
	if err != nil {
		return usageError{err}
	}
	_, err = p.stdout.Write(s.YAML())
	return err
}

// settings loads the named file, or the built-in one if the name is empty, with
// the environment and flags over it, and where there are access keys with the limits
// of the SDKs beneath it.
func (p *process) settings(file string, flags map[string]string, keys accessKeys) (*settings.Settings, error) {
	in := settings.Input{Env: p.env, Flags: flags}
	if !keys.none() {
		in.Files = append(in.Files, settings.File{Name: forSDKsName, YAML: forSDKs})
	}
	if file == "" {
		in.Files = append(in.Files, settings.File{Name: builtInName, YAML: builtIn})
		return settings.Load(in)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	in.Files = append(in.Files, settings.File{Name: file, YAML: content})
	return settings.Load(in)
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
