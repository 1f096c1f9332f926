package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// sluice is the gateway, a process of its own.
type sluice struct {
	command *exec.Cmd
	address string // of the public port
}

// startSluice builds the gateway and runs it until ctx ends. upstream is where it
// sends the events of a hub, "hub=URL". The working directory is the root of the
// repository.
func startSluice(ctx context.Context, key, upstream string) (*sluice, error) {
	build := exec.CommandContext(ctx, "go", "build", "-o", "bin/", "./cmd/sluice")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("build the gateway, from the root of the repository: %w", err)
	}
	command := exec.CommandContext(ctx, "bin/sluice", "serve", "examples/chat/sluice.yaml", "--upstream", upstream)
	command.Env = append(os.Environ(), "SLUICE_ACCESS_KEY="+key) // as a flag, others would see it
	command.Stderr = os.Stderr
	// Ctrl-C is for the backend, which then stops the gateway; that closes its sessions
	// and says so here. A backend that is killed cannot.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	endWithParent(command.SysProcAttr)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	s := &sluice{command: command}
	// The first line ends in the address: the kernel may have chosen the port.
	for lines := bufio.NewScanner(output); s.address == "" && lines.Scan(); {
		_, s.address, _ = strings.Cut(lines.Text(), "listening on ")
	}
	if s.address == "" {
		return nil, fmt.Errorf("start the gateway: %w", command.Wait())
	}
	return s, nil
}

// wait returns when the gateway has ended.
func (s *sluice) wait() error {
	err := s.command.Wait()
	if err == nil || errors.Is(err, context.Canceled) {
		return nil // it was asked to end
	}
	return fmt.Errorf("the gateway has ended: %w", err)
}
