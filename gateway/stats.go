package gateway

import (
	"time"

	"github.com/sluicegate/sluice/poller/histogram"
)

// Stats is a snapshot of a gateway. It holds copies only.
type Stats struct {
	// Started is when Serve began.
	Started time.Time `json:"started"`
	// Drain tells of the drain that is under way; nil if there is none.
	Drain *DrainStats `json:"drain,omitempty"`
	// Address is what the public listener is bound to, "host:port".
	Address string `json:"address"`
	// Engine is "epoll" or "easygo".
	Engine string `json:"engine"`
	// Loops has one entry per event loop, in order.
	Loops []LoopStats `json:"loops"`
	// Workers describes the pool that runs pooled handlers.
	Workers WorkerStats `json:"workers"`
	// Deciding is the number of upgrades that a [Decide] is asked about now; the
	// others that are undecided stand in line.
	Deciding int `json:"deciding"`
	// HTTPConnections is the number of connections that are served plain HTTP and not
	// yet ended.
	HTTPConnections int `json:"httpConnections"`
	// Segments is the number of input buffers of 64 KiB in use: at most one for
	// each loop, and those under messages that pooled handlers have not finished
	// with.
	Segments int `json:"segments"`
	// Hubs has one entry per hub, sorted by name.
	Hubs []HubStats `json:"hubs"`
	// Certificates has one entry for each certificate of [Config].TLS, as
	// [Gateway.SetTLS] has set it last.
	Certificates []CertificateStats `json:"certificates,omitempty"`
	// Classes has one entry for each way of delivery: first that of routes, which
	// have no hub, then those of each hub as it was configured, its own first.
	Classes []ClassStats `json:"classes"`
}

// DrainStats describe a drain.
type DrainStats struct {
	// Began is when [Gateway.Shutdown] was called, and Sessions how many were open
	// then.
	Began    time.Time `json:"began"`
	Sessions int       `json:"sessions"`
	// Left is how many are open now.
	Left int `json:"left"`
}

// Durations is a histogram. Its buckets are the same everywhere.
type Durations = histogram.Durations

// LoopStats are the figures of one event loop. Counters only grow.
type LoopStats struct {
	// Connections is the number of open connections, sessions included.
	Connections int `json:"connections"`
	// Waiting is the number of connections that wait for [Admission].AcceptRate,
	// some that have left meanwhile included.
	Waiting int `json:"waiting"`
	// Sessions is the number of open WebSocket sessions.
	Sessions int `json:"sessions"`
	// Undecided is the number of upgrades that await a [Decide].
	Undecided int `json:"undecided"`
	// Inboxes is the number of sessions, ended ones included, with something
	// for a pooled handler that it has not finished yet.
	Inboxes int `json:"inboxes"`
	// Slots is the number of connection slots that the loop holds memory for.
	Slots int `json:"slots"`

	// Accepted counts connections taken from the listener.
	Accepted uint64 `json:"accepted"`
	// AcceptErrors counts failed accepts, EAGAIN aside.
	AcceptErrors uint64 `json:"acceptErrors"`
	// Upgraded counts sessions opened.
	Upgraded uint64 `json:"upgraded"`
	// BytesIn and BytesOut count bytes read from and written to connections.
	BytesIn  uint64 `json:"bytesIn"`
	BytesOut uint64 `json:"bytesOut"`
	// MessagesIn counts data messages received; MessagesOut counts data
	// messages handed to a session for sending, once per session.
	MessagesIn  uint64 `json:"messagesIn"`
	MessagesOut uint64 `json:"messagesOut"`
	// Undelivered counts sends that arrived after their session had ended.
	Undelivered uint64 `json:"undelivered"`
	// ReadPauses counts sessions whose reading was stopped because too much of
	// their input waited for a handler.
	ReadPauses uint64 `json:"readPauses"`
	// BusyPauses counts sessions whose reading was stopped because too much of
	// everyone's waited for workers.
	BusyPauses uint64 `json:"busyPauses"`
	// RateExcess counts delays and messages for which sessions had sent more than
	// [Rates] allow.
	RateExcess uint64 `json:"rateExcess"`
	// Joined and Left count memberships in groups that have begun and ended;
	// JoinsRefused joins by sessions that were in [Limits].Groups groups.
	Joined       uint64 `json:"joined"`
	Left         uint64 `json:"left"`
	JoinsRefused uint64 `json:"joinsRefused"`

	// Turns counts turns of the loop, Wakes those begun by another goroutine.
	Turns uint64 `json:"turns"`
	Wakes uint64 `json:"wakes"`
	// TurnTime is how long turns took, sleep excluded. Of a second of the clock,
	// its sum grows by the part that the loop was busy.
	TurnTime Durations `json:"turnTime"`
	// LongestTurn is the longest turn of the last 10 to 20 seconds.
	LongestTurn time.Duration `json:"longestTurnNanoseconds"`
	// LongTurns counts turns that took [Config].LongTurn or longer.
	LongTurns uint64 `json:"longTurns"`
	// Letters counts what other goroutines have left for the loop; MailboxLetters
	// is how much of it the loop has not taken yet, and MailboxBytes what that
	// takes of the 64 MiB that may wait.
	Letters        uint64 `json:"letters"`
	MailboxLetters int    `json:"mailboxLetters"`
	MailboxBytes   int    `json:"mailboxBytes"`

	// OutboundBytes is the number of bytes that connections have committed to and
	// their peers have not taken: for each at most 64 KiB and a message, or the
	// messages of a pass.
	OutboundBytes int `json:"outboundBytes"`
	// SlowSessions is the number of sessions with a queue behind that, on which
	// the policies act; QueuedMessages and QueuedBytes are what it holds.
	SlowSessions   int `json:"slowSessions"`
	QueuedMessages int `json:"queuedMessages"`
	QueuedBytes    int `json:"queuedBytes"`

	// Fanout is what is published to hubs and groups.
	Fanout FanoutStats `json:"fanout"`
	// WorkerWait is how long batches waited for a worker.
	WorkerWait Durations `json:"workerWait"`

	// Reasons counts refusals and disconnects by reason; every reason is
	// present.
	Reasons map[Reason]uint64 `json:"reasons"`

	accepting bool // connections may still come
}

