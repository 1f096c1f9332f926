package subprotocol

import (
	"bytes"
	"encoding/base64"
	"strconv"
)

// frame holds the members of a request frame as they are written, by field. They
// may come in any order, and type says what the others mean.
type frame [fieldCount][]byte

func parseJSON(r *Request, message []byte) error {
	var f frame
	err := f.read(r, message)
	if err == nil {
		err = f.request(r)
	}
	if err == nil {
		err = r.check()
	}
	return err
}

// read finds the members. A name that is given twice is refused: another reader of
// the same frame could take the other value.
func (f *frame) read(r *Request, message []byte) error {
	s := scanner{text: message}
	if s.peek() != '{' {
		return malformed("message", s.missing(errObjectOnly).Error())
	}
	s.at++
	for first := true; ; first = false {
		key, err := s.member(first)
		if err != nil {
			return malformed("message", err.Error())
		}
		if key == nil {
			break
		}
		name := r.unquote(key)
		value, err := s.value(2)
		if err != nil {
			return malformed(quotedOrKnown(name), err.Error())
		}
		known := fieldOf(name)
		if known == fieldCount {
			continue
		}
		if f[known] != nil {
			return malformed(known.String(), "is given twice")
		}
		f[known] = value
	}
	if err := s.end(); err != nil {
		return malformed("message", err.Error())
	}
	for known := range fieldCount {
		// Encoders write null for what is not there. Data may be null itself.
		if known != fieldData && string(f[known]) == "null" {
			f[known] = nil
		}
	}
	return nil
}

func quotedOrKnown(name []byte) string {
	if known := fieldOf(name); known != fieldCount {
		return known.String()
	}
	return quoted(name)
}

// request reads what the type asks for and passes over other members. The ack id
// comes first, so that a refusal can be answered.
func (f *frame) request(r *Request) error {
	var err error
	if r.Op, err = f.op(r); err != nil {
		return err
	}
	switch r.Op {
	case OpPing:
		return nil
	case OpSequenceAck:
		r.Sequence, err = f.member(fieldSequence).integer()
		return err
	case OpInvoke:
		return f.invoke(r)
	case OpCancelInvocation:
		return f.invocation(r)
	}
	if r.HasAck = f[fieldAckID] != nil; r.HasAck {
		if r.AckID, err = f.member(fieldAckID).integer(); err != nil {
			return err
		}
	}
	switch r.Op {
	case OpJoinGroup, OpLeaveGroup:
		r.Group, err = f.member(fieldGroup).string(r)
		return err
	case OpSendToGroup:
		if err = f.options(r); err == nil {
			r.Group, err = f.member(fieldGroup).string(r)
		}
	case OpEvent:
		r.Event, err = f.member(fieldEvent).string(r)
	}
	if err != nil {
		return err
	}
	if f[fieldStream] != nil {
		return f.stream(r)
	}
	if err = f.payload(r); err != nil {
		return err
	}
	return f.metadata(r)
}

func (f *frame) op(r *Request) (Op, error) {
	name, err := f.member(fieldType).string(r)
	if err != nil {
		return 0, err
	}
	switch string(name) {
	case "ping":
		return OpPing, nil
	case "joinGroup":
		return OpJoinGroup, nil
	case "leaveGroup":
		return OpLeaveGroup, nil
	case "sendToGroup":
		return OpSendToGroup, nil
	case "event":
		return OpEvent, nil
	case "sequenceAck":
		return OpSequenceAck, nil
	case "invoke":
		return OpInvoke, nil
	case "cancelInvocation":
		return OpCancelInvocation, nil
	}
	return 0, malformed("type", quoted(name)+" is not served")
}

// invoke reads an invocation. It may come without data, which is the empty text.
func (f *frame) invoke(r *Request) error {
	if err := f.invocation(r); err != nil {
		return err
	}
	target, err := f.member(fieldTarget).string(r)
	if err != nil {
		return err
	}
	if string(target) != "event" {
		return refused("target", quoted(target)+" must be event")
	}
	if r.Event, err = f.member(fieldEvent).string(r); err != nil {
		return err
	}
	if f[fieldData] == nil && f[fieldDataType] == nil {
		r.Payload.Type = Text
	} else if err = f.payload(r); err != nil {
		return err
	}
	return f.metadata(r)
}

// invocation reads the id that the response has, first, so that a refusal has it too.
func (f *frame) invocation(r *Request) (err error) {
	id := f.member(fieldInvocation)
	if r.Invocation, err = id.string(r); err == nil && len(r.Invocation) == 0 {
		err = id.wrong("must not be empty")
	}
	return err
}

