package pubsub

import (
	"bytes"
	"errors"
	"strings"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/internal/workers"
	"github.com/sluicegate/sluice/gateway/subprotocol"
	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// event is a user event on its way to the upstream. Its client's next messages wait.
type event struct {
	client  *client
	session gateway.Session
	turn    gateway.Turn

	webhook.UserEvent
	hasAck     bool
	ackID      uint64
	invocation string // empty: it is no invocation
}

var _ workers.Job = (*event)(nil)

// The types of payloads as the upstream has them.
var hookTypes = [...]webhook.DataType{
	subprotocol.JSONData:    webhook.JSON,
	subprotocol.Text:        webhook.Text,
	subprotocol.Binary:      webhook.Binary,
	subprotocol.ProtobufAny: webhook.Protobuf,
}

// replyTypes are those of answers, by the upstream's.
var replyTypes = [...]subprotocol.DataType{
	webhook.Binary:   subprotocol.Binary,
	webhook.Text:     subprotocol.Text,
	webhook.JSON:     subprotocol.JSONData,
	webhook.Protobuf: subprotocol.ProtobufAny,
}

// eventOf returns the event of a request, with nothing of the request's memory.
func eventOf(r *subprotocol.Request) *event {
	e := &event{hasAck: r.HasAck, ackID: r.AckID, invocation: string(r.Invocation)}
	e.Name, e.Type, e.Data = string(r.Event), hookTypes[r.Payload.Type], bytes.Clone(r.Payload.Data)
	for _, pair := range r.Metadata {
		if e.Metadata == nil {
			e.Metadata = make(map[string]string, len(r.Metadata))
		}
		e.Metadata[string(pair.Key)] = string(pair.Value)
	}
	return e
}

// ask has the upstream asked, and keeps the client's turn until it has answered.
func (c *client) ask(s gateway.Session, e *event, t gateway.Turn) {
	e.client, e.session, e.turn = c, s, t
	if c.hook == nil {
		e.failed(webhook.ErrNoHandler)
		return
	}
	t.Keep()
	c.service.crew.Submit(e)
}

// Run asks the upstream. It runs on a goroutine of the service's.
func (e *event) Run() {
	defer e.turn.End()
	reply, err := e.client.service.config.Upstream.UserEvent(e.client.service.ctx, e.client.hook, e.UserEvent)
	if err != nil {
		e.failed(err)
		return
	}
	e.succeeded(subprotocol.Payload{Type: replyTypes[reply.Type], Data: reply.Data})
}

// succeeded gives the client the upstream's answer: in the response to an invocation,
// and otherwise in a message ahead of the ack.
func (e *event) succeeded(answer subprotocol.Payload) {
	if e.invocation != "" {
		e.respond(subprotocol.InvokeResponse{Payload: answer})
		return
	}
	if len(answer.Data) > 0 {
		e.client.reply(e.session, answer)
	}
	if e.hasAck {
		e.client.acknowledgeID(e.session, e.ackID, subprotocol.AckSuccess, "")
	}
}

// respond ends an invocation. It is not kept for a client without a socket: clients
// give up their invocations when they lose it.
func (e *event) respond(r subprotocol.InvokeResponse) {
	r.Invocation = e.invocation
	e.client.answer(e.session, r.Append(nil, e.client.protocol.Encoding))
}

// failed tells the client that its event has no answer.
func (e *event) failed(err error) {
	result, text := faultOf(err)
	e.client.service.counts.eventsFailed.Add(1)
	switch {
	case e.client.protocol.Encoding == subprotocol.Simple:
		e.client.end(e.session, ws.StatusInternalServerError, text)
	case e.invocation != "":
		e.respond(subprotocol.InvokeResponse{Result: result, Text: text})
	case e.hasAck:
		e.client.acknowledgeID(e.session, e.ackID, result, text)
	}
}

// faultOf is what a client is told of a failure. What the upstream has said stays here: it
// may be meant for the operator.
func faultOf(err error) (result subprotocol.AckResult, text string) {
	if invalid, is := errors.AsType[*webhook.Invalid](err); is {
		return subprotocol.AckBadRequest, strings.ToLower(invalid.Field) + ": " + invalid.Problem
	}
	text = "the upstream did not answer the event"
	switch {
	case errors.Is(err, webhook.ErrNoHandler):
		text = "no upstream takes the event"
	case errors.As(err, new(*webhook.Rejected)):
		text = "the upstream rejected the event"
	}
	return subprotocol.AckInternalServerError, text
}

// reply sends the client a message from the server.
func (c *client) reply(s gateway.Session, p subprotocol.Payload) {
	m := &subprotocol.Message{Payload: p}
	frame := m.Append(nil, c.protocol.Encoding)
	if c.lasting == nil {
		closeIfBusy(s, s.Send(messageType(c.protocol.Encoding, p.Type), frame))
		return
	}
	if !c.deliver(frame, 0) {
		c.overrun()
	}
}
