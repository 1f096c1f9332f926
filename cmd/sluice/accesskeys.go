package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/settings"
	"github.com/sluicegate/sluice/gateway/token"
)

const (
	accessKeyVariable     = "SLUICE_ACCESS_KEY"
	accessKeyFileVariable = "SLUICE_ACCESS_KEY_FILE"
)

// accessKeys is where access keys come from: the command line or the environment, or
// else a file, which can change while the program runs.
type accessKeys struct {
	given []string
	file  string
	// What errors call the two.
	givenName, fileName string
}

// accessKeys returns the keys that flags give, or else the environment.
func (p *process) accessKeys(given []string, file string) accessKeys {
	if len(given) > 0 || file != "" {
		return accessKeys{given, file, "--access-key", "--access-key-file"}
	}
	k := accessKeys{givenName: accessKeyVariable, fileName: accessKeyFileVariable}
	if value, _ := p.env(accessKeyVariable); value != "" {
		k.given = strings.Split(value, ",")
	}
	k.file, _ = p.env(accessKeyFileVariable)
	return k
}

// none reports whether there is neither a key nor a file.
func (k accessKeys) none() bool { return len(k.given) == 0 && k.file == "" }

// place names where the keys are, for errors.
func (k accessKeys) place() string {
	if k.file != "" {
		return k.fileName + ": " + k.file
	}
	return k.givenName
}

// read returns the keys as they are now: of a file, one a line, without blank lines.
func (k accessKeys) read() ([]string, error) {
	switch {
	case k.file == "":
		return k.given, nil
	case len(k.given) > 0:
		return nil, fmt.Errorf("%s: is given beside %s; give one of them", k.fileName, k.givenName)
	}
	content, err := os.ReadFile(k.file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.fileName, err)
	}
	var keys []string
	for line := range strings.Lines(string(content)) {
		if key := strings.TrimRight(line, "\r\n"); key != "" {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s: holds no key; write one a line", k.place())
	}
	return keys, nil
}

// faulty names the flag behind what is wrong with the configuration of tokens.
func (k accessKeys) faulty(err error) error {
	fault, ok := errors.AsType[*gateway.Fault](err)
	if !ok {
		return fmt.Errorf("%s: %w", k.place(), err)
	}
	var number int
	if n, _ := fmt.Sscanf(fault.Field, "Keys[%d]", &number); n == 1 {
		return fmt.Errorf("%s: key %d: %s", k.place(), number+1, fault.Problem)
	}
	return fmt.Errorf("--endpoint: %v: %s", fault.Value, fault.Problem)
}

// keysPart has tokens checked and minted, and events signed, with the keys that their
// file holds now. Those of the command line and the environment stay as they are.
func (a *public) keysPart() part {
	return part{"access keys", func(*settings.Settings) (swap, error) {
		nothing := func() ([]string, error) { return nil, nil }
		if a == nil || a.keys.file == "" {
			return nothing, nil
		}
		next := a.tokens
		var err error
		if next.Keys, err = a.keys.read(); err != nil {
			return nil, err
		}
		if _, err := token.New(next); err != nil {
			return nil, a.keys.faulty(err)
		}
		return func() ([]string, error) {
			a.tokens = next
			err := a.authority.Replace(next)
			for _, upstream := range a.upstreams {
				err = errors.Join(err, upstream.SignWith(next.Keys))
			}
			return nil, err
		}, nil
	}}
}
