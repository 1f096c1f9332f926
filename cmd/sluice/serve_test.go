package main

import (
	"bufio"
	"bytes"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluicegate/sluice/gateway/settings"
)

// server is a `sluice serve` that runs in the test's process.
type server struct {
	t       *testing.T
	signals chan os.Signal // to end
	reloads chan os.Signal
	code    chan int
	lines   chan string
	stderr  *bytes.Buffer // read after code is received
}

func serve(t *testing.T, args ...string) *server {
	t.Helper()
	return serveOn(t, fstest.MapFS{}, args...)
}

// serveOn serves on a machine with the root directory root.
func serveOn(t *testing.T, root fs.FS, args ...string) *server {
	t.Helper()
	out, in := io.Pipe()
	s := &server{t: t, signals: make(chan os.Signal, 2), reloads: make(chan os.Signal, 1), code: make(chan int, 1), lines: make(chan string, 64), stderr: new(bytes.Buffer)}
	p := &process{
		args:    append([]string{"serve"}, args...),
		stdout:  in,
		stderr:  s.stderr,
		root:    root,
		env:     func(string) (string, bool) { return "", false },
		signals: func() signals { return signals{end: s.signals, reload: s.reloads} },
	}
	go func() {
		s.code <- p.run()
		in.Close()
	}()
	go func() {
		defer close(s.lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			s.lines <- scanner.Text()
		}
	}()
	return s
}

// line returns what pattern's group matches in the next line that matches.
func (s *server) line(pattern string) string {
	s.t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case line, ok := <-s.lines:
			if !ok {
				s.t.Fatalf("the program ended without a line like %q", pattern)
			}
			if found := regexp.MustCompile(pattern).FindStringSubmatch(line); found != nil {
				return found[1]
			}
		case <-deadline:
			s.t.Fatalf("no line like %q within 10 s", pattern)
		}
	}
}

