package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"
)

const (
	startDeadline = 10 * time.Second // from exec to the line that names the address
	stopDeadline  = 3 * time.Second  // from SIGTERM to SIGKILL
)

// serverSpec is a server to compare: NAME=COMMAND LINE.
type serverSpec struct {
	Name    string   `json:"name"`
	Command []string `json:"command"`
}

// UnmarshalText parses NAME=COMMAND LINE. The command line is split at white
// space; it knows no quotes.
func (s *serverSpec) UnmarshalText(text []byte) error {
	name, command, found := strings.Cut(string(text), "=")
	s.Name, s.Command = strings.TrimSpace(name), strings.Fields(command)
	if !found || s.Name == "" || len(s.Command) == 0 {
		return fmt.Errorf("server %q: write NAME=COMMAND LINE", text)
	}
	return nil
}

func namesOf(servers []serverSpec) []string {
	names := make([]string, len(servers))
	for i, s := range servers {
		names[i] = s.Name
	}
	return names
}

// filled returns the server with the marks in its command line replaced. Arguments
// of which nothing is left go.
func (s serverSpec) filled(marks *strings.Replacer) serverSpec {
	full := serverSpec{Name: s.Name}
	for _, argument := range s.Command {
		if filled := marks.Replace(argument); filled != "" {
			full.Command = append(full.Command, filled)
		}
	}
	return full
}

// server is a running server process.
type server struct {
	// Fixed after start.
	address string
	command *exec.Cmd
	output  *tail
	admin   chan string   // the URL of its admin address, if it announces one
	drained chan struct{} // closed at the end of its output
}

// start runs the server pinned to cpus and waits until it says where it
// listens, or is there if it was told. The process ends with ctx, or with stop.
func (s serverSpec) start(ctx context.Context, cpus cpuList) (*server, error) {
	s, address, err := s.told()
	if err != nil {
		return nil, err
	}
	output, input, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	running := &server{
		command: child(ctx, s.Command),
		output:  new(tail),
		admin:   make(chan string, 1),
		drained: make(chan struct{}),
	}
	running.command.Stdout, running.command.Stderr = input, input
	err = cpus.start(running.command)
	input.Close()
	if err != nil {
		output.Close()
		return nil, err
	}
	found := make(chan string, 1)
	go running.drain(output, found)
	if address != "" {
		go running.knock(address, found)
	}

	deadline := time.NewTimer(startDeadline)
	defer deadline.Stop()
	select {
	case running.address = <-found:
		return running, nil
	case <-running.drained:
		err = errors.New("ended without saying where it listens")
	case <-deadline.C:
		err = fmt.Errorf("did not say where it listens within %v", startDeadline)
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	running.stop()
	return nil, fmt.Errorf("%w%s", err, running.output)
}

// drain reads the server's output to its end, so that the server never waits
// for a reader, and hands on the address that it listens on.
func (s *server) drain(output io.ReadCloser, found chan<- string) {
	defer close(s.drained)
	defer output.Close()
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		s.output.add(lines.Text())
		if match := adminPattern.FindStringSubmatch(lines.Text()); match != nil {
			select {
			case s.admin <- match[1]:
			default:
			}
		}
		if address, ok := listening(lines.Text()); ok {
			select {
			case found <- address:
			default:
			}
		}
	}
	// A line too long for the scanner ends the scan, not the output.
	_, _ = io.Copy(io.Discard, output)
}

// adminURL returns where the server shows its figures. One that announces no
// such place within a second after its address has none.
func (s *server) adminURL() (url string, has bool) {
	select {
	case url = <-s.admin:
		return url, true
	case <-s.drained:
	case <-time.After(time.Second):
	}
	return "", false
}

func (s *server) pid() int { return s.command.Process.Pid }

// blame adds to the error of a run that the server has ended meanwhile, if so.
func (s *server) blame(err error) error {
	select {
	case <-s.drained:
		return fmt.Errorf("ended under load: %w%s", err, s.output)
	default:
		return err
	}
}

// stop ends the server and waits until it is gone. That it dies of a signal is
// no fault.
func (s *server) stop() {
	_ = s.command.Cancel()
	_ = s.command.Wait()
	<-s.drained
}

// child prepares a process in a process group of its own, so that an interrupt
// at the terminal reaches it through ctx alone. When ctx ends the process gets
// SIGTERM, and SIGKILL if that does not help.
func child(ctx context.Context, command []string) *exec.Cmd {
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = stopDeadline
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return c
}

var adminPattern = regexp.MustCompile(`^\s*admin\s+(http://\S+)`)

var listeningPattern = regexp.MustCompile(`listening on "?((?:\[[0-9a-f:.]+\]|[0-9.]+):[0-9]+)`)

// listening returns the address that a line of output announces. An unspecified
// address is reached over loopback.
func listening(line string) (address string, ok bool) {
	match := listeningPattern.FindStringSubmatch(line)
	if match == nil {
		return "", false
	}
	at, err := netip.ParseAddrPort(match[1])
	if err != nil {
		return "", false
	}
	switch at.Addr() {
	case netip.IPv4Unspecified():
		at = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())
	case netip.IPv6Unspecified():
		at = netip.AddrPortFrom(netip.IPv6Loopback(), at.Port())
	}
	return at.String(), true
}
