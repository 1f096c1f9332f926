package gateway

import (
	"context"
	"net/netip"
	"time"

	"github.com/sluicegate/sluice/poller"
)

// SessionInfo is what is known of an open session.
type SessionInfo struct {
	Session Session `json:"-"`
	// ID is the connection id; see [Session.ID].
	ID string `json:"id"`
	// Hub is the hub's name, or empty.
	Hub string `json:"hub,omitempty"`
	// User and Metadata are from the session's [Identity]. Metadata are shared,
	// and must not be changed.
	User     string            `json:"user,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"`
	// Form is the form of publications that it is sent.
	Form Form `json:"-"`
	// Groups are the groups that the session is in, in no order.
	Groups []string `json:"groups,omitempty"`
	// RemoteAddr is the peer's address.
	RemoteAddr netip.AddrPort `json:"remoteAddr"`
	// Opened is when the session began, to a second, and Active when its last
	// message came, or it began, but 20 days ago at most.
	Opened time.Time `json:"opened"`
	Active time.Time `json:"active"`
	// QueuedMessages is how many messages wait because the client reads too
	// slowly, and QueuedBytes how many bytes, those included that are committed
	// to the connection.
	QueuedMessages int `json:"queuedMessages"`
	QueuedBytes    int `json:"queuedBytes"`
	// Dropped is how many messages the client was too slow for.
	Dropped uint64 `json:"dropped"`
}

// Info asks the session's loop what is known of it. What was sent to the
// session before, and what it was made to join, has been dealt with by then. It
// must not be called on a loop. The error is [ErrEnded], or ctx's.
func (s Session) Info(ctx context.Context) (SessionInfo, error) {
	if s.shard == nil {
		return SessionInfo{}, ErrEnded
	}
	answer := make(chan *SessionInfo, 1)
	ask := func(l *poller.Loop) {
		c := l.Conn(s.handle)
		if c == nil {
			answer <- nil
			return
		}
		answer <- s.shard.describe(c)
	}
	if err := s.shard.loop.Do(poller.TaskFunc(ask)); err != nil {
		return SessionInfo{}, ErrEnded
	}
	select {
	case info := <-answer:
		if info == nil {
			return SessionInfo{}, ErrEnded
		}
		return *info, nil
	case <-ctx.Done():
		return SessionInfo{}, ctx.Err()
	}
}

// describe returns what is known of a session, nil if it is not open.
func (s *shard) describe(c *poller.Conn) *SessionInfo {
	x := s.sessions.At(c.Slot())
	if x.state != open && x.state != ending {
		return nil
	}
	now := time.Now()
	info := &SessionInfo{
		Session:     s.session(c),
		ID:          s.session(c).ID(),
		User:        x.profile.user(),
		Metadata:    s.metadata(c.Slot()),
		Form:        x.form,
		RemoteAddr:  c.RemoteAddr(),
		Opened:      now.Add(-s.age(x)).Truncate(time.Second),
		Active:      now.Add(-s.loop.Now().Since(x.active)),
		QueuedBytes: c.Unsent(),
		Dropped:     s.dropped(c.Slot()),
	}
	if h := s.route(x).hub; h != nil {
		info.Hub = h.name
	}
	for m := range s.memberships.of(x.profile.list()) {
		info.Groups = append(info.Groups, s.shares.At(m.share).group.Name())
	}
	if x.backlog != nil {
		info.QueuedBytes += x.backlog.queue.Bytes()
		info.QueuedMessages = x.backlog.queue.Len()
	}
	return info
}

// second returns the present second of the loop's clock, which lasts for 136
// years.
func (s *shard) second() uint32 { return uint32(s.loop.Began() / time.Second) }

// age returns how long a session has been open.
func (s *shard) age(x *session) time.Duration {
	return time.Duration(s.second()-x.opened) * time.Second
}
