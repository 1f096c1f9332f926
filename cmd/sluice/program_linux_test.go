package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// programVariable has the test binary be the program itself.
const programVariable = "SLUICE_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(programVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program is a `sluice serve` in a process of its own. Successors that it starts
// write to the same log.
type program struct {
	t       *testing.T
	command *exec.Cmd
	written *os.File // where its output arrives

	mu  sync.Mutex
	log strings.Builder
}

// startProgram runs `sluice serve` until the test ends. configure, if not nil,
// changes the command.
func startProgram(t *testing.T, configure func(*exec.Cmd), args ...string) *program {
	t.Helper()
	p := &program{t: t, command: exec.Command(os.Args[0], append([]string{"serve", "--listen=127.0.0.1:0"}, args...)...)}
	p.command.Env = append(os.Environ(), programVariable+"=1")
	if configure != nil {
		configure(p.command)
	}
	output, end, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.command.Stdout, p.command.Stderr, p.written = end, end, output
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	end.Close()
	t.Cleanup(func() {
		p.command.Process.Kill()
		p.command.Wait()
		output.Close()
		if t.Failed() {
			t.Logf("the program's output:\n%s", p.output())
		}
	})
	go func() {
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			p.mu.Lock()
			fmt.Fprintln(&p.log, scanner.Text())
			p.mu.Unlock()
		}
	}()
	return p
}

func (p *program) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// find waits for output that matches pattern, and returns what its group does.
func (p *program) find(pattern string) string {
	p.t.Helper()
	var found []string
	expression := regexp.MustCompile(pattern)
	eventually(p.t, func() bool { found = expression.FindStringSubmatch(p.output()); return found != nil }, "output like "+pattern)
	return found[1]
}

func (p *program) signal(s os.Signal) {
	p.t.Helper()
	if err := p.command.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// expectExit waits for the program to end cleanly.
func (p *program) expectExit() {
	p.t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- p.command.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			p.t.Errorf("the program ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		p.t.Fatal("the program does not end within 30 s")
	}
}

// chat connects to the hub chat at address.
func chat(t *testing.T, address string) (net.Conn, error) {
	conn, early, _, err := ws.Dialer{Timeout: 10 * time.Second}.Dial(t.Context(), "ws://"+address+"/client/hubs/chat")
	if err != nil || early == nil {
		return conn, err
	}
	return bufferedConn{conn, early}, nil
}

// bufferedConn reads first what came with the answer to the upgrade.
type bufferedConn struct {
	net.Conn
	early io.Reader
}

func (c bufferedConn) Read(p []byte) (int, error) {
	if n, err := c.early.Read(p); n > 0 || err == nil {
		return n, err
	}
	return c.Conn.Read(p)
}

// awaitClose reads until a close frame, answers it, and waits for the end of the
// stream. It returns the code.
func awaitClose(conn net.Conn) (ws.StatusCode, error) {
	conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	for {
		f, err := ws.ReadFrame(conn)
		if err != nil {
			return 0, err
		}
		if f.Header.OpCode != ws.OpClose {
			continue
		}
		code, _ := ws.ParseCloseFrameData(f.Payload)
		if err := ws.WriteFrame(conn, ws.MaskFrame(ws.NewCloseFrame(f.Payload))); err != nil {
			return code, err
		}
		if _, err := io.ReadAll(conn); err != nil {
			return code, fmt.Errorf("after the close frame: %w", err)
		}
		return code, nil
	}
}

func TestEveryClientOfADrainedProgramHearsOfIt(t *testing.T) {
	const clients = 2000
	p := startProgram(t, nil, "--admin=", "--drain-rate=4000", "--ping=1h") // nobody answers pings while others connect
	address := p.find(`listening on (\S+)\n`)
	conns := make([]net.Conn, clients)
	for i := range conns {
		conn, err := chat(t, address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns[i] = conn
	}
	var all sync.WaitGroup
	var told atomic.Int64
	for _, conn := range conns {
		all.Go(func() {
			code, err := awaitClose(conn)
			if err != nil || code != ws.StatusGoingAway {
				t.Errorf("closed with %d, %v; want 1001", code, err)
				return
			}
			told.Add(1)
		})
	}
	p.signal(syscall.SIGTERM)
	all.Wait()
	p.expectExit()
	if told.Load() != clients {
		t.Errorf("%d of %d clients heard of it", told.Load(), clients)
	}
}

// TestASuccessorTakesOver connects all the time, while the program starts a
// successor and ends.
func TestASuccessorTakesOver(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
	}{
		{"shared table", []string{"--loops=2"}},
		{"private tables", []string{"--loops=2", "--private-fd-tables"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := startProgram(t, nil, append(tc.args, "--admin=127.0.0.1:0", "--drain-code=1012")...)
			address, admin := p.find(`listening on (\S+)\n`), p.find(`  admin +(http://\S+)\n`)
			settled, err := chat(t, address)
			if err != nil {
				t.Fatal(err)
			}
			defer settled.Close()

			var connected atomic.Int64
			var connecting sync.WaitGroup
			stop := make(chan struct{})
			for range 4 {
				connecting.Go(func() { keepConnecting(t, address, stop, &connected) })
			}
			p.signal(syscall.SIGUSR2)
			pid := p.find(`a successor serves.* successor=(\d+)\n`)
			successor, err := strconv.Atoi(pid)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { syscall.Kill(successor, syscall.SIGKILL) })
			if code, err := awaitClose(settled); code != 1012 || err != nil {
				t.Errorf("the client of the predecessor is closed with %d, %v; want 1012", code, err)
			}
			p.expectExit()
			from := connected.Load()
			eventually(t, func() bool { return connected.Load() > from+50 }, "connections to the successor alone")
			close(stop)
			connecting.Wait()
			t.Logf("%d connections, none refused", connected.Load())

			if _, body := get(t, admin+"status"); !strings.Contains(body, `"pid": `+pid) {
				t.Errorf("the admin listener is not the successor's: %s", body)
			}
			if err := syscall.Kill(successor, syscall.SIGTERM); err != nil {
				t.Error(err)
			}
			eventually(t, func() bool { return errors.Is(syscall.Kill(successor, 0), syscall.ESRCH) || zombie(successor) }, "the successor to end")
		})
	}
}

