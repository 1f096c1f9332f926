package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/sluicegate/sluice/cmd/sluice/internal/handover"
)

// successorTime is how long a successor may take until it serves.
const successorTime = 30 * time.Second

// succeed starts the program again, perhaps in a newer version, and returns when
// that serves too, on the same sockets. If ctx ends before, it is given up.
func (n *node) succeed(ctx context.Context) error {
	program, err := programPath(n.process.program)
	if err != nil {
		return err
	}
	sockets, err := n.sockets()
	if err != nil {
		return err
	}
	defer sockets.Close()
	ctx, cancel := context.WithTimeout(ctx, successorTime)
	defer cancel()
	successor := handover.Successor{
		Path:    program,
		Args:    append([]string{n.process.program}, n.process.args...),
		Env:     os.Environ(),
		Sockets: sockets,
	}
	pid, err := successor.Start(ctx)
	if err != nil {
		return err
	}
	n.tell(fmt.Sprintf("MAINPID=%d", pid))
	n.logger.Info("a successor serves; this process drains", "successor", pid)
	return nil
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
