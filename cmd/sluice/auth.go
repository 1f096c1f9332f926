package main

import (
	"bytes"
	"errors"
	"os"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/auth"
	"github.com/sluicegate/sluice/gateway/settings"
)

// guardHubs reads the keys of each hub that asks for tokens, and has it check
// them. hubs are those of s, in the same order. The error joins a
// [*settings.Fault] for each file that cannot be used.
func guardHubs(s *settings.Settings, hubs []gateway.HubConfig) error {
	var faults []error
	for i := range s.Hubs {
		if !s.Hubs[i].Auth.Asked() {
			continue
		}
		config, err := tokenRules(s, &s.Hubs[i])
		if err != nil {
			faults = append(faults, err)
			continue
		}
		verifier, err := auth.New(config)
		if err != nil {
			faults = append(faults, explainRules(s, s.Hubs[i].Name, err)...)
			continue
		}
		hubs[i].Authorize = verifier.Authorize
	}
	return errors.Join(faults...)
}

// tokenRules reads the keys of a hub and returns what its tokens must be.
func tokenRules(s *settings.Settings, hub *settings.Hub) (auth.Config, error) {
	a := &hub.Auth
	config := auth.Config{
		Issuer:      a.Issuer,
		Audiences:   a.Audiences,
		Leeway:      a.Leeway,
		Anonymous:   a.Anonymous,
		UserClaim:   a.UserClaim,
		GroupsClaim: a.GroupsClaim,
		EndExpired:  a.EndExpired,
	}
	for _, place := range a.Tokens {
		switch kind, name, _ := settings.CutTokenPlace(place); kind {
		case "header":
			config.Sources = append(config.Sources, auth.Bearer())
		case "query":
			config.Sources = append(config.Sources, auth.Query(name))
		case "subprotocol":
			config.Sources = append(config.Sources, auth.Subprotocol(name))
		}
	}
	var faults []error
	for _, of := range []struct {
		key   string
		files []string
		read  func(file string) ([]auth.Key, error)
	}{{"secrets", a.Secrets, readSecret}, {"publicKeys", a.PublicKeys, auth.ReadPEM}, {"jwks", a.JWKS, auth.ReadJWKS}} {
		path := authPath(hub.Name) + "." + of.key
		for _, file := range of.files {
			keys, err := of.read(file)
			if _, ok := errors.AsType[*os.PathError](err); ok {
				err = unreadable(s, path, file, err)
			} else if err != nil {
				err = s.Fault(path, file, "has keys that cannot be used: "+err.Error())
			}
			faults = append(faults, err)
			config.Keys = append(config.Keys, keys...)
		}
	}
	return config, errors.Join(faults...)
}

// readSecret reads a file that holds one secret, with or without a line end.
func readSecret(file string) ([]auth.Key, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return []auth.Key{auth.Secret(bytes.TrimRight(content, "\r\n"))}, nil
}

// explainRules turns the faults that a verifier finds into faults of the hub's
// settings.
func explainRules(s *settings.Settings, hub string, err error) (faults []error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			faults = append(faults, explainRules(s, hub, err)...)
		}
		return faults
	}
	if found, ok := errors.AsType[*gateway.Fault](err); ok {
		path := authPath(hub)
		return []error{s.Fault(path, found.Field, found.Problem)}
	}
	return []error{err}
}

func authPath(hub string) string { return "hubs." + hub + ".auth" }
