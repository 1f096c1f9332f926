// Command sluice is the gateway: `sluice serve` runs it, `sluice config` checks
// and shows its configuration, `sluice doctor` looks at the machine, and `sluice
// token` mints and checks tokens. It holds flags, wiring, signals and exit codes;
// everything else is in the packages of gateway.
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/alecthomas/kong"
)

// Exit codes.
const (
	exitClean  = 0
	exitFailed = 1
	exitUsage  = 2 // the command line or the configuration is at fault
)

func main() {
	p := &process{
		program: os.Args[0],
		args:    os.Args[1:],
		stdout:  os.Stdout,
		stderr:  os.Stderr,
		env:     os.LookupEnv,
		root:    os.DirFS("/"),
		signals: catchSignals,
	}
	os.Exit(p.run())
}

// process is what the program has of its surroundings.
type process struct {
	program        string // as it was started
	args           []string
	stdout, stderr io.Writer
	env            func(string) (string, bool)
	root           fs.FS // the root directory, of which /proc and /sys are read
	signals        func() signals
	asides         []*aside // to be ended
}

// commands is the command line.
type commands struct {
	Serve   serveCommand   `cmd:"" help:"Run the gateway."`
	Config  configCommands `cmd:"" help:"Check and show configurations."`
	Doctor  doctorCommand  `cmd:"" help:"Tell whether this machine can carry a number of connections."`
	Token   tokenCommands  `cmd:"" help:"Mint and check tokens."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// run parses the arguments, runs the command and returns the exit code.
func (p *process) run() int {
	defer func() {
		for _, a := range p.asides {
			a.end()
		}
	}()
	cli := commands{}
	cli.Serve.settingFlags = newSettingFlags()
	cli.Config.Show.settingFlags = newSettingFlags()
	helped := false
	parser, err := kong.New(&cli,
		kong.Name("sluice"),
		kong.Description("A WebSocket edge gateway."),
		kong.Writers(p.stdout, p.stderr),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	)
	if err != nil {
		panic("sluice: the command line is misdeclared: " + err.Error())
	}
	chosen, err := parser.Parse(p.args)
	switch {
	case helped:
		return exitClean
	case err != nil:
		return p.fail(usageError{fmt.Errorf("%w\nRun `sluice --help` for the commands and flags", err)})
	}
	return p.fail(chosen.Run(p))
}

// fail prints err, if there is one, and returns the exit code it calls for.
func (p *process) fail(err error) int {
	if err == nil {
		return exitClean
	}
	fmt.Fprintf(p.stderr, "sluice: %v\n", err)
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	return exitFailed
}

// writeAside has nothing wait for what the program writes, from now on.
func (p *process) writeAside() {
	out, err := newAside(p.stdout), newAside(p.stderr)
	p.stdout, p.stderr, p.asides = out, err, append(p.asides, out, err)
}

// usageError is an error in the command line or the configuration.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }
