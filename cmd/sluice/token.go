package main

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/auth"
	"github.com/sluicegate/sluice/gateway/token"
)

type tokenCommands struct {
	Client  mintCommand    `cmd:"" help:"Print the URL and the token with which a client connects."`
	Clients crowdCommand   `cmd:"" help:"Print the tokens of many clients, one in a line."`
	REST    signCommand    `cmd:"" name:"rest" help:"Print the token of a request of the REST API."`
	Check   inspectCommand `cmd:"" help:"Check a token, and print what it says."`
}

// access is what tokens are minted and checked with.
type access struct {
	Endpoint      string `default:"http://127.0.0.1:8080" placeholder:"URL" help:"Public endpoint of the gateway (${default})."`
	AccessKey     string `placeholder:"KEY" help:"Access key; others can see it here. Default: SLUICE_ACCESS_KEY of the environment."`
	AccessKeyFile string `placeholder:"FILE" help:"File with access keys, one a line; the first mints. Default: SLUICE_ACCESS_KEY_FILE."`
}

// authority returns what the flags and the environment ask for, and the endpoint.
func (a *access) authority(p *process) (*token.Authority, error) {
	endpoint, err := token.ParseEndpoint(a.Endpoint)
	if err != nil {
		return nil, usageError{fmt.Errorf("--endpoint: %w", err)}
	}
	var given []string
	if a.AccessKey != "" {
		given = []string{a.AccessKey}
	}
	from := p.accessKeys(given, a.AccessKeyFile)
	if from.none() {
		return nil, usageError{fmt.Errorf("--access-key: is missing; give it, or set %s", accessKeyVariable)}
	}
	keys, err := from.read()
	if err != nil {
		return nil, usageError{err}
	}
	authority, err := token.New(token.Config{Keys: keys, Endpoints: []token.Endpoint{endpoint}})
	if err != nil {
		return nil, usageError{from.faulty(err)}
	}
	return authority, nil
}

// life is how long what is minted is good.
type life struct {
	Expires time.Duration `default:"1h" help:"How long the token is good (${default})."`
}

// Validate is kong's.
func (l *life) Validate() error {
	if l.Expires == 0 {
		return errors.New("--expires: 0s: must be at least 1s")
	}
	return nil
}

// hubName is a flag whose value can be the name of a hub.
type hubName string

// Validate is kong's.
func (h hubName) Validate() error {
	config := gateway.Config{Hubs: []gateway.HubConfig{{Name: string(h)}}}
	if fault, is := errors.AsType[*gateway.Fault](config.Validate()); is {
		return fmt.Errorf("%q: %s", h, fault.Problem)
	}
	return nil
}

type mintCommand struct {
	access
	life
	Hub   hubName  `required:"" placeholder:"HUB" help:"Hub to connect to."`
	User  string   `help:"User id. Default: anonymous."`
	Group []string `sep:"none" placeholder:"NAME" help:"Group to be in from the beginning; may be repeated."`
	Role  []string `sep:"none" placeholder:"ROLE" help:"Role, such as webpubsub.sendToGroup; may be repeated."`
}

// Run prints the URL, which holds the token, and the token by itself.
func (c *mintCommand) Run(p *process) error {
	authority, err := c.authority(p)
	if err != nil {
		return err
	}
	signed, err := c.mint(authority, strings.NewReplacer())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "url    %s?access_token=%s\ntoken  %s\n", authority.Endpoint().ClientURL(string(c.Hub)), url.QueryEscape(signed), signed)
	return err
}

// mint returns the token of one client; number replaces what stands for its number.
func (c *mintCommand) mint(authority *token.Authority, number *strings.Replacer) (string, error) {
	client := token.Client{Hub: string(c.Hub), User: number.Replace(c.User), Roles: c.Role, Life: c.Expires}
	for _, group := range c.Group {
		client.Groups = append(client.Groups, number.Replace(group))
	}
	signed, err := authority.MintClient(client)
	if err != nil {
		return "", usageError{err}
	}
	return signed, nil
}

// crowdCommand mints what wsbench --token-file reads.
type crowdCommand struct {
	mintCommand
	Count int `required:"" help:"Number of clients. {n} in user id and groups stands for the number of one, from 0."`
}

// Run prints the tokens.
func (c *crowdCommand) Run(p *process) error {
	authority, err := c.authority(p)
	if err != nil {
		return err
	}
	if c.Count < 1 {
		return usageError{fmt.Errorf("--count: %d: must be 1 or more", c.Count)}
	}
	for n := range c.Count {
		signed, err := c.mint(authority, strings.NewReplacer("{n}", strconv.Itoa(n)))
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(p.stdout, signed); err != nil {
			return err
		}
	}
	return nil
}

type signCommand struct {
	access
	life
	Path string `arg:"" help:"Path of the request, such as /api/hubs/chat/:send, as it is sent. Its query need not be there."`
}

// Run prints the token, and nothing else: it is meant to stand in another command.
func (c *signCommand) Run(p *process) error {
	authority, err := c.authority(p)
	if err != nil {
		return err
	}
	signed, err := authority.MintREST(c.Path, c.Expires)
	if err != nil {
		return usageError{err}
	}
	_, err = fmt.Fprintln(p.stdout, signed)
	return err
}

type inspectCommand struct {
	access
	Token string `arg:"" help:"The token."`
}

// Run prints what a good token says.
func (c *inspectCommand) Run(p *process) error {
	authority, err := c.authority(p)
	if err != nil {
		return err
	}
	checked, purpose, err := authority.Inspect(c.Token)
	if errors.Is(err, auth.ErrAudience) {
		return fmt.Errorf("%w: its aud is %q, which is nothing at --endpoint %v", err, checked.Claims["aud"], authority.Endpoint())
	}
	if err != nil {
		return err
	}
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(p.stdout, "%-8s %s\n", name, value)
		}
	}
	line("hub", purpose.Hub)
	line("request", purpose.Target)
	line("user", checked.User)
	line("groups", strings.Join(checked.Groups, ", "))
	line("roles", strings.Join(checked.Roles, ", "))
	line("expires", checked.Expires.UTC().Format(time.RFC3339))
	return nil
}
