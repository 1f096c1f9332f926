package main

import "github.com/sluicegate/sluice/bench"

// publishFlags are the flags of bench.HTTPPublish.
type publishFlags struct {
	PublishURL    string       `name:"publish-url" placeholder:"URL" help:"POST here to have the server send a message to all connections, or to those of {room}."`
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
