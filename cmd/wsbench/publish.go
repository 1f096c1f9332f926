package main

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/sluicegate/sluice/bench"
)

// publishFlags are the flags of bench.HTTPPublish.
type publishFlags struct {
	PublishURL    string       `name:"publish-url" placeholder:"URL" help:"POST here to have the server send a message to all connections."`
	PublishBody   string       `placeholder:"TEMPLATE" help:"Body of that request, with {text} for the message, for example '{\"data\": \"{text}\"}'. Default: the message."`
	PublishType   string       `placeholder:"TYPE" help:"Its content type; where it is JSON, the message is escaped. Default: text/plain."`
	PublishHeader headerFields `sep:"none" placeholder:"'NAME: VALUE'" help:"Further header field of that request; may be repeated."`
}

func (f *publishFlags) publish() bench.HTTPPublish {
	return bench.HTTPPublish{
		URL:         f.PublishURL,
		Body:        f.PublishBody,
		ContentType: f.PublishType,
		Headers:     f.PublishHeader.header(),
	}
}

// headerFields are header fields as curl takes them.
type headerFields []headerField

// headerField is a name and a value.
type headerField [2]string

func (h *headerField) UnmarshalText(text []byte) error {
	name, value, found := strings.Cut(string(text), ":")
	if name = strings.TrimSpace(name); !found || name == "" {
		return fmt.Errorf("%q: write a header field as 'NAME: VALUE'", text)
	}
	*h = headerField{name, strings.TrimSpace(value)}
	return nil
}

func (h headerFields) header() http.Header {
	if len(h) == 0 {
		return nil
	}
	header := make(http.Header, len(h))
	for _, field := range h {
		header.Add(field[0], field[1])
	}
	return header
}
