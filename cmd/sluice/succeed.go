package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/sluicegate/sluice/cmd/sluice/internal/handover"
)

// successorTime is how long a successor may take until it serves.
const successorTime = 30 * time.Second

var errSlowSuccessor = fmt.Errorf("it was killed, for it has taken %v", successorTime)

// succession is the start of a successor that is under way.
type succession struct {
	giveUp context.CancelFunc
	ended  chan successor // has room for it
}

// successor is what became of one.
type successor struct {
	process *os.Process
	err     error // nil: it serves
}

// started returns a channel that tells what became of the successor. That of a nil
// succession never does.
func (s *succession) started() <-chan successor {
	if s == nil {
		return nil
	}
	return s.ended
}

// succeed begins to start the program again, perhaps in a newer version, on the same
// sockets.
func (n *node) succeed() *succession {
	ctx, giveUp := context.WithTimeoutCause(context.Background(), successorTime, errSlowSuccessor)
	s := &succession{giveUp, make(chan successor, 1)}
	go func() {
		defer giveUp()
		process, err := n.startSuccessor(ctx)
		s.ended <- successor{process, err}
	}()
	return s
}

// abandon gives up a successor, if one is being started: the end of this process is
// not to leave another one. One that serves by now is told to end, too.
func (n *node) abandon(s *succession) {
	if s == nil {
		return
	}
	s.giveUp()
	if last := <-s.ended; last.err == nil {
		n.logger.Info("the successor is told to end, too", "successor", last.process.Pid)
		last.process.Signal(syscall.SIGTERM)
	} else {
		n.logger.Info("no successor; this process was told to end", "error", last.err)
	}
}

// yield leaves the field to the successor that serves.
func (n *node) yield(successor int) {
	n.tell(fmt.Sprintf("MAINPID=%d", successor))
	n.logger.Info("a successor serves; this process drains", "successor", successor)
	n.admin.Close() // who asks there means the successor
}

// startSuccessor returns when the successor serves. If ctx ends before, it is killed.
func (n *node) startSuccessor(ctx context.Context) (*os.Process, error) {
	program, err := programPath(n.process.program)
	if err != nil {
		return nil, err
	}
	sockets, err := n.sockets()
	if err != nil {
		return nil, err
	}
	defer sockets.Close()
	next := handover.Successor{
		Path:    program,
		Args:    append([]string{n.process.program}, n.process.args...),
		Env:     os.Environ(),
		Sockets: sockets,
	}
	return next.Start(ctx)
}

// programPath returns where the program is now: its file may have been replaced.
func programPath(started string) (string, error) {
	found, err := exec.LookPath(started)
	if err != nil {
		return "", fmt.Errorf("find the program: %w", err)
	}
	return filepath.Abs(found)
}

// sockets returns what a successor accepts from.
func (n *node) sockets() (*handover.Sockets, error) {
	public, err := n.gateway.Listeners()
	if err != nil {
		return nil, err
	}
	sockets := &handover.Sockets{Public: public}
	if sockets.Admin, err = n.admin.Socket(); err != nil {
		sockets.Close()
		return nil, err
	}
	return sockets, nil
}
