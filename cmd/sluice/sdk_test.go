package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/sluicegate/sluice/gateway/token"
)

// With an access key the limits are wide enough for what the SDKs do, whatever the
// file leaves out.
func TestWithAnAccessKeyTheLimitsAreThoseOfTheSDKs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "own.yaml")
	if err := os.WriteFile(file, []byte("hubs: {chat: {}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, file, "--listen=127.0.0.1:0", "--admin=", "--loops=1", "--access-key="+testKey)
	endpoint, err := token.ParseEndpoint("http://" + s.line(`listening on (\S+)$`))
	if err != nil {
		t.Fatal(err)
	}
	keys := authorityOf(t, endpoint, testKey)
	t.Run("names of 1024 characters", func(t *testing.T) {
		for _, character := range []string{"x", "ü", "漢", "😀"} {
			path := "/api/hubs/chat/groups/" + url.PathEscape(strings.Repeat(character, 1024)) + "/:send?api-version=2024-12-01"
			for range 2 { // the second is not the first of its connection
				if status := rest(t, endpoint, keys, http.MethodPost, path, "hello"); status != http.StatusAccepted {
					t.Errorf("%s: status %d", character, status)
				}
			}
		}
	})
	t.Run("many requests at once", func(t *testing.T) {
		const atOnce = 250 // on one loop
		for range 1000 / atOnce {
			var conns []net.Conn
			for range atOnce {
				conn, err := net.Dial("tcp", strings.TrimPrefix(endpoint.String(), "http://"))
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(10 * time.Second))
				conns = append(conns, conn)
			}
			for _, conn := range conns {
				io.WriteString(conn, "HEAD /api/health HTTP/1.1\r\nHost: x\r\n\r\n")
			}
			for _, conn := range conns {
				answer, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: http.MethodHead})
				if err != nil || answer.StatusCode != http.StatusOK {
					t.Fatalf("%v, %v", answer, err)
				}
			}
		}
	})
	t.Run("as many groups as a request names", func(t *testing.T) {
		clientOf(t, endpoint, keys)
		names := make([]string, 1000)
		for n := range names {
			names[n] = fmt.Sprintf(`"g%d"`, n)
		}
		body := `{"groups":[` + strings.Join(names, ",") + `]}`
		if status := restAs(t, endpoint, keys, http.MethodPost, "/api/hubs/chat/:addToGroups", "application/json", body); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	})
	t.Run("a burst of the largest messages", func(t *testing.T) {
		const burst = 8
		client := clientOf(t, endpoint, keys)
		largest := strings.Repeat("x", 1<<20)
		for range burst {
			if status := rest(t, endpoint, keys, http.MethodPost, "/api/hubs/chat/users/ana/:send", largest); status != http.StatusAccepted {
				t.Errorf("send: status %d", status)
			}
		}
		for n := range burst {
			frame, err := wsutil.ReadServerText(client)
			if err != nil || len(frame) < len(largest) {
				t.Fatalf("message %d: %d bytes, %v", n, len(frame), err)
			}
		}
	})
	s.signals <- syscall.SIGTERM
	if code := s.exit(); code != exitClean {
		t.Errorf("exit code %d: %s", code, s.stderr)
	}
}

// clientOf connects the user ana to hub chat.
func clientOf(t *testing.T, endpoint token.Endpoint, keys *token.Authority) io.ReadWriter {
	t.Helper()
	signed, err := keys.MintClient(token.Client{Hub: "chat", User: "ana"})
	if err != nil {
		t.Fatal(err)
	}
	dialer := ws.Dialer{Protocols: []string{"json.webpubsub.azure.v1"}}
	conn, buffered, _, err := dialer.Dial(t.Context(), endpoint.ClientURL("chat")+"?access_token="+signed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if buffered == nil { // it holds what came with the answer
		buffered = bufio.NewReader(conn)
	}
	client := struct {
		io.Reader
		io.Writer
	}{buffered, conn}
	if frame, err := wsutil.ReadServerText(client); err != nil || !strings.Contains(string(frame), `"event":"connected"`) {
		t.Fatalf("received %q, %v", frame, err)
	}
	return client
}
