package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/sluicegate/sluice/bench"
)

// upgradeFlags say how the server is spoken to before messages are exchanged.
type upgradeFlags struct {
	Header      headerFields `sep:"none" placeholder:"'NAME: VALUE'" help:"Further header field of the upgrade requests, with {n} and {token} as in the URL; may be repeated."`
	Origin      string       `placeholder:"ORIGIN" help:"Value of their Origin header field."`
	Subprotocol []string     `sep:"none" placeholder:"NAME" help:"Subprotocol to offer; may be repeated, the preferred one first."`
	Token       string       `xor:"token" placeholder:"TOKEN" help:"Token of every connection. It is sent as 'Authorization: Bearer', unless the URL or a header field has {token}."`
	TokenFile   tokenFile    `xor:"token" placeholder:"FILE" help:"File with a token in each line, which connections take in turn."`
	Insecure    bool         `help:"Take any certificate of a wss:// server."`
	CA          string       `name:"ca" type:"path" placeholder:"FILE" help:"Trust these certificates (PEM) instead of the system's."`
	ServerName  string       `placeholder:"NAME" help:"Name to ask for and to verify. Default: the URL's host."`
}

// apply sets what the flags say in l.
func (f *upgradeFlags) apply(l *bench.Load) {
	l.Headers, l.Origin, l.Subprotocols, l.Tokens = f.Header.header(), f.Origin, f.Subprotocol, f.TokenFile
	if f.Token != "" {
		l.Tokens = []string{f.Token}
	}
	l.TLS = bench.TLS{Insecure: f.Insecure, CAFile: f.CA, ServerName: f.ServerName}
}

// tokenFile is the tokens in a file, one in each line.
type tokenFile []string

// UnmarshalText reads the file of that name.
func (t *tokenFile) UnmarshalText(name []byte) error {
	text, err := os.ReadFile(string(name))
	if err != nil {
		return err
	}
	*t = strings.Fields(string(text))
	if len(*t) == 0 {
		return fmt.Errorf("%s: has no token", name)
	}
	return nil
}
