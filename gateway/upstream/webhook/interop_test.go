//go:build interop

package webhook_test

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/gateway/gatewaytest"
	"github.com/sluicegate/sluice/gateway/upstream/webhook"
)

// startExpress starts the handler in interop/ and returns its URL and the lines
// that it prints. `make interop` installs the package first.
func startExpress(t *testing.T) (url string, lines *bufio.Scanner) {
	t.Helper()
	command := exec.Command("node", "interop/handler.mjs")
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close() // which ends it
		io.Copy(io.Discard, stdout)
		if err := command.Wait(); err != nil {
			t.Errorf("the handler: %v", err)
		}
	})
	lines = bufio.NewScanner(stdout)
	if !lines.Scan() {
		t.Fatal("the handler ended before it listened")
	}
	return "http://127.0.0.1:" + lines.Text() + "/api/webpubsub/hubs/{hub}/", lines
}

// The npm package @azure/web-pubsub-express, unchanged, with everything that it can
// answer.
func TestExpressHandler(t *testing.T) {
	gatewaytest.CheckLeaks(t)
	url, lines := startExpress(t)
	config := everything(url)
	config.Origin = "127.0.0.1"
	config.Keys = []string{"0123456789abcdef0123456789abcdef"}
	u, err := webhook.New(config)
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	defer func() {
		if !closed {
			u.Close(t.Context())
		}
	}()
	client := &webhook.Connection{ID: "c1"}
	offered := []string{"a", "json.webpubsub.azure.v1"}

	t.Run("connect", func(t *testing.T) {
		said, err := u.Connect(t.Context(), client, webhook.ConnectRequest{
			Query: map[string][]string{"as": {"Ana Müller"}}, Subprotocols: offered,
		})
		want := webhook.ConnectAnswer{UserID: "Ana Müller", Groups: []string{"hall"}, Roles: []string{"webpubsub.sendToGroup"}, Subprotocol: offered[1]}
		if err != nil || !reflect.DeepEqual(said, want) {
			t.Fatalf("got %+v, %v, want %+v", said, err, want)
		}
		client.UserID, client.Subprotocol = said.UserID, said.Subprotocol
	})
	t.Run("connect without an answer", func(t *testing.T) {
		said, err := u.Connect(t.Context(), &webhook.Connection{ID: "c2"}, webhook.ConnectRequest{Claims: map[string][]string{"plain": {"1"}}})
		if err != nil || !reflect.DeepEqual(said, webhook.ConnectAnswer{}) {
			t.Errorf("got %+v, %v", said, err)
		}
	})
	t.Run("connect refused", func(t *testing.T) {
		_, err := u.Connect(t.Context(), &webhook.Connection{ID: "c3"}, webhook.ConnectRequest{Query: map[string][]string{"as": {"stranger"}}})
		wantRejected(t, err, http.StatusUnauthorized, "no strangers")
	})
	for _, tc := range []struct {
		event webhook.UserEvent
		want  webhook.Reply
	}{
		{webhook.UserEvent{Name: "echo", Type: webhook.Text, Data: []byte("grüß dich")}, webhook.Reply{Type: webhook.Text, Data: []byte("grüß dich")}},
		{webhook.UserEvent{Name: "echo", Type: webhook.Binary, Data: []byte{0, 1, 0xff}}, webhook.Reply{Type: webhook.Binary, Data: []byte{0, 1, 0xff}}},
		{webhook.UserEvent{Name: "echoJSON", Type: webhook.JSON, Data: []byte(`{"a":[1]}`)}, webhook.Reply{Type: webhook.JSON, Data: []byte(`{"a":[1]}`)}},
		{webhook.UserEvent{Name: "greet", Type: webhook.Text}, webhook.Reply{Type: webhook.Text, Data: []byte("hello Ana Müller, 1")}},
		{webhook.UserEvent{Name: "greet", Type: webhook.Text}, webhook.Reply{Type: webhook.Text, Data: []byte("hello Ana Müller, 2")}},
		{webhook.UserEvent{Name: "silence", Type: webhook.Text}, webhook.Reply{}},
	} {
		t.Run(tc.event.Name, func(t *testing.T) {
			if got, err := u.UserEvent(t.Context(), client, tc.event); err != nil || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %v %q, %v, want %v %q", got.Type, got.Data, err, tc.want.Type, tc.want.Data)
			}
		})
	}
	t.Run("refuse", func(t *testing.T) {
		_, err := u.UserEvent(t.Context(), client, webhook.UserEvent{Name: "refuse", Type: webhook.Text})
		wantRejected(t, err, http.StatusBadRequest, "not so")
	})
	t.Run("notifications", func(t *testing.T) {
		var got []string
		for _, n := range []webhook.Notification{
			{Kind: webhook.Connected}, {Kind: webhook.Joined, Group: "hall"},
			{Kind: webhook.Left, Group: "hall"}, {Kind: webhook.Disconnected, Reason: "bye"},
		} {
			if err := u.Notify(client, n); err != nil {
				t.Fatal(err)
			}
		}
		closed = true
		if err := u.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		for len(got) < 4 && lines.Scan() {
			got = append(got, lines.Text())
		}
		want := []string{
			`{"event":"connected","connection":"c1","user":"Ana Müller","states":{"greeted":2}}`,
			`{"event":"joined","connection":"c1","user":"Ana Müller","states":{"greeted":2},"group":"hall"}`,
			`{"event":"left","connection":"c1","user":"Ana Müller","states":{"greeted":2},"group":"hall"}`,
			`{"event":"disconnected","connection":"c1","user":"Ana Müller","states":{"greeted":2},"reason":"bye"}`,
		}
		if !slices.Equal(got, want) {
			t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	})
}

func wantRejected(t *testing.T, err error, status int, body string) {
	t.Helper()
	var rejected *webhook.Rejected
	if !errors.As(err, &rejected) || rejected.Status != status || string(rejected.Body) != body {
		t.Errorf("got %v, want %d with %q", err, status, body)
	}
}

// The package compares hosts with their port, and must not be shown events that it
// does not allow.
func TestExpressHandlerThatAllowsAnother(t *testing.T) {
	gatewaytest.CheckLeaks(t)
	url, _ := startExpress(t)
	u, err := webhook.New(everything(url)) // whose origin is another host
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close(t.Context())
	var refused *webhook.NotAllowed
	if err := say(t, u); !errors.As(err, &refused) || !strings.Contains(refused.Problem, "127.0.0.1:8080") {
		t.Errorf("got %v, want that the handler allows another host only", err)
	}
}
