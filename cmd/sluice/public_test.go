package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/sluicegate/sluice/gateway/token"
)

// rest makes a request of the REST API, with text if with anything, and returns its
// status.
func rest(t *testing.T, endpoint token.Endpoint, keys *token.Authority, method, path, body string) int {
	t.Helper()
	return restAs(t, endpoint, keys, method, path, "text/plain", body)
}

// restAs is rest with a body of a media type.
func restAs(t *testing.T, endpoint token.Endpoint, keys *token.Authority, method, path, media, body string) int {
	t.Helper()
	signed, err := keys.MintREST(path, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, endpoint.String()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+signed)
	request.Header.Set("Content-Type", media)
	status, _ := send(t, request)
	return status
}

// The shortest way in: with a key, the SDKs' endpoint is where the gateway listens.
func TestServeWithAnAccessKey(t *testing.T) {
	s := serve(t, "--listen=127.0.0.1:0", "--admin=127.0.0.1:0", "--access-key="+testKey, "--upstream=game=http://127.0.0.1:1/")
	address := s.line(`listening on (\S+)$`)
	s.line(`^  hub game +(ws://\S+/client/hubs/game)$`) // a hub that is misspelt is seen
	admin := s.line(`^  admin +(http://\S+)$`)
	endpoint, err := token.ParseEndpoint("http://" + address)
	if err != nil {
		t.Fatal(err)
	}
	keys := authorityOf(t, endpoint, testKey)
	client := clientOf(t, endpoint, keys)
	if status := rest(t, endpoint, keys, http.MethodPost, "/api/hubs/chat/users/ana/:send", "hello"); status != http.StatusAccepted {
		t.Errorf("send: status %d", status)
	}
	if frame, err := wsutil.ReadServerText(client); err != nil || !strings.Contains(string(frame), `"data":"hello"`) {
		t.Fatalf("received %q, %v", frame, err)
	}
	for path, want := range map[string]int{"/api/hubs/game/users/ana": 404, "/api/hubs/nobody/users/ana": 404, "/api/hubs/chat/users/ana": 200} {
		if status := rest(t, endpoint, keys, http.MethodHead, path, ""); status != want {
			t.Errorf("%s: status %d, want %d", path, status, want)
		}
	}
	if _, metrics := get(t, admin+"metrics"); !strings.Contains(metrics, `sluice_rest_requests_total{operation="sendToUser",status="202"} 1`) {
		t.Error("the metrics do not show the request")
	}
	if status, answer := post(t, admin+"reload"); status != http.StatusOK || !strings.Contains(answer, `"needRestart":[]`) && !strings.Contains(answer, `"needRestart": []`) {
		t.Errorf("reload: %d %s", status, answer)
	}
	s.signals <- syscall.SIGTERM
	if code := s.exit(); code != exitClean {
		t.Errorf("exit code %d: %s", code, s.stderr)
	}
}