// keepConnecting opens sessions and closes them. None may be refused: a session
// of the predecessor may only be closed with 1012.
func keepConnecting(t *testing.T, address string, stop <-chan struct{}, connected *atomic.Int64) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		conn, err := chat(t, address)
		if err != nil {
			t.Errorf("connection %d is refused: %v", connected.Load(), err)
			return
		}
		connected.Add(1)
		conn.Close()
	}
}

// zombie reports whether a process has ended and nobody has waited for it.
func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}

// A successor that cannot start must not harm: here the file of its configuration
// has gone bad.
func TestAProgramOutlivesASuccessorThatFails(t *testing.T) {
	file := write(t, "sluice.yaml", "hubs:\n  chat: {}\n")
	p := startProgram(t, nil, "--admin=", file)
	address := p.find(`listening on (\S+)\n`)
	if err := os.WriteFile(file, []byte("nonsense: 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGUSR2)
	p.find(`no successor; this process goes on.*(the successor does not serve)`)
	for range 20 {
		conn, err := chat(t, address)
		if err != nil {
			t.Fatalf("after a successor that failed: %v", err)
		}
		conn.Close()
	}
	p.signal(syscall.SIGTERM)
	p.expectExit()
}

// becomeFIFO puts a named pipe in the place of a file: who reads that waits.
func becomeFIFO(t *testing.T, file string) {
	t.Helper()
	if err := errors.Join(os.Remove(file), syscall.Mkfifo(file, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// awaitReader returns the other end of a named pipe once somebody reads it.
func awaitReader(t *testing.T, file string) *os.File {
	t.Helper()
	var end *os.File
	eventually(t, func() (opened bool) {
		var err error
		end, err = os.OpenFile(file, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		return err == nil
	}, "a reader of "+file)
	t.Cleanup(func() { end.Close() })
	return end
}

// A signal to end is heard while the configuration is read from where nobody
// answers, and behind a burst of signals to do so.
func TestAProgramEndsAmidReloads(t *testing.T) {
	file := write(t, "sluice.yaml", "hubs:\n  chat: {}\n")
	p := startProgram(t, nil, "--admin=", file)
	p.find(`listening on (\S+)\n`)
	becomeFIFO(t, file)
	p.signal(syscall.SIGHUP)
	awaitReader(t, file)
	for range 100 {
		p.signal(syscall.SIGHUP)
	}
	p.signal(syscall.SIGTERM)
	p.expectExit()
}

// What reads the log may end before the program, whose sessions are none the worse.
func TestAProgramOutlivesTheReaderOfItsLog(t *testing.T) {
	p := startProgram(t, nil, "--admin=")
	conn, err := chat(t, p.find(`listening on (\S+)\n`))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p.written.Close()
	p.signal(syscall.SIGTERM) // which is logged
	if code, err := awaitClose(conn); code != ws.StatusGoingAway || err != nil {
		t.Errorf("closed with %d, %v; want 1001", code, err)
	}
	p.expectExit()
}

// A log that nobody reads holds up neither the program nor its end.
func TestAProgramDoesNotWaitForItsLog(t *testing.T) {
	reader, stuck, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer stuck.Close()
	stuck.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	if _, err := io.Copy(stuck, neverEnding{}); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the pipe is not full: %v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	c := exec.Command(os.Args[0], "serve", "--admin=", "--listen="+address)
	c.Env, c.Stdout, c.Stderr = append(os.Environ(), programVariable+"=1"), stuck, stuck
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	p := &program{t: t, command: c}
	defer c.Process.Kill()
	var conn net.Conn
	eventually(t, func() bool { conn, err = chat(t, address); return err == nil }, "the program to serve")
	defer conn.Close()
	p.signal(syscall.SIGHUP) // which is logged
	p.signal(syscall.SIGTERM)
	if code, err := awaitClose(conn); code != ws.StatusGoingAway || err != nil {
		t.Errorf("closed with %d, %v; want 1001", code, err)
	}
	p.expectExit()
}

// neverEnding is a reader of lines.
type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) { return copy(p, "a line\n"), nil }

// Only the gateway has signals steer it.
func TestOtherCommandsEndAtASignal(t *testing.T) {
	within, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c := exec.CommandContext(within, os.Args[0], "token", "clients", "--hub=chat", "--count=2000000000", "--access-key="+testKey)
	c.Env = append(os.Environ(), programVariable+"=1")
	output, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := output.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
	c.Process.Signal(syscall.SIGTERM) // SIGINT is ignored by what a shell has in the background
	io.Copy(io.Discard, output)
	c.Wait()
	if status := c.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGTERM {
		t.Errorf("ended with %v, want the signal", c.ProcessState)
	}
}

// A program that is told to end while it starts a successor leaves none. Here the
// successor waits for its configuration.
func TestAProgramThatEndsLeavesNoSuccessor(t *testing.T) {
	for _, tc := range []struct {
		name string
		end  func(p *program, admin string)
	}{
		{"a signal", func(p *program, _ string) { p.signal(syscall.SIGTERM) }},
		{"a drain", func(p *program, admin string) { post(t, admin+"drain") }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := write(t, "sluice.yaml", "hubs:\n  chat: {}\n")
			p := startProgram(t, nil, "--admin=127.0.0.1:0", file)
			admin := p.find(`  admin +(http://\S+)\n`)
			becomeFIFO(t, file)
			p.signal(syscall.SIGUSR2)
			successor := awaitReader(t, file)
			tc.end(p, admin)
			p.expectExit()
			eventually(t, func() bool { _, err := successor.WriteString("#\n"); return errors.Is(err, syscall.EPIPE) }, "the successor to be gone")
		})
	}
}

// told is what a service manager was told, and by which process.
type told struct {
	pid   int32
	state string
}

// listenAsManager returns what arrives at a socket for sd_notify(3), and its path.
func listenAsManager(t *testing.T) (path string, heard <-chan told) {
	t.Helper()
	path = t.TempDir() + "/notify"
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	raw, err := socket.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_PASSCRED, 1) })
	if err != nil {
		t.Fatal(err)
	}
	states := make(chan told, 1024)
	go func() {
		defer close(states)
		for state, control := make([]byte, 256), make([]byte, 256); ; {
			n, of, _, _, err := socket.ReadMsgUnix(state, control)
			if err != nil {
				return
			}
			messages, _ := syscall.ParseSocketControlMessage(control[:of])
			if from, err := syscall.ParseUnixCredentials(&messages[0]); err == nil {
				states <- told{from.Pid, string(state[:n])}
			}
		}
	}()
	return path, states
}

// A manager refuses what another process than the main one tells it, and logs that.
func TestAServiceManagerHearsOfTheMainProcessOnly(t *testing.T) {
	path, heard := listenAsManager(t)
	p := startProgram(t, func(c *exec.Cmd) {
		c.Env = append(c.Env, "NOTIFY_SOCKET="+path, "WATCHDOG_USEC=20000")
	}, "--admin=", "--close-timeout=1h", "--shutdown-timeout=1h")
	conn, err := chat(t, p.find(`listening on (\S+)\n`))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() // it does not answer the close frame
	p.signal(syscall.SIGUSR2)
	successor, err := strconv.Atoi(p.find(`a successor serves.* successor=(\d+)\n`))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Kill(successor, syscall.SIGKILL) })
	named, own, others := false, 0, 0
	for deadline := time.After(20 * time.Second); own < 20; {
		select {
		case s := <-heard:
			switch {
			case s.state == fmt.Sprintf("MAINPID=%d", successor):
				named = true
			case s.state == "WATCHDOG=1" && named && s.pid == int32(successor):
				own++
			case named && s.pid != int32(successor):
				others++
			}
		case <-deadline:
			t.Fatalf("the manager hears %d times of the successor's life", own)
		}
	}
	if others > 1 { // one was perhaps on its way
		t.Errorf("the manager hears %d times of the predecessor", others)
	}
}

