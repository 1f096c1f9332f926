package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

type drainCommand struct {
	crowd  `embed:"" set:"connections=20000"`
	Rate   int           `help:"Sessions a second that the server is configured to end: {rate} in its command line." default:"2000"`
	Before time.Duration `help:"How long new connections come before the server is replaced." default:"3s"`
	After  time.Duration `help:"How long they come beyond the time that the drain should take." default:"5s"`
	Comers int           `help:"Connections that come and go all the while, each for a second on average." default:"200"`
}

// Validate is called by kong.
func (d *drainCommand) Validate() error {
	faults := []error{d.crowd.Validate()}
	if d.Rate < 1 {
		faults = append(faults, fmt.Errorf("--rate %d: must be 1 or more", d.Rate))
	}
	if d.Comers < 1 {
		faults = append(faults, fmt.Errorf("--comers %d: must be 1 or more", d.Comers))
	}
	return errors.Join(faults...)
}

func (d *drainCommand) Run(ctx context.Context) error {
	run, err := d.prepare()
	if err != nil {
		return err
	}
	old, err := d.Server.filled(d.marks("{rate}", fmt.Sprint(d.Rate))).start(ctx, run.cpus)
	if err != nil {
		return err
	}
	r, err := d.replace(ctx, &run, old)
	if err != nil {
		return err
	}
	if err := r.write(os.Stdout, d); err != nil {
		return err
	}
	return errors.Join(r.faults(d)...)
}

// replace has a second process take the place of the old one, which holds all
// connections, while new ones come. It ends both.
func (d *drainCommand) replace(ctx context.Context, run *comparison, old *server) (r *drainReport, err error) {
	defer old.stop() // waits for its output, which the second process shares
	admin, has := old.adminURL()
	if !has {
		return nil, errors.New("the server announces no admin address, at which its sessions could be counted")
	}
	w := &witness{url: strings.TrimSuffix(admin, "/") + "/status"}
	defer func() { err = errors.Join(err, endSuccessor(ctx, w, old.pid())) }()

	url := run.url(old, run.path)
	held := d.load(ctx, run, append(d.crowd.arguments(scenarioIdle, url), fmt.Sprintf("--hold=%v", d.takes())))
	if err := d.gathered(ctx, w, held); err != nil {
		return nil, err
	}
	churn := d.load(ctx, run, []string{"churn", url, fmt.Sprintf("--connections=%d", d.Comers), "--lifetime=1s", fmt.Sprintf("--duration=%v", d.takes())})
	if err := pause(ctx, d.Before); err != nil {
		return nil, err
	}
	replaced := time.Now()
	if err := old.command.Process.Signal(syscall.SIGUSR2); err != nil {
		return nil, err
	}
	_ = old.command.Wait() // how it ends is what the clients tell
	drained := time.Since(replaced)
	return parseDrainReport(<-held, <-churn, drained)
}

func (d *drainCommand) takes() time.Duration {
	return d.Before + time.Duration(d.Connections/d.Rate)*time.Second + d.After
}

// loaded is what a run of the load tool ended with.
type loaded struct {
	text []byte
	err  error
}

// load runs the load tool in the background.
func (d *drainCommand) load(ctx context.Context, run *comparison, arguments []string) <-chan loaded {
	done := make(chan loaded, 1)
	go func() {
		text, _, err := run.tool.execute(ctx, arguments, 0, d.takes())
		done <- loaded{text, err}
	}()
	return done
}

// gathered waits until the server has all sessions.
func (d *drainCommand) gathered(ctx context.Context, w *witness, held <-chan loaded) error {
	for deadline := time.Now().Add(connectAllowance); time.Now().Before(deadline); {
		g, err := w.await(ctx)
		if err != nil {
			return err
		}
		if g.sessions >= d.Connections {
			return nil
		}
		select {
		case early := <-held:
			return errors.Join(early.err, errors.New("the load tool ended before all connections were open"))
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lookEvery / 10):
		}
	}
	return fmt.Errorf("%d connections did not open within %v", d.Connections, connectAllowance)
}

// endSuccessor ends the process that serves in place of old, if there is one.
func endSuccessor(ctx context.Context, w *witness, old int) error {
	g, err := w.look(context.WithoutCancel(ctx))
	if err != nil || g.pid == old {
		return nil // nobody has taken its place
	}
	return syscall.Kill(g.pid, syscall.SIGTERM)
}
