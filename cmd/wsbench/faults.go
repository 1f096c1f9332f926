package main

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/alecthomas/kong"

	"github.com/sluicegate/sluice/bench"
)

// flagNames are the flags of fields of package bench that have another name, or
// belong to an argument.
var flagNames = map[string]string{
	"AdminURL":     "--admin",
	"CPUs":         "--cpu",
	"Headers":      "--header",
	"Mode":         "<mode>",
	"PID":          "--pid",
	"PerSecond":    "--rate",
	"Publish.Body": "--publish-body",
	"Publish.URL":  "--publish-url",
	"Sources":      "--source",
	"StatsURL":     "--stats-url",
	"Subprotocols": "--subprotocol",
	"TLS.CAFile":   "--ca",
	"Tokens":       "--token",
	"URL":          "<url>",
}

// flagOf returns what sets a field of package bench on the command line.
func flagOf(field string) string {
	if name, is := flagNames[field]; is {
		return name
	}
	var name strings.Builder
	for _, letter := range field {
		if unicode.IsUpper(letter) {
			name.WriteByte('-')
		}
		name.WriteRune(unicode.ToLower(letter))
	}
	return "-" + name.String()
}

// inFlags returns err with the faults of fields as those of flags.
func inFlags(err error) error {
	if joined, is := err.(interface{ Unwrap() []error }); is {
		var all []error
		for _, one := range joined.Unwrap() {
			all = append(all, inFlags(one))
		}
		return errors.Join(all...)
	}
	if fault, is := errors.AsType[*bench.Fault](err); is {
		return fmt.Errorf("%s: %w", flagOf(fault.Field), fault.Err)
	}
	return err
}

// zeroFlag returns the fault of a flag that says zero where package bench would take
// its default instead. Those with the tag zero may: it means none of it there.
func zeroFlag(flags []*kong.Flag) error {
	for _, f := range flags {
		if f.HasDefault && f.Target.IsZero() && !f.Tag.Has("zero") {
			return fmt.Errorf("--%s: %v: must be above 0", f.Name, f.Target)
		}
	}
	return nil
}
