package handover

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// roleVariable has the test binary be a successor of that kind.
const roleVariable = "SLUICE_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "":
		os.Exit(m.Run())
	case "serves":
		serveOnce()
	case "fails":
		os.Exit(3)
	case "hangs":
		select {}
	}
}

// serveOnce says on its second public socket which sockets it was given.
func serveOnce() {
	in, err := Receive()
	if err != nil || len(in.Public) != 2 || in.Admin == nil || os.Getenv(variable) != "" {
		os.Exit(1)
	}
	l, err := net.FileListener(in.Public[1])
	if err != nil || in.Ready() != nil {
		os.Exit(1)
	}
	conn, err := l.Accept()
	if err != nil {
		os.Exit(1)
	}
	conn.Write([]byte("served"))
	conn.Close()
}

// start starts a successor of a role, with two public sockets and one for the
// admin listener. It returns the address of the second.
func start(t *testing.T, role string, within time.Duration) (address string, err error) {
	t.Helper()
	var sockets Sockets
	for i := range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		file, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			sockets.Admin = file
			break
		}
		sockets.Public, address = append(sockets.Public, file), l.Addr().String()
	}
	defer sockets.Close()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	s := Successor{Path: os.Args[0], Args: os.Args[:1], Env: append(os.Environ(), roleVariable+"="+role), Sockets: &sockets}
	_, err = s.Start(ctx)
	return address, err
}

func TestASuccessorGetsTheSockets(t *testing.T) {
	address, err := start(t, "serves", 20*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", address) // nobody else has the socket any more
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	var got [6]byte
	if n, err := conn.Read(got[:]); string(got[:n]) != "served" {
		t.Errorf("read %q, %v from the successor", got[:n], err)
	}
}

func TestASuccessorThatDoesNotServeIsReported(t *testing.T) {
	for _, tc := range []struct {
		role   string
		within time.Duration
		why    string
	}{
		{"fails", 20 * time.Second, "it has ended with exit status 3"},
		{"hangs", 200 * time.Millisecond, context.DeadlineExceeded.Error()},
	} {
		t.Run(tc.role, func(t *testing.T) {
			if _, err := start(t, tc.role, tc.within); !errors.Is(err, ErrNotReady) || !strings.HasSuffix(err.Error(), ": "+tc.why) {
				t.Errorf("Start: %v, want that the successor does not serve: %s", err, tc.why)
			}
		})
	}
}

func TestASuccessorIsNotToldWhatIsNotMeantForIt(t *testing.T) {
	s := Successor{Env: []string{"A=1", "LISTEN_PID=7", "LISTEN_FDS=1", "WATCHDOG_PID=7", "WATCHDOG_USEC=9", variable + "=9 9"}, Sockets: &Sockets{}}
	if got, want := s.environment(), []string{"A=1", "WATCHDOG_USEC=9", variable + "=0 0"}; !slices.Equal(got, want) {
		t.Errorf("environment %v, want %v", got, want)
	}
}

func TestANonsensicalInheritanceIsAnError(t *testing.T) {
	for _, told := range []string{"", "1", "x 0", "1 2", "-1 0", "70000 0"} {
		if in, err := fromPredecessor(told); err == nil || !strings.Contains(err.Error(), variable) {
			t.Errorf("%q: %v, %v; want an error that names %s", told, in, err, variable)
		}
	}
}
