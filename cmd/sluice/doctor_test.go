package main

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
)

// poor is a machine with a hard limit of 4,096 descriptors.
var poor = os.DirFS("internal/doctor/testdata/machine")

func TestDoctorTellsWhatFits(t *testing.T) {
	for _, tc := range []struct {
		name           string
		args           []string
		code           int
		stdout, stderr string // parts
	}{
		{"fits, with warnings", []string{"--connections=3000", "--loops=2"}, exitClean, "\n2 warnings, 0 failures\n", ""},
		{"too many", []string{"--connections=20000", "--loops=2"}, exitFailed, "fail  RLIMIT_NOFILE is 1024 soft, 4096 hard; needed: 20528\n", "20000 connections cannot work here: 1 limit is too low"},
		{"says how to change it", []string{"--connections=20000", "--loops=2"}, exitFailed, "\n        LimitNOFILE=20528\n        or: sluice serve --private-fd-tables --loops=6\n", ""},
		{"far too many", []string{"--connections=1000000", "--loops=2"}, exitFailed, "\n3 warnings, 6 failures\n", "6 limits are too low"},
		{"private tables", []string{"--connections=20000", "--private-fd-tables", "--loops=6"}, exitClean, "20000 connections on 6 loops, private descriptor tables\n", ""},
		{"memory over TLS", []string{"--connections=3000", "--tls"}, exitClean, "memory: 8.4 MB for idle sessions (2800 B each) and 12.6 MB in the kernel", ""},
		{"no number", nil, exitUsage, "", "missing flags: --connections=N"},
		{"too small a number", []string{"--connections=0"}, exitUsage, "", "--connections: 0: must be 1 to 100000000"},
		{"no file", []string{"no/such.yaml", "--connections=1"}, exitUsage, "", "no/such.yaml: no such file"},
		{"too many loops", []string{"--connections=1", "--loops=1025"}, exitUsage, "", "--loops: 1025: must be 1 to 1024"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := runSluiceOn(t, poor, nil, append([]string{"doctor"}, tc.args...)...)
			if got.code != tc.code || !strings.Contains(got.stdout, tc.stdout) || !strings.Contains(got.stderr, tc.stderr) {
				t.Errorf("exit code %d, stderr %q, stdout\n%s\nwant %d with %q and %q", got.code, got.stderr, got.stdout, tc.code, tc.stderr, tc.stdout)
			}
		})
	}
}

// What runs beside sessions is what sluice serve would have.
func TestDoctorCountsWhatIsConfigured(t *testing.T) {
	file := write(t, "s.yaml", "loops: 6\nprivateFdTables: true\n")
	for _, tc := range []struct {
		name   string
		env    map[string]string
		args   []string
		stdout string // a part
	}{
		{"with an access key", map[string]string{"SLUICE_ACCESS_KEY": testKey}, []string{"--loops=2"}, "needed: 22320\n"},
		{"by a variable", map[string]string{"SLUICE_MAX_HTTP_CONNECTIONS": "1256"}, []string{"--loops=2"}, "needed: 21528\n"},
		{"by a file", nil, []string{file}, "20000 connections on 6 loops, private descriptor tables\n"},
		{"a flag beats the file", nil, []string{file, "--loops=7"}, "20000 connections on 7 loops, private descriptor tables\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := runSluiceOn(t, poor, tc.env, append([]string{"doctor", "--connections=20000"}, tc.args...)...)
			if !strings.Contains(got.stdout, tc.stdout) {
				t.Errorf("exit code %d, stderr %q, stdout\n%s\nwant %q", got.code, got.stderr, got.stdout, tc.stdout)
			}
		})
	}
}

// Whoever runs all the lines that are printed changes only what is too little.
func TestDoctorPrintsLinesForWhatIsLackingOnly(t *testing.T) {
	lines, verdict := make(map[string]int), ""
	for line := range strings.Lines(runSluiceOn(t, poor, nil, "doctor", "--connections=20000", "--loops=2").stdout) {
		switch {
		case strings.HasPrefix(line, "        "):
			lines[verdict]++
		case !strings.HasPrefix(line, " "):
			verdict, _, _ = strings.Cut(line, " ")
		}
	}
	if lines["ok"] != 0 || lines["warn"] == 0 || lines["fail"] == 0 {
		t.Errorf("lines by verdict: %v", lines)
	}
}

func TestDoctorPrintsJSON(t *testing.T) {
	got := runSluiceOn(t, poor, nil, "doctor", "--connections=20000", "--loops=2", "--json")
	var report struct {
		Verdict  string
		Findings []struct{ Name, Verdict, Value, Need string }
	}
	if err := json.Unmarshal([]byte(got.stdout), &report); err != nil {
		t.Fatalf("%v in\n%s", err, got.stdout)
	}
	first := report.Findings[0]
	if got.code != exitFailed || report.Verdict != "fail" || first.Name != "RLIMIT_NOFILE" || first.Verdict != "fail" || first.Need != "20528" {
		t.Errorf("exit code %d with %+v", got.code, report)
	}
}

func TestDoctorFailsWhereAFileMakesNoSense(t *testing.T) {
	root := fstest.MapFS{"proc/sys/fs/nr_open": {Data: []byte("many")}}
	got := runSluiceOn(t, root, nil, "doctor", "--connections=1")
	if got.code != exitFailed || !strings.Contains(got.stderr, `/proc/sys/fs/nr_open: "many" is no whole number`) {
		t.Errorf("exit code %d, stderr %q", got.code, got.stderr)
	}
}

func TestServeWarnsOfAMachineThatIsTooSmall(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		want string // in the one warning; empty: there is none
	}{
		{"sessions that do not fit", []string{"--max-sessions=20000"}, "RLIMIT_NOFILE is 1024 soft, 4096 hard; needed: 20528"},
		{"sessions that fit", []string{"--max-sessions=3000"}, ""},
		{"sessions unlimited", nil, ""},
		{"its own descriptors do not fit", []string{"--max-http-connections=5000"}, "needed: 5272"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := serveOn(t, poor, append([]string{"--listen=127.0.0.1:0", "--admin=", "--loops=2"}, tc.args...)...)
			s.line(`listening on (\S+)$`)
			s.signals <- syscall.SIGTERM
			if code := s.exit(); code != exitClean {
				t.Fatalf("exit code %d, stderr %s", code, s.stderr)
			}
			logged := s.stderr.String()
			warnings := strings.Count(logged, "level=WARN")
			if tc.want == "" && warnings != 0 || tc.want != "" && (warnings != 1 || !strings.Contains(logged, tc.want)) {
				t.Errorf("logged\n%swant a warning with %q", logged, tc.want)
			}
		})
	}
}
