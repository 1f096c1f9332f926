package handover

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Successor is what a successor is started as.
type Successor struct {
	// Path is the program, and Args its arguments with the program's name first.
	Path string
	Args []string
	// Env is its environment. What was meant for this process alone is left out.
	Env []string
	// Sockets are what it accepts from. They are borrowed.
	Sockets *Sockets
}

// ErrNotReady is returned by [Successor.Start] for one that has ended, or has
// taken too long.
var ErrNotReady = errors.New("handover: the successor does not serve")

// personal are variables that a service manager has set for one process only.
var personal = []string{variable, "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID"}

// Start starts the successor and waits until it serves. If it has not by the end
// of ctx it is killed. It returns the process, which need not be waited for.
func (s *Successor) Start(ctx context.Context) (*os.Process, error) {
	heard, ready, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("handover: %w", err)
	}
	defer heard.Close()
	pid, err := s.fork(ready)
	ready.Close()
	if err != nil {
		return nil, fmt.Errorf("handover: start %s: %w", s.Path, err)
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return nil, fmt.Errorf("handover: %w", err)
	}
	ended := make(chan *os.ProcessState, 1)
	go func() { // or it would remain as a zombie
		state, _ := process.Wait()
		ended <- state
	}()
	stop := context.AfterFunc(ctx, func() { heard.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	if n, _ := heard.Read(make([]byte, 1)); n > 0 {
		return process, nil
	}
	process.Kill()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotReady, context.Cause(ctx))
	}
	return nil, fmt.Errorf("%w: it has ended with %v", ErrNotReady, <-ended)
}

// fork starts the process. It is not [os.StartProcess], which asks each file for
// its descriptor and so may make the sockets blocking, for the loops of this
// process too.
func (s *Successor) fork(ready *os.File) (pid int, err error) {
	files := append([]*os.File{os.Stdin, os.Stdout, os.Stderr}, s.Sockets.all()...)
	files = append(files, ready)
	descriptors := make([]uintptr, len(files))
	for i, file := range files {
		raw, err := file.SyscallConn()
		if err != nil {
			return 0, err
		}
		if err := raw.Control(func(fd uintptr) { descriptors[i] = fd }); err != nil {
			return 0, err
		}
	}
	return syscall.ForkExec(s.Path, s.Args, &syscall.ProcAttr{Env: s.environment(), Files: descriptors})
}

func (s *Successor) environment() []string {
	env := slices.DeleteFunc(slices.Clone(s.Env), func(assignment string) bool {
		name, _, _ := strings.Cut(assignment, "=")
		return slices.Contains(personal, name)
	})
	admins := 0
	if s.Sockets.Admin != nil {
		admins = 1
	}
	return append(env, fmt.Sprintf("%s=%d %d", variable, len(s.Sockets.Public), admins))
}