// authorityOf returns what mints with a key for an endpoint.
func authorityOf(t *testing.T, endpoint token.Endpoint, key string) *token.Authority {
	t.Helper()
	keys, err := token.New(token.Config{Keys: []string{key}, Endpoints: []token.Endpoint{endpoint}})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestAccessKeysAreReloaded(t *testing.T) {
	const older, newer = "the older access key of the tests: 32", "the newer access key of the tests: 32"
	file := write(t, "keys", older+"\n")
	s := serve(t, "--listen=127.0.0.1:0", "--admin=127.0.0.1:0", "--access-key-file="+file, "--upstream=chat=http://127.0.0.1:1/")
	endpoint, err := token.ParseEndpoint("http://" + s.line(`listening on (\S+)$`))
	if err != nil {
		t.Fatal(err)
	}
	admin := s.line(`^  admin +(http://\S+)$`)
	for _, step := range []struct {
		name, content          string
		reload, older, another int
	}{
		{"as it was", older, 200, 202, 401},
		{"another key comes", "\r\n" + newer + "\r\n" + older + "\n", 200, 202, 202},
		{"a key that is too short", "short\n", 422, 202, 202},
		{"no key", "\n", 422, 202, 202},
		{"the first one goes", newer, 200, 401, 202},
	} {
		if err := os.WriteFile(file, []byte(step.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if status, answer := post(t, admin+"reload"); status != step.reload || strings.Contains(answer, older) || strings.Contains(answer, newer) {
			t.Errorf("%s: reload: %d %s, want %d", step.name, status, answer, step.reload)
		}
		for key, want := range map[string]int{older: step.older, newer: step.another} {
			if status := rest(t, endpoint, authorityOf(t, endpoint, key), http.MethodPost, "/api/hubs/chat/:send", "hello"); status != want {
				t.Errorf("%s: with %s: status %d, want %d", step.name, key, status, want)
			}
		}
	}
	s.signals <- syscall.SIGTERM
	if code := s.exit(); code != exitClean {
		t.Errorf("exit code %d: %s", code, s.stderr)
	}
}

func TestFaultsOfThePublicAPI(t *testing.T) {
	own := write(t, "s.yaml", "hubs: {chat: {auth: {secrets: ["+write(t, "secret", testKey)+"]}}}\n")
	for _, tc := range []struct {
		name   string
		env    map[string]string
		args   []string
		stderr string
	}{
		{"an upstream without a key", nil, []string{"--upstream=chat=http://127.0.0.1:1/"}, "--access-key: is missing"},
		{"a short key", nil, []string{"--access-key=short"}, "sluice: --access-key: key 1: has a secret of 5 bytes; must have at least 32 (RFC 7518 §3.2)\n"},
		{"a second key with a semicolon", nil, []string{"--access-key=" + testKey, "--access-key=a;" + testKey}, "sluice: --access-key: key 2: must have no semicolon"},
		{"an endpoint within another", nil, []string{"--access-key=" + testKey, "--endpoint=http://h", "--endpoint=http://h/api/hubs"}, "sluice: --endpoint: http://h/api/hubs: lies within"},
		{"a short key of the environment", map[string]string{"SLUICE_ACCESS_KEY": "short"}, nil, "has a secret of 5 bytes"},
		{"a file that is not there", nil, []string{"--access-key-file=no/such"}, "--access-key-file: open no/such: no such file"},
		{"a file without keys", map[string]string{"SLUICE_ACCESS_KEY_FILE": os.DevNull}, nil, "SLUICE_ACCESS_KEY_FILE: /dev/null: holds no key; write one a line"},
		{"a file beside a key", nil, []string{"--access-key=" + testKey, "--access-key-file=f"}, "--access-key-file: is given beside --access-key"},
		{"an upstream without a hub", nil, []string{"--access-key=" + testKey, "--upstream=http://127.0.0.1:1/"}, "--upstream"},
		{"an upstream that is no URL", nil, []string{"--access-key=" + testKey, "--upstream=chat=ftp://h/"}, "--upstream"},
		{"a time that is none", nil, []string{"--access-key=" + testKey, "--upstream-retry=soon"}, `--upstream-retry: "soon": must be a time`},
		{"a time that is too long", map[string]string{"SLUICE_UPSTREAM_RETRY": "25h"}, []string{"--access-key=" + testKey, "--upstream=chat=http://127.0.0.1:1/"}, `--upstream-retry: "25h": must be a time from 1ms to 24h`},
		{"an upstream of a hub with tokens of its own", nil, []string{own, "--access-key=" + testKey, "--upstream=chat=http://127.0.0.1:1/"}, `--upstream: hub "chat": has auth in the configuration, and so no event handler`},
		{"a hub that cannot be", nil, []string{"--access-key=" + testKey, "--upstream=a b=http://127.0.0.1:1/"}, `--upstream: "a b": must be 1 to 128 characters`},
		{"an endpoint that is none", nil, []string{"--access-key=" + testKey, "--endpoint=ws://h"}, "--endpoint"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := runSluice(t, tc.env, append([]string{"serve", "--listen=127.0.0.1:0", "--admin="}, tc.args...)...)
			if got.code == exitClean || !strings.Contains(got.stderr, tc.stderr) {
				t.Errorf("%+v, want %q", got, tc.stderr)
			}
		})
	}
}

// hangsOnDisconnected is an event handler that takes every event but the last of a
// client, and tells of that.
func hangsOnDisconnected(t *testing.T) (url string, told <-chan struct{}) {
	t.Helper()
	came := make(chan struct{}, 1)
	handler := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WebHook-Allowed-Origin", "*")
		if r.Header.Get("ce-eventName") == "disconnected" {
			came <- struct{}{}
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}
	}))
	t.Cleanup(func() {
		handler.CloseClientConnections()
		handler.Close()
	})
	return handler.URL, came
}

