package main

import (
	"bytes"
	"strings"
	"syscall"
	"testing"
)

const testKey = "an access key of the tests: 32 bytes"

func TestTokensAreMintedAndChecked(t *testing.T) {
	env := map[string]string{"SLUICE_ACCESS_KEY": testKey}
	minted := runSluice(t, nil, "token", "client", "--hub", "chat", "--user", "ana", "--group", "a,b", "--group", "g 2",
		"--role", "webpubsub.sendToGroup", "--expires", "5m", "--endpoint", "https://example.com/live", "--access-key", testKey)
	first, second, _ := strings.Cut(minted.stdout, "\n")
	signed := strings.TrimSpace(strings.TrimPrefix(second, "token  "))
	if minted.code != exitClean || first != "url    wss://example.com/live/client/hubs/chat?access_token="+signed {
		t.Fatalf("%+v", minted)
	}
	checked := runSluice(t, env, "token", "check", "--endpoint", "https://example.com/live", signed)
	for _, line := range []string{"hub      chat\n", "user     ana\n", "groups   a,b, g 2\n", "roles    webpubsub.sendToGroup\n", "expires  20"} {
		if checked.code != exitClean || !strings.Contains(checked.stdout, line) {
			t.Errorf("no %q in %+v", line, checked)
		}
	}
}

func TestTokensOfACrowd(t *testing.T) {
	env := map[string]string{"SLUICE_ACCESS_KEY": testKey}
	crowd := runSluice(t, env, "token", "clients", "--hub", "chat", "--user", "user-{n}", "--group", "all", "--group", "g{n}", "--count", "3")
	tokens := strings.Fields(crowd.stdout)
	if crowd.code != exitClean || len(tokens) != 3 {
		t.Fatalf("%d tokens: %+v", len(tokens), crowd)
	}
	checked := runSluice(t, env, "token", "check", tokens[2])
	if !strings.Contains(checked.stdout, "user     user-2\n") || !strings.Contains(checked.stdout, "groups   all, g2\n") {
		t.Errorf("the last token says %q", checked.stdout)
	}
}

func TestTokenOfARequest(t *testing.T) {
	file := write(t, "keys", "a key that comes first: 32 bytes or more\n"+testKey+"\n")
	signed := runSluice(t, nil, "token", "rest", "/api/hubs/chat/:send", "--access-key-file", file)
	if signed.code != exitClean || strings.Count(signed.stdout, "\n") != 1 {
		t.Fatalf("%+v", signed)
	}
	checked := runSluice(t, nil, "token", "check", "--access-key-file", file, strings.TrimSpace(signed.stdout))
	if checked.code != exitClean || !strings.HasPrefix(checked.stdout, "request  /api/hubs/chat/:send\nexpires") {
		t.Errorf("%+v", checked)
	}
}

// A script must not go on with half a file of tokens.
func TestTokensThatCannotBeWritten(t *testing.T) {
	env := map[string]string{"SLUICE_ACCESS_KEY": testKey}
	for _, args := range [][]string{
		{"client", "--hub=chat"},
		{"clients", "--hub=chat", "--count=2"},
		{"rest", "/api/hubs/chat/:send"},
	} {
		var stderr bytes.Buffer
		p := &process{
			args:   append([]string{"token"}, args...),
			stdout: fullDisk{},
			stderr: &stderr,
			env:    func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		}
		if code := p.run(); code != exitFailed || stderr.String() != "sluice: no space left on device\n" {
			t.Errorf("%v: exit code %d, stderr %q", args, code, stderr.String())
		}
	}
}

// fullDisk is where nothing can be written.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestFaultsOfTokenCommands(t *testing.T) {
	env := map[string]string{"SLUICE_ACCESS_KEY": testKey}
	signed := strings.TrimSpace(strings.Split(runSluice(t, env, "token", "client", "--hub", "chat").stdout, "token  ")[1])
	for _, tc := range []struct {
		name   string
		env    map[string]string
		args   []string
		code   int
		stderr string
	}{
		{"no hub", env, []string{"client"}, exitUsage, "--hub"},
		{"a hub that cannot be", env, []string{"client", "--hub=a b"}, exitUsage, `--hub: "a b": must be 1 to 128 characters`},
		{"no key", nil, []string{"client", "--hub=chat"}, exitUsage, "--access-key: is missing; give it, or set SLUICE_ACCESS_KEY"},
		{"short key", nil, []string{"client", "--hub=chat", "--access-key=short"}, exitUsage, "sluice: --access-key: key 1: has a secret of 5 bytes"},
		{"bad endpoint", env, []string{"client", "--hub=chat", "--endpoint=ws://h"}, exitUsage, "--endpoint: endpoint \"ws://h\": has the scheme ws"},
		{"no life", env, []string{"client", "--hub=chat", "--expires=0s"}, exitUsage, "--expires: 0s"},
		{"no path", env, []string{"rest"}, exitUsage, "<path>"},
		{"a path of none", env, []string{"rest", "/client/hubs/chat"}, exitUsage, "must begin with /api/"},
		{"no life of a request", env, []string{"rest", "/api/x", "--expires=0s"}, exitUsage, "--expires: 0s"},
		{"short life", env, []string{"client", "--hub=chat", "--expires=1ms"}, exitUsage, "life: 1ms"},
		{"no crowd", env, []string{"clients", "--hub=chat", "--count=0"}, exitUsage, "--count: 0: must be 1 or more"},
		{"no life for a crowd", env, []string{"clients", "--hub=chat", "--count=1", "--expires=0s"}, exitUsage, "--expires: 0s"},
		{"no token", env, []string{"check"}, exitUsage, "<token>"},
		{"malformed", env, []string{"check", "x"}, exitFailed, "malformed"},
		{"another key", nil, []string{"check", signed, "--access-key=" + testKey + "!"}, exitFailed, "signature is wrong"},
		{"another endpoint", env, []string{"check", signed, "--endpoint=http://h"}, exitFailed, `its aud is "http://127.0.0.1:8080/client/hubs/chat", which is nothing at --endpoint http://h`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := runSluice(t, tc.env, append([]string{"token"}, tc.args...)...)
			if got.code != tc.code || !strings.Contains(got.stderr, tc.stderr) || strings.Contains(got.stderr, testKey) {
				t.Errorf("exit code %d, stderr %q; want %d with %q", got.code, got.stderr, tc.code, tc.stderr)
			}
		})
	}
}