// FanoutStats are the figures of one loop's deliveries to hubs and groups. The
// loop serves the members of one in a pass, which takes along all messages that
// have come since the pass before.
type FanoutStats struct {
	// Messages is how many messages some members still miss, and Bytes their size;
	// beyond 64 MiB publishers get [ErrBusy]. Those that a window collects are
	// among them.
	Messages int `json:"messages"`
	Bytes    int `json:"bytes"`
	// Passes counts passes, and Members the members served in them, each once for
	// each pass.
	Passes  uint64 `json:"passes"`
	Members uint64 `json:"members"`
	// Latency is the time from a message's publication until the last member on
	// this loop was served, [Delivery].Window included.
	Latency Durations `json:"latency"`
}

// WorkerStats describe the worker pool.
type WorkerStats struct {
	// Workers is the fixed number of workers.
	Workers int `json:"workers"`
	// Busy is how many of them run a handler now.
	Busy int `json:"busy"`
	// Waiting is how many sessions wait for a worker now.
	Waiting int `json:"waiting"`
	// Ran counts the batches that workers have run.
	Ran uint64 `json:"ran"`
}

// HubStats describe one hub.
type HubStats struct {
	Name     string `json:"name"`
	Sessions int    `json:"sessions"`
	// Users is the number of user ids that its sessions have.
	Users int `json:"users"`
	// Groups is the number of groups, those included that a first member is about
	// to join or a last one to leave.
	Groups int `json:"groups"`
	// Published counts messages published to the hub, its groups and its users.
	Published uint64 `json:"published"`
}

// ClassStats tell what became of the messages of one class of a hub: that of the
// hub itself, "hub", or a [GroupClass]. Each message counts once for each
// session it was for.
type ClassStats struct {
	// Hub is the hub's name, empty for routes that are no hub's; Class is the
	// class's, "route" for these.
	Hub    string `json:"hub"`
	Class  string `json:"class"`
	Policy Policy `json:"policy"`
	// Offered counts messages for a session that was open, Dropped those that it
	// was too slow for, and Closed the sessions ended for being too slow.
	Offered uint64 `json:"offered"`
	Dropped uint64 `json:"dropped"`
	Closed  uint64 `json:"closed"`
}
