package settings

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sluicegate/sluice/gateway"
)

// Fault is one thing wrong with the configuration.
type Fault struct {
	// Origin is where the value was set.
	Origin Origin
	// Path is the setting, for example "limits.message"; empty where the fault
	// belongs to the file as a whole.
	Path string
	// Value is what was found there, quoted where it is text.
	Value string
	// Problem says what is wrong and what would be right.
	Problem string
}

// Error returns one line: origin, path, value and problem.
func (f *Fault) Error() string {
	parts := []string{f.Origin.String(), f.Path, f.Value, f.Problem}
	switch {
	case f.Origin.Name != "":
		parts[1] = "" // the flag or variable names the setting already
	case f.Origin == Origin{}:
		parts[0] = "" // nobody has set it
	}
	var b strings.Builder
	for _, part := range parts {
		if part == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		b.WriteString(part)
	}
	return b.String()
}

// Origin is where a setting got its value. The zero value means that it has its
// default.
type Origin struct {
	// File, Line and Column are a place in the file; both count from 1. A
	// Column of 0 means the line as a whole, a Line of 0 the file as a whole.
	File         string
	Line, Column int
	// Name is the flag, with its dashes, or the environment variable.
	Name string
}

func (o Origin) String() string {
	switch {
	case o.Name != "":
		return o.Name
	case o.File == "":
		return "default"
	case o.Line == 0:
		return o.File
	case o.Column == 0:
		return fmt.Sprintf("%s:%d", o.File, o.Line)
	}
	return fmt.Sprintf("%s:%d:%d", o.File, o.Line, o.Column)
}

// Faults returns the faults that err joins, in order.
func Faults(err error) []*Fault {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var faults []*Fault
		for _, err := range joined.Unwrap() {
			faults = append(faults, Faults(err)...)
		}
		return faults
	}
	if fault, ok := errors.AsType[*Fault](err); ok {
		return []*Fault{fault}
	}
	return nil
}

// Fault returns what is wrong with the value of the setting at path, which is
// found where the setting was used, with the place that the value comes from, or
// else the mapping that it would stand in.
func (s *Settings) Fault(path, value, problem string) *Fault {
	fault := &Fault{Path: path, Value: value, Problem: problem}
	for at, found := path, false; !found && at != ""; at = parent(at) {
		fault.Origin, found = s.origins[at]
	}
	return fault
}

// parent returns the path of the mapping that a setting stands in; empty: the
// file.
func parent(path string) string {
	return path[:max(0, strings.LastIndexByte(path, '.'))]
}

// explain turns the faults that the gateway finds into faults of the settings
// that they stem from. Other errors pass unchanged.
func (s *Settings) explain(err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	var faults []error
	for _, err := range joined.Unwrap() {
		if found, ok := errors.AsType[*gateway.Fault](err); ok {
			path, value := s.settingOf(found)
			err = s.Fault(path, value, found.Problem)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// settingOf returns the path of the setting behind a field of gateway.Config,
// and its value as it was written.
func (s *Settings) settingOf(found *gateway.Fault) (path, value string) {
	var hub int
	var of string
	if n, _ := fmt.Sscanf(found.Field, "Hubs[%d].%s", &hub, &of); n == 2 && hub < len(s.Hubs) {
		return settingOfHub(&s.Hubs[hub], of)
	}
	switch of, route := strings.CutPrefix(found.Field, "Routes"); {
	case of == "[0].Dispatch":
		return "dispatch", quoted(dispatch(&s.Dispatch))
	case route:
		return "echo", fmt.Sprintf("%q", s.Echo)
	}
	for _, field := range s.fields() {
		if strings.EqualFold(field.path, found.Field) {
			return field.path, quoted(field.value)
		}
	}
	return found.Field, fmt.Sprint(found.Value)
}

// settingOfHub is settingOf for a field of a hub, or of a class of its groups.
// What is wrong with a name is a fault of all that has the name.
func settingOfHub(h *Hub, of string) (path, value string) {
	at, name, fields := HubPath(h.Name), h.Name, hubFields(h)
	var class int
	var ofClass string
	if n, _ := fmt.Sscanf(of, "Groups[%d].%s", &class, &ofClass); n == 2 && class < len(h.Groups) {
		c := &h.Groups[class]
		at, name, fields = classPath(h.Name, c.Name), c.Name, classFields(h.Name, c)
		of = strings.TrimPrefix(ofClass, "Delivery.")
	}
	for _, field := range fields {
		if strings.EqualFold(field.path, at+"."+of) {
			return field.path, quoted(field.value)
		}
	}
	return at, fmt.Sprintf("%q", name)
}

// quoted returns v as a fault shows it.
func quoted(v value) string {
	if isText(v) {
		return fmt.Sprintf("%q", v)
	}
	return v.String()
}
