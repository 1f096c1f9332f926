package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/sluicegate/sluice/bench"
)

// outpost is a process of its own for the attackers: wsbench, started once more.
// It gets its orders, a bench.Assault, over standard input when the attack is to
// begin, attacks for as long as that stays open, and then says what it did.
type outpost struct {
	command *exec.Cmd
	orders  io.WriteCloser
	answer  bytes.Buffer
	faults  bytes.Buffer
}

// startOutpost starts the process well before it is needed: to start one takes
// some milliseconds of CPU time. The caller must close it.
func startOutpost() (*outpost, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("the attackers' process: %w", err)
	}
	o := &outpost{command: exec.Command(self, assaultName)}
	o.command.Stdout, o.command.Stderr = &o.answer, &o.faults
	if o.orders, err = o.command.StdinPipe(); err != nil {
		return nil, fmt.Errorf("the attackers' process: %w", err)
	}
	if err := o.command.Start(); err != nil {
		return nil, fmt.Errorf("the attackers' process: %w", err)
	}
	return o, nil
}

// assail is a bench.Attack's Assail.
func (o *outpost) assail(ctx context.Context, a bench.Assault) (*bench.AttackerFigures, error) {
	if err := json.NewEncoder(o.orders).Encode(a); err != nil {
		return nil, o.blame(err)
	}
	<-ctx.Done()
	if err := o.close(); err != nil {
		return nil, o.blame(err)
	}
	figures := new(bench.AttackerFigures)
	if err := json.Unmarshal(o.answer.Bytes(), figures); err != nil {
		return nil, o.blame(err)
	}
	return figures, nil
}

// close ends the process, if that was not done yet.
func (o *outpost) close() error {
	if o.command.ProcessState != nil {
		return nil
	}
	_ = o.orders.Close()
	return o.command.Wait()
}

// blame adds to err what the process has said of it.
func (o *outpost) blame(err error) error {
	return fmt.Errorf("the attackers' process: %w: %s", err, strings.TrimSpace(o.faults.String()))
}

// assaultName is the command of the attackers' process.
const assaultName = "assault"

type assaultCommand struct{}

// obey attacks as orders say, until they end, and writes what came of it.
func (assaultCommand) obey(ctx context.Context, orders io.Reader, answer io.Writer) error {
	var a bench.Assault
	if err := json.NewDecoder(orders).Decode(&a); err != nil {
		return fmt.Errorf("no orders on standard input; use wsbench attack: %w", err)
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	go func() {
		_, _ = io.Copy(io.Discard, orders)
		end()
	}()
	figures, err := a.Run(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(answer).Encode(figures)
}