// TestAServiceManagerIsTold starts the program as systemd does: with one listening
// socket, and a socket to tell its state to.
func TestAServiceManagerIsTold(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	path := t.TempDir() + "/notify"
	heard, err := net.ListenPacket("unixgram", path)
	if err != nil {
		t.Fatal(err)
	}
	defer heard.Close()
	file := write(t, "sluice.yaml", "hubs:\n  chat: {}\n")
	p := startProgram(t, func(c *exec.Cmd) {
		c.ExtraFiles = []*os.File{socket}
		// LISTEN_PID must be the program's own, which only it knows.
		c.Args = append([]string{"sh", "-c", `export LISTEN_PID=$$; exec "$0" "$@"`}, c.Args...)
		c.Path = "/bin/sh"
		c.Env = append(c.Env, "LISTEN_FDS=1", "NOTIFY_SOCKET="+path, "WATCHDOG_USEC=20000")
	}, "--admin=", "--loops=3", file)
	states := make(chan string, 1024)
	go func() {
		for buffer := make([]byte, 256); ; {
			n, _, err := heard.ReadFrom(buffer)
			if err != nil {
				close(states)
				return
			}
			states <- string(buffer[:n])
		}
	}()
	expect := func(want string) {
		t.Helper()
		deadline := time.After(10 * time.Second)
		for {
			select {
			case state := <-states:
				if state == want {
					return
				}
			case <-deadline:
				t.Fatalf("the manager was not told %s", want)
			}
		}
	}
	expect("READY=1")
	if address := p.find(`listening on (\S+)\n`); address != listener.Addr().String() {
		t.Errorf("the program listens on %s, not on the socket it was given", address)
	}
	for range 30 {
		conn, err := chat(t, listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	expect("WATCHDOG=1")
	p.signal(syscall.SIGHUP)
	expect("RELOADING=1")
	expect("READY=1")
	p.signal(syscall.SIGTERM)
	expect("STOPPING=1")
	p.expectExit()
}
