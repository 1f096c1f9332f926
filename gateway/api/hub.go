package api

import (
	"context"
	"errors"
	"time"

	"github.com/sluicegate/sluice/gateway/internal/odata"
)

// Hubs finds hubs by name.
type Hubs interface {
	// Hub reports false for one that is not configured.
	Hub(name string) (Hub, bool)
}

// Hub is what requests ask of a hub.
type Hub interface {
	Sessions
	Roster
	Permissions
}

// Sessions acts on the sessions of a hub, those that a selection chooses. To
// choose none is no error.
type Sessions interface {
	// Send borrows m until it returns. It does not wait for the message to arrive.
	Send(ctx context.Context, to Selection, m *Message) error
	// Close ends sessions; reason is for their clients.
	Close(ctx context.Context, which Selection, reason string) error
	// Join makes sessions members of groups, and returns how many sessions that
	// were. It may return [ErrTooManyGroups].
	Join(ctx context.Context, which Selection, groups []string) (chosen int, err error)
	// Leave ends memberships: in groups, or in all if groups is nil.
	Leave(ctx context.Context, which Selection, groups []string) error
}

// Roster tells who is there.
type Roster interface {
	// Has reports whether there is such a connection, or a user or group that has
	// one.
	Has(ctx context.Context, t Target) (bool, error)
	// Members returns up to limit members of a group, in an order of its own, from
	// behind after, the cursor of a member, or from the first one if that is empty. If
	// after never was one the error is [ErrNotFound].
	Members(ctx context.Context, group, after string, limit int) ([]Member, error)
}

// Permissions keeps what clients may do. For a connection that is not there the
// error is [ErrNotFound].
type Permissions interface {
	// Grant may return [ErrTooMany].
	Grant(ctx context.Context, connection string, p Permission) error
	Revoke(ctx context.Context, connection string, p Permission) error
	Allows(ctx context.Context, connection string, p Permission) (bool, error)
}

// Errors of a hub that requests are answered with.
var (
	// ErrNotFound: there is no such connection. 404.
	ErrNotFound = errors.New("there is no such connection")
	// ErrTooMany: the connection has as many permissions as it may have. 409.
	ErrTooMany = errors.New("the connection has too many permissions of this kind")
	// ErrTooManyGroups: a connection is in as many groups as it may be. 409.
	ErrTooManyGroups = errors.New("the connection is in as many groups as it may be")
	// ErrUnsupported: the hub cannot do it. 501.
	ErrUnsupported = errors.New("the hub does not do this")
)

// Scope is what kind of thing a target is.
type Scope uint8

const (
	// All sessions of the hub.
	All Scope = iota
	// Group is the members of a group.
	Group
	// User is the sessions of a user.
	User
	// Connection is one session.
	Connection
)

// Target names sessions of a hub.
type Target struct {
	Scope Scope
	// Name is the group's, the user's id or the connection's id; empty for All.
	Name string
}

// Selection chooses sessions of a hub.
type Selection struct {
	Target
	// Except are the ids of connections that are left out.
	Except []string
	// Filter, if set, chooses among the others.
	Filter *Filter
}

// Filter is a predicate over sessions, as a request has it. It may be used from
// any goroutine, for as long as is wanted.
type Filter = odata.Filter

// Subject is a session as a [Filter] sees it.
type Subject = odata.Subject

// DataType says what the data of a message are.
type DataType uint8

const (
	// Text is UTF-8.
	Text DataType = iota
	// JSON is one valid JSON value.
	JSON
	// Binary is any bytes.
	Binary
)

// Message is what a backend sends to clients.
type Message struct {
	Type DataType
	// Data are checked to be what Type says. They are borrowed.
	Data []byte
	// Group is the group that the message is from; empty: it is from the server.
	Group string
	// Key is what the message updates, of at most 1,024 bytes: where the policy for slow
	// clients is conflate, a message that waits for one is replaced by the next with its
	// key. Empty: the message updates nothing. It is the request's header
	// Sluice-Conflation-Key.
	Key string
	// TTL is how long the message is worth delivering: up to 5 minutes. 0: for ever.
	TTL time.Duration
	// Metadata are those of the request's headers X-WebPubSub-Metadata-…, by names
	// in lower case; nil if it has none.
	Metadata map[string]string
}

// Member is a session in a group.
type Member struct {
	Connection string
	// User is empty for the anonymous.
	User string
	// Cursor is the member's place in the list, also when it has gone. Default:
	// Connection.
	Cursor string
}

// Action is what a permission is for.
type Action uint8

const (
	// JoinLeaveGroup: to join and leave a group.
	JoinLeaveGroup Action = iota
	// SendToGroup: to publish to a group.
	SendToGroup
)

// Permission is one that a client may have.
type Permission struct {
	Action Action
	Group  string
}