// connectAs connects to the hub chat of a gateway at address that has an access key.
func connectAs(t *testing.T, address string) net.Conn {
	t.Helper()
	endpoint, err := token.ParseEndpoint("http://" + address)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := authorityOf(t, endpoint, testKey).MintClient(token.Client{Hub: "chat"})
	if err != nil {
		t.Fatal(err)
	}
	conn, _, _, err := ws.Dial(t.Context(), endpoint.ClientURL("chat")+"?access_token="+signed)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// Handlers are told of the last clients in the time of the stop, and hardly longer: a
// service manager ends the program soon after it.
func TestAStopTakesNoMoreThanItsTime(t *testing.T) {
	const within = 3 * time.Second
	handler, _ := hangsOnDisconnected(t)
	s := serve(t, "--listen=127.0.0.1:0", "--admin=", "--close-timeout=1h", "--shutdown-timeout="+within.String(), "--access-key="+testKey, "--upstream=chat="+handler)
	conn := connectAs(t, s.line(`listening on (\S+)$`))
	defer conn.Close() // it does not answer the close frame
	began := time.Now()
	s.signals <- syscall.SIGTERM
	if code := s.exit(); code != exitFailed || !strings.Contains(s.stderr.String(), "not every notification of hub chat was delivered") {
		t.Errorf("exit code %d: %s", code, s.stderr)
	}
	if took := time.Since(began); took > within*7/4 {
		t.Errorf("the stop took %v", took)
	}
	// Which of the two is counted depends on what was asked last before the time was up.
	if left := regexp.MustCompile("shut down with 1 (sessions|connections)"); !left.MatchString(s.stderr.String()) {
		t.Errorf("the program says %s, not %v", s.stderr, left)
	}
}

// Handlers are told of the last clients once the gateway has stopped: a second signal
// ends that too.
func TestASecondSignalLeavesHandlersUntold(t *testing.T) {
	handler, told := hangsOnDisconnected(t)
	s := serve(t, "--listen=127.0.0.1:0", "--admin=", "--shutdown-timeout=1h", "--access-key="+testKey, "--upstream=chat="+handler)
	connectAs(t, s.line(`listening on (\S+)$`)).Close()
	<-told
	began := time.Now()
	s.signals <- syscall.SIGTERM
	s.signals <- syscall.SIGTERM
	if code := s.exit(); code != exitFailed || !strings.Contains(s.stderr.String(), "not every notification of hub chat was delivered") {
		t.Errorf("exit code %d: %s", code, s.stderr)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("the end took %v, for all of a request's time", took)
	}
}

// The flags that are no settings are in no catalog that the page could be made from.
func TestThePageOnConfigurationHasTheFlagsOfThePublicAPI(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	word := regexp.MustCompile("[A-Z][a-z]+")
	for i := range reflect.TypeFor[publicFlags]().NumField() {
		words := word.FindAllString(reflect.TypeFor[publicFlags]().Field(i).Name, -1)
		row := fmt.Sprintf("| `--%s` | `SLUICE_%s`", strings.ToLower(strings.Join(words, "-")), strings.ToUpper(strings.Join(words, "_")))
		if !strings.Contains(string(page), row) {
			t.Errorf("docs/configuration.md has no row %s", row)
		}
	}
}
