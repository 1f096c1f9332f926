package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sluicegate/sluice/gateway/settings"
)

// ran is what a run of the program left behind.
type ran struct {
	code           int
	stdout, stderr string
}

func runSluice(t *testing.T, env map[string]string, args ...string) ran {
	t.Helper()
	return runSluiceOn(t, fstest.MapFS{}, env, args...)
}

// runSluiceOn runs the program on a machine with the root directory root.
func runSluiceOn(t *testing.T, root fs.FS, env map[string]string, args ...string) ran {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := &process{
		args:    args,
		stdout:  &stdout,
		stderr:  &stderr,
		root:    root,
		env:     func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		signals: func() signals { return signals{} },
	}
	code := p.run()
	return ran{code, stdout.String(), stderr.String()}
}

// write creates a file in a new directory and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExitCodes(t *testing.T) {
	faulty := write(t, "faulty.yaml", "lisen: x\n")
	for _, tc := range []struct {
		name   string
		args   []string
		code   int
		stderr string // a part of it
	}{
		{"version", []string{"version"}, exitClean, ""},
		{"help", []string{"--help"}, exitClean, ""},
		{"help of a command", []string{"serve", "--help"}, exitClean, ""},
		{"no command", nil, exitUsage, "serve"},
		{"unknown command", []string{"sevre"}, exitUsage, "unexpected argument sevre"},
		{"unknown flag", []string{"serve", "--lisen=x"}, exitUsage, "did you mean \"--listen\""},
		{"bad flag", []string{"serve", "--max-message=64kb"}, exitUsage, `--max-message: "64kb": unit "kb" could mean either`},
		{"faulty file", []string{"serve", faulty}, exitUsage, "faulty.yaml:1:1: lisen: is no setting; did you mean listen?"},
		{"missing file", []string{"serve", "missing.yaml"}, exitUsage, "missing.yaml: no such file"},
		{"show of a faulty file", []string{"config", "show", faulty}, exitUsage, "lisen"},
		{"check of a missing file", []string{"config", "check", "missing.yaml"}, exitFailed, "missing.yaml: no such file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := runSluice(t, nil, tc.args...)
			if got.code != tc.code || !strings.Contains(got.stderr, tc.stderr) {
				t.Errorf("exit code %d, stderr %q; want %d with %q", got.code, got.stderr, tc.code, tc.stderr)
			}
		})
	}
}

func TestHelpListsEverySetting(t *testing.T) {
	help := runSluice(t, nil, "serve", "--help").stdout
	for _, s := range settings.Catalog() {
		flag := "--" + s.Flag + "=" + s.Kind
		if s.Kind == "BOOL" {
			flag = "--[no-]" + s.Flag
		}
		if !strings.Contains(help, flag) {
			t.Errorf("no %s in\n%s", flag, help)
		}
	}
}

func TestVersionNamesTheProgram(t *testing.T) {
	if got := runSluice(t, nil, "version").stdout; !strings.HasPrefix(got, "sluice ") || !strings.Contains(got, " go1.") {
		t.Errorf("version printed %q", got)
	}
}

func TestCheckPrintsEachFaultOnALine(t *testing.T) {
	file := write(t, "faulty.yaml", "lisen: x\nloops: 5000\n")
	got := runSluice(t, nil, "config", "check", file)
	want := file + ":1:1: lisen: is no setting; did you mean listen?\n" + file + ":2:8: loops: 5000: must be 1 to 1024\n"
	if got.code != exitFailed || got.stdout != want || got.stderr != "sluice: 2 faults\n" {
		t.Errorf("exit code %d, stdout\n%s\nstderr %q; want %d and\n%s", got.code, got.stdout, got.stderr, exitFailed, want)
	}
}

func TestCheckPassesTheBuiltInFile(t *testing.T) {
	file := write(t, "sluice.yaml", string(builtIn))
	got := runSluice(t, nil, "config", "check", file)
	if got.code != exitClean || got.stdout != file+": ok\n" {
		t.Errorf("exit code %d, stdout %q, stderr %q", got.code, got.stdout, got.stderr)
	}
}

func TestShowLayersFileEnvironmentAndFlags(t *testing.T) {
	env := map[string]string{"SLUICE_PONG": "9s", "SLUICE_PING": "9s"}
	got := runSluice(t, env, "config", "show", "--ping", "30s", "--no-try-page", "--private-fd-tables", "--admin=")
	for _, line := range []string{
		"ping: 30s # --ping", "pong: 9s # SLUICE_PONG", "tryPage: false # --try-page", "privateFdTables: true # --private-fd-tables",
		`admin: "" # --admin`, "message: 1MiB # (built-in sluice.yaml):", "loops: 0 # default", "chat:", "onMessage: publish # (built-in",
	} {
		if !strings.Contains(got.stdout, line) {
			t.Errorf("no %q in\n%s%s", line, got.stdout, got.stderr)
		}
	}
	shown := write(t, "shown.yaml", got.stdout)
	if again := runSluice(t, nil, "config", "check", shown); again.code != exitClean {
		t.Errorf("the configuration shown is refused: %s", again.stdout)
	}
}
