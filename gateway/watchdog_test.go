package gateway_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// logBook is a log that a test reads while it is written.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func TestALongTurnIsLoggedWithItsStack(t *testing.T) {
	onVariants(t, func(t *testing.T, config gateway.Config) {
		var book logBook
		release, entered := make(chan struct{}), make(chan struct{}, 2)
		config.Logger = slog.New(slog.NewTextHandler(&book, nil))
		config.LongTurn = 20 * time.Millisecond
		n := gatewaytest.Start(t, serving(config, hooks{message: func(gateway.Session, gateway.Message) {
			entered <- struct{}{}
			blockForAReason(release)
		}}, gateway.Inline))
		const message = "a turn of a loop takes long"
		c := n.Dial(t, "/")
		c.SendText("block")
		<-entered
		n.Eventually(t, func() bool { return strings.Contains(book.String(), message) }, "the record of the long turn")
		release <- struct{}{}
		if log := book.String(); !strings.Contains(log, "blockForAReason") {
			t.Errorf("the stack does not show where the loop is:\n%s", log)
		}

		c.SendText("again, within the minute")
		<-entered
		began := time.Now()
		n.Eventually(t, func() bool { return time.Since(began) > 3*config.LongTurn }, "another long turn")
		release <- struct{}{}
		n.Eventually(t, func() bool {
			var long uint64
			for _, l := range n.Stats(t).Loops {
				long += l.LongTurns
			}
			return long >= 2
		}, "both turns to be counted")
		if got := strings.Count(book.String(), message); got != 1 {
			t.Errorf("%d records within a minute, want 1", got)
		}
	})
}

//go:noinline
func blockForAReason(release <-chan struct{}) { <-release }

func TestRefusalsAreSampled(t *testing.T) {
	const refusals = 30
	var book logBook
	config := hall(gateway.Config{Loops: 1, Logger: slog.New(slog.NewTextHandler(&book, nil)), Log: gateway.Log{Sample: 2}})
	n := gatewaytest.Start(t, config)
	for range refusals {
		status(t, n, "https://evil.example")
	}
	if err := shutDown(t, n.Gateway, gatewaytest.Patience); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	written := strings.Count(book.String(), "reason=origin")
	if written < 2 || written == refusals || !strings.Contains(book.String(), "kind=origin count=") {
		t.Errorf("%d of %d refusals are logged, want 2 of each second, and the count of the rest:\n%s", written, refusals, book.String())
	}
}
