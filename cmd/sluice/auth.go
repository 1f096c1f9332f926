package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/auth"
	"github.com/sluicegate/sluice/gateway/settings"
)

// guards are the verifiers of the hubs that ask for tokens, by the hub's name.
type guards map[string]*auth.Verifier

// newGuards reads the keys of each hub that asks for tokens. The error joins a
// [*settings.Fault] for each file that cannot be used.
func newGuards(s *settings.Settings) (guards, error) {
	rules, err := allTokenRules(s)
	if err != nil {
		return nil, err
	}
	all := make(guards, len(rules))
	for hub, config := range rules {
		if all[hub], err = auth.New(config); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// post has each hub check tokens that asks for them.
func (g guards) post(hubs []gateway.HubConfig) {
	for i := range hubs {
		if verifier := g[hubs[i].Name]; verifier != nil {
			hubs[i].Authorize = verifier.Authorize
		}
	}
}

// part has the guards follow a change of the settings, the content of the files
// with keys included.
func (g guards) part() part {
	return part{"keys", func(next *settings.Settings) (swap, error) {
		rules, err := allTokenRules(next)
		if err != nil {
			return nil, err
		}
		return func() ([]string, error) { return g.follow(rules) }, nil
	}}
}

// follow replaces the rules of each guard. A hub that begins or ceases to ask for
// tokens needs a restart: its sessions were let in otherwise.
func (g guards) follow(rules map[string]auth.Config) (needRestart []string, err error) {
	for hub, config := range rules {
		if verifier := g[hub]; verifier == nil {
			needRestart = append(needRestart, authPath(hub))
		} else if err := verifier.Replace(config); err != nil {
			return nil, err
		}
	}
	for hub := range g {
		if _, asks := rules[hub]; !asks {
			needRestart = append(needRestart, authPath(hub))
		}
	}
	slices.Sort(needRestart)
	return needRestart, nil
}

// allTokenRules returns what the tokens of each hub must be that asks for them.
func allTokenRules(s *settings.Settings) (map[string]auth.Config, error) {
	var faults []error
	rules := make(map[string]auth.Config)
	for i := range s.Hubs {
		hub := &s.Hubs[i]
		if !hub.Auth.Asked() {
			continue
		}
		config, files, err := tokenRules(s, hub)
		if err == nil {
			err = errors.Join(explainRules(s, hub.Name, files, config.Validate())...)
		}
		faults = append(faults, err)
		rules[hub.Name] = config
	}
	return rules, errors.Join(faults...)
}

// keyFile is where a key comes from.
type keyFile struct{ path, file string }

// tokenRules reads the keys of a hub and returns what its tokens must be, and the
// file of each key.
func tokenRules(s *settings.Settings, hub *settings.Hub) (config auth.Config, files []keyFile, err error) {
	a := &hub.Auth
	config = auth.Config{
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
			files = append(files, slices.Repeat([]keyFile{{path, file}}, len(keys))...)
		}
	}
	return config, files, errors.Join(faults...)
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
// settings. Files are those of the keys.
func explainRules(s *settings.Settings, hub string, files []keyFile, err error) (faults []error) {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range joined.Unwrap() {
			faults = append(faults, explainRules(s, hub, files, err)...)
		}
		return faults
	}
	found, ok := errors.AsType[*gateway.Fault](err)
	if !ok {
		return []error{err}
	}
	path, value, number := authPath(hub), found.Field, 0
	if n, _ := fmt.Sscanf(found.Field, "Keys[%d]", &number); n == 1 {
		path, value = files[number].path, files[number].file
	} else if found.Field == "Leeway" {
		path, value = path+".leeway", fmt.Sprint(found.Value)
	}
	return []error{s.Fault(path, value, found.Problem)}
}

func authPath(hub string) string { return settings.HubPath(hub) + ".auth" }