func (s *server) exit() int {
	s.t.Helper()
	select {
	case code := <-s.code:
		return code
	case <-time.After(20 * time.Second):
		s.t.Fatal("the program did not end within 20 s")
		return 0
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	return ask(t, http.MethodGet, url)
}

func post(t *testing.T, url string) (int, string) {
	t.Helper()
	return ask(t, http.MethodPost, url)
}

// ask sends a request without a body and returns the answer.
func ask(t *testing.T, method, url string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return send(t, request)
}

// send sends a request and returns the answer.
func send(t *testing.T, request *http.Request) (int, string) {
	t.Helper()
	client := http.Client{Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func TestServeAnnouncesServesAndStops(t *testing.T) {
	s := serve(t, "--listen=127.0.0.1:0", "--admin=127.0.0.1:0", "--echo=/echo")
	address := s.line(`^sluice \S+ listening on (127\.0\.0\.1:\d+)$`)
	page := s.line(`^  try page +(http://\S+)$`)
	chat := s.line(`^  hub chat +(ws://\S+)$`)
	echo := s.line(`^  echo +(ws://\S+)$`)
	admin := s.line(`^  admin +(http://\S+)$`)
	if page != "http://"+address+"/" || chat != "ws://"+address+"/client/hubs/chat" || echo != "ws://"+address+"/echo" {
		t.Errorf("announced %s, %s and %s at %s", page, chat, echo, address)
	}

	if code, body := get(t, page); code != 200 || !strings.Contains(body, "/client/hubs/chat") {
		t.Errorf("try page: %d %s", code, body)
	}
	if code, body := get(t, admin+"healthz"); code != 200 {
		t.Errorf("health: %d %s", code, body)
	}
	if code, body := get(t, admin+"metrics"); code != 200 || !strings.Contains(body, `sluice_hub_sessions{hub="chat"} 0`) {
		t.Errorf("metrics: %d %s", code, body)
	}

	s.signals <- syscall.SIGTERM
	if code := s.exit(); code != exitClean {
		t.Errorf("exit code %d, want %d; stderr %s", code, exitClean, s.stderr)
	}
	for _, closed := range []string{address, strings.Trim(strings.TrimPrefix(admin, "http://"), "/")} {
		if conn, err := net.Dial("tcp", closed); err == nil {
			conn.Close()
			t.Errorf("%s still accepts connections", closed)
		}
	}
}

func TestServeWithoutAdminOrTryPage(t *testing.T) {
	s := serve(t, "--listen=127.0.0.1:0", "--admin=", "--no-try-page")
	address := s.line(`listening on (\S+)$`)
	if code, _ := get(t, "http://"+address+"/"); code != 404 {
		t.Errorf("GET / gave %d, want 404", code)
	}
	s.signals <- os.Interrupt
	if code := s.exit(); code != exitClean {
		t.Errorf("exit code %d, want %d; stderr %s", code, exitClean, s.stderr)
	}
}

func TestActionsAreOfferedWhenTheyAreAllowed(t *testing.T) {
	for flag, offered := range map[string]bool{"--admin-actions": true, "--no-admin-actions": false} {
		s := serve(t, "--listen=127.0.0.1:0", "--admin=127.0.0.1:0", flag)
		url := s.line(`^  admin +(http://\S+)$`)
		if code, body := get(t, url+"actions"); code != 200 || strings.Contains(body, `"close"`) != offered {
			t.Errorf("%s: %d %s", flag, code, body)
		}
		s.signals <- os.Interrupt
		if code := s.exit(); code != exitClean {
			t.Errorf("exit code %d, want %d; stderr %s", code, exitClean, s.stderr)
		}
	}
}

// A client that never answers the close frame holds up a graceful stop.
func TestAGracefulStopIsCutShort(t *testing.T) {
	for _, tc := range []struct {
		name    string
		timeout string
		signals int
	}{
		{"by its timeout", "50ms", 1},
		{"by a second signal", "1h", 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := serve(t, "--listen=127.0.0.1:0", "--admin=", "--close-timeout=1h", "--shutdown-timeout="+tc.timeout)
			address := s.line(`listening on (\S+)$`)
			conn, _, _, err := ws.Dial(t.Context(), "ws://"+address+"/client/hubs/chat")
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			for range tc.signals {
				s.signals <- os.Interrupt
			}
			if code := s.exit(); code != exitFailed || !strings.Contains(s.stderr.String(), "stopped before the drain was over") {
				t.Errorf("exit code %d, stderr %s; want %d", code, s.stderr, exitFailed)
			}
		})
	}
}

// Whoever presses Ctrl-C twice is not told that something is stuck, nor that something
// has failed where nobody was cut off.
func TestASecondSignalDuringTheGrace(t *testing.T) {
	s := serve(t, "--listen=127.0.0.1:0", "--admin=127.0.0.1:0", "--drain-grace=1h", "--shutdown-timeout=2h")
	ready := s.line(`^  admin +(http://\S+)$`) + "readyz"
	is := func(status int) func() bool {
		return func() bool { code, _ := get(t, ready); return code == status }
	}
	eventually(t, is(http.StatusOK), "the gateway to serve")
	s.signals <- syscall.SIGTERM
	eventually(t, is(http.StatusServiceUnavailable), "the grace to begin")
	s.signals <- syscall.SIGTERM
	if code := s.exit(); code != exitClean || strings.Contains(s.stderr.String(), "sluice: ") {
		t.Errorf("exit code %d, want %d; stderr %s", code, exitClean, s.stderr)
	}
}

func TestServeFailsWhereAnAddressIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"--listen=" + taken.Addr().String(), "--admin="}, "sluice: gateway: poller: listen tcp " + taken.Addr().String() + ": bind: address already in use; `ss -ltnp` shows by whom; choose another address with --listen"},
		{[]string{"--listen=192.0.2.1:80", "--admin="}, "this machine does not have it; choose another address with --listen"},
		{[]string{"--listen=127.0.0.1:0", "--admin=" + taken.Addr().String()}, "choose another address with --admin, or none with --admin="},
	} {
		s := serve(t, tc.args...)
		if code := s.exit(); code != exitFailed || !strings.Contains(s.stderr.String(), tc.want) {
			t.Errorf("%v: exit code %d, stderr %s; want %d with %q", tc.args, code, s.stderr, exitFailed, tc.want)
		}
	}
}

func TestBannerReachesAListenerOnEveryAddress(t *testing.T) {
	var out bytes.Buffer
	banner(&out, settings.Default(), nil, &net.TCPAddr{IP: net.IPv6zero, Port: 80}, &net.TCPAddr{IP: net.IPv6loopback, Port: 90})
	want := "sluice " + version() + " listening on [::]:80\n  admin      http://[::1]:90/\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

// Without an admin listener nobody can ask for a profile of memory, and none is kept.
func TestServeProfilesMemoryForTheAdminListenerOnly(t *testing.T) {
	usual := runtime.MemProfileRate
	t.Cleanup(func() { runtime.MemProfileRate = usual })
	for _, test := range []struct {
		admin string
		want  int
	}{
		{"127.0.0.1:0", usual},
		{"", 0},
	} {
		s := serve(t, "--listen=127.0.0.1:0", "--admin="+test.admin)
		s.line(`listening on (\S+)`)
		if got := runtime.MemProfileRate; got != test.want {
			t.Errorf("admin at %q: an allocation of %d bytes is sampled, want %d", test.admin, got, test.want)
		}
		s.signals <- syscall.SIGTERM
		if code := s.exit(); code != exitClean {
			t.Errorf("exit code %d", code)
		}
	}
}
