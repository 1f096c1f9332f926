package webhook

import (
	"errors"
	"fmt"
)

// Errors with nothing to add to them.
var (
	// ErrNoHandler: no handler takes the user event.
	ErrNoHandler = errors.New("webhook: no handler takes this event")
	// ErrQueueFull: as many notifications wait as [Config].Queue allows.
	ErrQueueFull = errors.New("webhook: the notification is dropped: too many wait")
	// ErrClosed: the upstream has been closed.
	ErrClosed = errors.New("the upstream is closed")
	// ErrBreakerOpen: the handler has failed so often that it is left alone for a
	// while.
	ErrBreakerOpen = errors.New("it failed several times in a row and is left alone for a while")
)

// Rejected is a handler's refusal: a status of 400 to 599.
type Rejected struct {
	// Status is the HTTP status, for the client's handshake if it was refused.
	Status int
	// Body is the beginning of the answer's body, at most 4 KiB, whatever bytes
	// the handler sent. The receiver owns it.
	Body []byte
}

func (r *Rejected) Error() string { return fmt.Sprintf("webhook: the handler answered %d", r.Status) }

// Unavailable is the lack of an answer that can be used.
type Unavailable struct {
	// Handler is the handler's URL without its query.
	Handler string
	// Cause is why: [ErrClosed], [ErrBreakerOpen], a [*NotAllowed], a
	// [*BadAnswer], the error of the context, or one of the network.
	Cause error
}

func (u *Unavailable) Error() string { return fmt.Sprintf("webhook: %s: %v", u.Handler, u.Cause) }

// Unwrap returns the cause.
func (u *Unavailable) Unwrap() error { return u.Cause }

// NotAllowed says that a handler did not allow this gateway to send events.
type NotAllowed struct {
	// Problem says what was missing.
	Problem string
}

func (n *NotAllowed) Error() string { return "the handler does not allow events: " + n.Problem }

// BadAnswer is an answer that no handler should give.
type BadAnswer struct {
	// Problem says what is wrong with it.
	Problem string
}

func (b *BadAnswer) Error() string { return "the handler's answer cannot be used: " + b.Problem }

// Invalid is an event that cannot be sent. Nothing of it was.
type Invalid struct {
	// Field is the part at fault, for example "Name".
	Field string
	// Value is what was found there.
	Value string
	// Problem says what is wrong and what would be right.
	Problem string
}

func (i *Invalid) Error() string {
	return fmt.Sprintf("webhook: event: %s: %q: %s", i.Field, i.Value, i.Problem)
}