// stream reads which stream a request begins, and refuses it.
func (f *frame) stream(r *Request) error {
	s := scanner{text: f[fieldStream]}
	if s.peek() != '{' {
		return malformed("stream", "must be an object")
	}
	s.at++
	for first := true; ; first = false {
		key, _ := s.member(first) // the frame was passed over already
		if key == nil {
			return errStream
		}
		if value, _ := s.value(1); value[0] == '"' && string(r.unquote(key)) == "streamId" {
			r.Stream = r.unquote(value)
		}
	}
}

// options reads what only sendToGroup has.
func (f *frame) options(r *Request) (err error) {
	if f[fieldNoEcho] != nil {
		if r.NoEcho, err = f.member(fieldNoEcho).boolean(); err != nil {
			return err
		}
	}
	if f[fieldTTL] != nil {
		var seconds uint64
		seconds, err = f.member(fieldTTL).integer()
		r.TTL = uint16(min(seconds, maxTTL+1))
	}
	return err
}

func (f *frame) payload(r *Request) error {
	if f[fieldDataType] != nil {
		name, err := f.member(fieldDataType).string(r)
		if err != nil {
			return err
		}
		known := false
		for i := range dataTypes {
			if string(name) == dataTypes[i] {
				r.Payload.Type, known = DataType(i), true
			}
		}
		if !known {
			return malformed("dataType", quoted(name)+" must be text, json, binary or protobuf")
		}
	}
	data := f.member(fieldData)
	var err error
	switch r.Payload.Type {
	case JSONData:
		if r.Payload.Data = data.raw; data.raw == nil {
			err = data.wrong("must be a JSON value")
		}
	case Text:
		r.Payload.Data, err = data.string(r)
	case Binary:
		r.Payload.Data, err = data.base64(r)
	case ProtobufAny:
		if r.Payload.Data, err = data.base64(r); err == nil {
			err = checkAny(r.Payload.Data)
		}
	}
	return err
}

func (f *frame) metadata(r *Request) error {
	raw := f[fieldMetadata]
	if raw == nil {
		return nil
	}
	if raw[0] != '{' {
		return malformed("metadata", "must be an object")
	}
	s := scanner{text: raw, at: 1}
	for first := true; ; first = false {
		key, _ := s.member(first) // the frame was passed over already
		if key == nil {
			return nil
		}
		value, _ := s.value(1)
		if value[0] != '"' {
			return malformed("metadata", "must have strings for values")
		}
		if err := r.addMetadata(Pair{r.unquote(key), r.unquote(value)}); err != nil {
			return err
		}
	}
}

// member is one member of a frame, nil if it is not there.
type member struct {
	field field
	raw   []byte
}

func (f *frame) member(known field) member { return member{known, f[known]} }

// wrong is the error of a member that cannot be read, or is not there.
func (m member) wrong(text string) error {
	if m.raw == nil {
		text = "is missing"
	}
	return malformed(m.field.String(), text)
}

func (m member) string(r *Request) ([]byte, error) {
	if m.raw == nil || m.raw[0] != '"' {
		return nil, m.wrong("must be a string")
	}
	return r.unquote(m.raw), nil
}

func (m member) boolean() (bool, error) {
	switch string(m.raw) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, m.wrong("must be true or false")
}

// integer reads all of 64 bits, which a float would not hold.
func (m member) integer() (uint64, error) {
	n, err := strconv.ParseUint(string(m.raw), 10, 64)
	if err != nil {
		return 0, m.wrong("must be an integer of 0 to 18446744073709551615")
	}
	return n, nil
}

func (m member) base64(r *Request) ([]byte, error) {
	text, err := m.string(r)
	if err != nil {
		return nil, err
	}
	start := len(r.scratch)
	all, bad := base64.StdEncoding.AppendDecode(r.scratch, text)
	if bad != nil {
		return nil, m.wrong("must be base64")
	}
	r.scratch = all
	return all[start:len(all):len(all)], nil
}

// unquote returns what a JSON string with its quotes stands for: a part of the
// string itself, unless it has escapes.
func (r *Request) unquote(text []byte) []byte {
	inside := text[1 : len(text)-1]
	if bytes.IndexByte(inside, '\\') < 0 {
		return inside
	}
	start := len(r.scratch)
	r.scratch = appendUnquoted(r.scratch, inside)
	return r.scratch[start:len(r.scratch):len(r.scratch)]
}
