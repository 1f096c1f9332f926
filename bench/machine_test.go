package bench

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMachineIsRead(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"meminfo":                          "MemTotal:       24710044 kB\nMemAvailable:   23000000 kB\nHugePages_Total:       0\n",
		"sys/fs/file-max":                  "2466183\n",
		"sys/fs/epoll/max_user_watches":    "5491533\n",
		"sys/net/ipv4/ip_local_port_range": "32768\t60999\n",
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := machine{descriptors: 20000, ports: 28232, files: 2466183, watches: 5491533, available: 23000000 << 10}
	if got := procfs(root).machine(20000); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := procfs(t.TempDir()).machine(1); got != (machine{descriptors: 1}) {
		t.Errorf("of a system that says nothing: got %+v", got)
	}
}

func TestMachineCarries(t *testing.T) {
	m := machine{descriptors: 20_000, ports: 28_000, files: 2_500_000, watches: 5_000_000, available: 16 << 30}
	loopback := &Target{Address: netip.MustParseAddrPort("127.0.0.1:80")}
	remote := &Target{Address: netip.MustParseAddrPort("192.0.2.1:80")}
	million := Load{Connections: 1_000_000, Loops: 56, PrivateFDTables: true}
	many := sources(make([]netip.Addr, 84))
	with := func(change func(*machine)) machine {
		changed := m
		change(&changed)
		return changed
	}
	for _, test := range []struct {
		name string
		m    machine
		load Load
		from sources
		to   *Target
		want []string
	}{
		{"a million", m, million, many, loopback, nil},
		{"nothing is known", machine{}, million, nil, loopback, nil},
		{"one table", m, Load{Connections: 1_000_000, Loops: 56}, many, loopback, []string{"RLIMIT_NOFILE allows 20000; use 51 loops with private descriptor tables"}},
		{"tables too small", m, Load{Connections: 1_000_000, Loops: 50, PrivateFDTables: true}, many, loopback, []string{"need 20064 descriptors"}},
		{"one address", m, million, nil, remote, []string{"need 1000000 ports of each source address", "give 36 source addresses"}},
		{"few files", with(func(m *machine) { m.files = 1_999_999 }), million, many, loopback, []string{"fs.file-max: 1999999", "sysctl -w fs.file-max=2200000"}},
		{"files for one end", with(func(m *machine) { m.files = 1_000_000 }), million, many, remote, nil},
		{"few watches", with(func(m *machine) { m.watches = 1 }), million, many, loopback, []string{"fs.epoll.max_user_watches: 1"}},
		{"little memory", with(func(m *machine) { m.available = 4 << 30 }), million, many, loopback, []string{"some 7.9 GiB of memory, and 4.0 GiB are available; open 505290 or fewer"}},
		{"all at once", machine{descriptors: 1, ports: 1, files: 1, watches: 1, available: 1}, million, many, loopback,
			[]string{"RLIMIT_NOFILE", "ip_local_port_range", "fs.file-max", "max_user_watches", "of memory"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.m.carries(test.load, test.from, test.to)
			if (err == nil) != (len(test.want) == 0) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want it to name %q", err, want)
				}
			}
		})
	}
}
