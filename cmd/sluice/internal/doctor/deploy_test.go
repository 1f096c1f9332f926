package doctor

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// deployed is where the files are that a machine is set up with.
const deployed = "../../../../deploy"

// ordinary is what a machine of 8 GB has before anybody changes it.
var ordinary = map[string]string{
	"fs.file-max":                    "813000",
	"fs.nr_open":                     "1048576",
	"fs.epoll.max_user_watches":      "1800000",
	"net.core.somaxconn":             "4096",
	"net.ipv4.tcp_max_syn_backlog":   "1024",
	"net.ipv4.tcp_syncookies":        "1",
	"net.ipv4.ip_local_port_range":   "32768 60999",
	"net.ipv4.tcp_mem":               "94000 126000 189000",
	"net.netfilter.nf_conntrack_max": "262144",
}

// machine is one with these kernel settings, the limits of the unit and memory
// for what it is to carry.
func machine(t *testing.T, settings map[string]string) Facts {
	t.Helper()
	root := fstest.MapFS{
		"proc/sys/net/netfilter/nf_conntrack_count": {Data: []byte("1000")},
		"proc/self/limits":                          {Data: []byte("Max open files " + directive(t, "LimitNOFILE") + " " + directive(t, "LimitNOFILE") + " files")},
		"proc/self/cgroup":                          {Data: []byte("0::/")},
		"sys/fs/cgroup/pids.max":                    {Data: []byte(directive(t, "TasksMax"))},
	}
	for name, value := range settings {
		root["proc/sys/"+strings.ReplaceAll(name, ".", "/")] = &fstest.MapFile{Data: []byte(value)}
	}
	facts, err := Read(root)
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

// directive returns the value of a directive in the systemd unit.
func directive(t *testing.T, name string) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^` + name + `=(.*)$`).FindStringSubmatch(deployedFile(t, "systemd/sluice.service"))
	if found == nil {
		t.Fatalf("the unit has no %s", name)
	}
	return found[1]
}

func deployedFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(deployed, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// deployedSettings reads the kernel settings, each of which follows its reason.
func deployedSettings(t *testing.T) map[string]string {
	t.Helper()
	settings := make(map[string]string)
	reason := false
	for line := range strings.Lines(deployedFile(t, "sysctl/60-sluice.conf")) {
		name, value, assigns := strings.Cut(strings.TrimSpace(line), " = ")
		if assigns && !reason {
			t.Errorf("%s has no reason above it", name)
		}
		if assigns {
			settings[strings.TrimPrefix(name, "-")] = value
		}
		reason = strings.HasPrefix(line, "#")
	}
	return settings
}

// judged are the findings on what the files set, by their names.
func judged(facts Facts, wishes Wishes) map[string]Finding {
	findings := make(map[string]Finding)
	for _, f := range Examine(facts, wishes).Findings {
		if _, known := ordinary[f.Name]; known || f.Name == "RLIMIT_NOFILE" || f.Name == "pids.max" {
			findings[f.Name] = f
		}
	}
	return findings
}

func TestDeployedFilesSatisfyTheDoctor(t *testing.T) {
	settings := maps.Clone(ordinary)
	maps.Copy(settings, deployedSettings(t))
	findings := judged(machine(t, settings), million())
	if len(findings) < len(ordinary) {
		t.Fatalf("the doctor has no finding on some of %v: %v", slices.Sorted(maps.Keys(ordinary)), slices.Sorted(maps.Keys(findings)))
	}
	for name, f := range findings {
		if f.Verdict != Fine {
			t.Errorf("%s: %v for %d connections; it prints %q", name, f.Verdict, million().Connections, f.Fix)
		}
	}
}

// A setting that the doctor would not ask for is not set.
func TestEveryDeployedSettingIsNeeded(t *testing.T) {
	deployed := deployedSettings(t)
	if len(deployed) == 0 {
		t.Fatal("no settings")
	}
	for left := range deployed {
		if _, known := ordinary[left]; !known {
			t.Errorf("%s: the doctor knows no such setting", left)
			continue
		}
		settings := maps.Clone(ordinary)
		maps.Copy(settings, deployed)
		settings[left] = ordinary[left]
		if found := judged(machine(t, settings), million())[left]; found.Verdict == Fine {
			t.Errorf("%s: the doctor is content without it", left)
		}
	}
}
