package settings

import (
	"errors"
	"fmt"
)

// Input is what settings are made of. Each part may be left out.
type Input struct {
	// Files are configuration files, each over those before it.
	Files []File
	// Env looks up an environment variable, as [os.LookupEnv] does. Variables
	// without a setting are not looked for: orchestrators inject names of their
	// own with the same prefix, such as SLUICE_PORT.
	Env func(name string) (string, bool)
	// Flags are the flags that were given, by [Setting].Flag.
	Flags map[string]string
}

// File is a configuration file.
type File struct {
	// Name is what faults call it.
	Name string
	// YAML is its content. It is borrowed.
	YAML []byte
}

// Load applies the parts of in over [Default], in the order files, environment,
// flags. The error joins every [*Fault]; see [Faults].
func Load(in Input) (*Settings, error) {
	s := Default()
	s.origins = make(map[string]Origin)
	var faults []error
	for _, file := range in.Files {
		faults = append(faults, s.applyFile(file)...)
	}
	if in.Env != nil {
		faults = append(faults, s.applyEnv(in.Env)...)
	}
	faults = append(faults, s.applyFlags(in.Flags)...)
	s.inheritDispatch()
	_, err := s.Gateway()
	if err := errors.Join(errors.Join(faults...), err); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Settings) applyEnv(lookup func(string) (string, bool)) (faults []error) {
	for _, setting := range Catalog() {
		if given, ok := lookup(setting.Env()); ok {
			faults = s.apply(setting, given, Origin{Name: setting.Env()}, faults)
		}
	}
	return faults
}

func (s *Settings) applyFlags(flags map[string]string) (faults []error) {
	for _, setting := range Catalog() {
		if given, ok := flags[setting.Flag]; ok {
			faults = s.apply(setting, given, Origin{Name: "--" + setting.Flag}, faults)
		}
	}
	return faults
}

func (s *Settings) apply(setting Setting, given string, from Origin, faults []error) []error {
	if err := setAll(setting.in(s), given); err != nil {
		return append(faults, &Fault{from, setting.Path, fmt.Sprintf("%q", given), err.Error()})
	}
	s.origins[setting.Path] = from
	return faults
}

// inheritDispatch gives hubs that did not choose for themselves the dispatch of
// the program, which a flag may have set after the file was read.
func (s *Settings) inheritDispatch() {
	for i := range s.Hubs {
		if _, chosen := s.origins[HubPath(s.Hubs[i].Name)+".dispatch"]; !chosen {
			s.Hubs[i].Dispatch = s.Dispatch
		}
	}
}
