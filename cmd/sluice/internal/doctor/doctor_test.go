package doctor

import (
	"slices"
	"strings"
	"testing"
)

// roomy returns a machine that carries a million connections without a warning.
func roomy() Facts {
	return Facts{
		FilesSoft: Of(2_000_000), FilesHard: Of(2_000_000),
		FilesMax: Of(4_000_000), FilesUsed: Of(2_000),
		TableMax: Of(2_000_000), Watches: Of(5_000_000),
		AcceptQueue: Of(65_535), HalfOpen: Of(65_535), SynCookies: Of(1),
		PortFirst: Of(1024), PortLast: Of(65_535),
		TCPMemory:     [3]Figure{Of(1_000_000), Of(1_500_000), Of(2_000_000)},
		ReceiveBuffer: [3]Figure{Of(4096), Of(131_072), Of(6_291_456)},
		SendBuffer:    [3]Figure{Of(4096), Of(16_384), Of(4_194_304)},
		MemoryTotal:   Of(32e9), MemoryAvailable: Of(30e9),
		GroupMemory: Of(Unlimited), GroupTasks: Of(10_000),
		Clock: "tsc", Clocks: []string{"tsc", "hpet"},
		CPUs: Of(8),
	}
}

func million() Wishes {
	return Wishes{Connections: 1_000_000, HTTPConnections: 256, Loops: 8}
}

func TestRoomyMachineIsFine(t *testing.T) {
	report := Examine(roomy(), million())
	for _, f := range report.Findings {
		if f.Verdict != Fine {
			t.Errorf("%s: %v", f.Summary(), f.Verdict)
		}
		if f.Name == "" || f.Value == "" || f.Text == "" {
			t.Errorf("a finding says too little: %+v", f)
		}
	}
	if report.Verdict != Fine {
		t.Errorf("the verdict is %v", report.Verdict)
	}
}

func TestExamine(t *testing.T) {
	const table = 1_000_000 + 256 + 256 + 8*8 // connections, HTTP, spare, loops
	for _, tc := range []struct {
		name    string
		change  func(*Facts, *Wishes)
		finding string
		want    Verdict
		fix     string // one of its lines; empty: none is looked for
	}{
		{"descriptors just enough", func(f *Facts, _ *Wishes) { f.FilesHard = Of(table) }, "RLIMIT_NOFILE", Fine, "LimitNOFILE=1000576"},
		{"one descriptor too few", func(f *Facts, _ *Wishes) { f.FilesHard = Of(table - 1) }, "RLIMIT_NOFILE", Fail, "LimitNOFILE=1000576"},
		{"only the soft limit is low", func(f *Facts, _ *Wishes) { f.FilesSoft = Of(1024) }, "RLIMIT_NOFILE", Fine, ""},
		{"no limit on descriptors", func(f *Facts, _ *Wishes) { f.FilesHard = Of(Unlimited) }, "RLIMIT_NOFILE", Fine, "LimitNOFILE=infinity"},
		{"limit on descriptors unknown", func(f *Facts, _ *Wishes) { f.FilesHard = Figure{} }, "RLIMIT_NOFILE", Warn, "LimitNOFILE=1000576"},
		{"a way out by private tables", func(f *Facts, _ *Wishes) { f.FilesHard = Of(20_000) }, "RLIMIT_NOFILE", Fail, "or: sluice serve --private-fd-tables --loops=52"},
		{"private tables", func(f *Facts, w *Wishes) { f.FilesHard, w.PrivateFDTables, w.Loops = Of(20_000), true, 52 }, "RLIMIT_NOFILE", Fine, ""},
		{"too few private tables", func(f *Facts, w *Wishes) { f.FilesHard, w.PrivateFDTables, w.Loops = Of(20_000), true, 51 }, "RLIMIT_NOFILE", Fail, "or: sluice serve --private-fd-tables --loops=52"},
		{"the shared table beside private ones", func(f *Facts, w *Wishes) {
			f.FilesHard, w.Connections, w.HTTPConnections, w.PrivateFDTables = Of(1000), 100, 2000, true
		}, "RLIMIT_NOFILE", Fail, "LimitNOFILE=2320"},
		{"no connections", func(f *Facts, w *Wishes) { f.FilesHard, w.Connections = Of(576), 0 }, "RLIMIT_NOFILE", Fine, ""},
		{"no loops", func(f *Facts, w *Wishes) { f.FilesHard, w.Connections, w.Loops = Of(520), 0, 0 }, "RLIMIT_NOFILE", Fine, ""},

		{"table too small", func(f *Facts, _ *Wishes) { f.TableMax = Of(1_000_000) }, "fs.nr_open", Fail, "sysctl -w fs.nr_open=1000576"},
		{"table large", func(*Facts, *Wishes) {}, "fs.nr_open", Fine, "sysctl -w fs.nr_open=2000000"},
		{"files of others count", func(f *Facts, _ *Wishes) { f.FilesMax = Of(table + 1999) }, "fs.file-max", Fail, "sysctl -w fs.file-max=1002576"},
		{"too few watches", func(f *Facts, _ *Wishes) { f.Watches = Of(500_000) }, "fs.epoll.max_user_watches", Fail, "sysctl -w fs.epoll.max_user_watches=1000576"},

		{"short accept queue", func(f *Facts, _ *Wishes) { f.AcceptQueue = Of(12_499) }, "net.core.somaxconn", Warn, "sysctl -w net.core.somaxconn=65535"},
		{"accept queue for each loop", func(f *Facts, _ *Wishes) { f.AcceptQueue = Of(12_500) }, "net.core.somaxconn", Fine, "sysctl -w net.core.somaxconn=12500"},
		{"the gateway asks for no more", func(_ *Facts, w *Wishes) { w.Loops = 1 }, "net.core.somaxconn", Fine, ""},
		{"half-open, with cookies", func(f *Facts, _ *Wishes) { f.HalfOpen = Of(1) }, "net.ipv4.tcp_max_syn_backlog", Fine, ""},
		{"half-open, without cookies", func(f *Facts, _ *Wishes) { f.HalfOpen, f.SynCookies = Of(16_666), Of(0) }, "net.ipv4.tcp_max_syn_backlog", Warn, "sysctl -w net.ipv4.tcp_max_syn_backlog=16667"},
		{"few ports", func(f *Facts, _ *Wishes) { f.PortFirst = Of(65_000) }, "net.ipv4.ip_local_port_range", Fine, `sysctl -w net.ipv4.ip_local_port_range="1024 65535"`},
		{"little memory for TCP", func(f *Facts, _ *Wishes) { f.TCPMemory[1] = Of(999_999) }, "net.ipv4.tcp_mem", Warn, `sysctl -w net.ipv4.tcp_mem="1000000 1000000 2000000"`},
		{"tracked connections", func(f *Facts, _ *Wishes) { f.Tracked, f.TrackedNow = Of(262_144), Of(5) }, "net.netfilter.nf_conntrack_max", Fail, "sysctl -w net.netfilter.nf_conntrack_max=1250000"},
		{"tracking that is idle", func(f *Facts, _ *Wishes) { f.Tracked, f.TrackedNow = Of(262_144), Of(0) }, "net.netfilter.nf_conntrack_max", Warn, ""},

		{"too little memory", func(f *Facts, _ *Wishes) { f.MemoryTotal, f.MemoryAvailable = Of(4e9), Of(3e9) }, "memory", Fail, ""},
		{"memory that others use", func(f *Facts, _ *Wishes) { f.MemoryAvailable = Of(4e9) }, "memory", Warn, ""},
		{"memory nearly used up", func(f *Facts, _ *Wishes) { f.MemoryTotal, f.MemoryAvailable = Of(5e9), Of(5e9) }, "memory", Warn, ""},
		{"enough memory without TLS", func(f *Facts, _ *Wishes) { f.MemoryTotal, f.MemoryAvailable = Of(6e9), Of(6e9) }, "memory", Fine, ""},
		{"too little memory for TLS", func(f *Facts, w *Wishes) { f.MemoryTotal, w.TLS = Of(6e9), true }, "memory", Fail, ""},
		{"cgroup too small", func(f *Facts, _ *Wishes) { f.GroupMemory = Of(4e9) }, "memory.max", Fail, "MemoryMax=5576M"},
		{"no cgroup", func(f *Facts, _ *Wishes) { f.GroupMemory = Figure{} }, "memory.max", Fine, ""},
		{"few threads", func(f *Facts, _ *Wishes) { f.GroupTasks = Of(95) }, "pids.max", Warn, "TasksMax=96"},
		{"too few threads", func(f *Facts, _ *Wishes) { f.GroupTasks = Of(31) }, "pids.max", Fail, "TasksMax=96"},

		{"pings take over", func(f *Facts, w *Wishes) { f.CPUs, w.Connections = Of(1), 1_300_001 }, "CPUs", Warn, ""},
		{"slow clock", func(f *Facts, _ *Wishes) { f.Clock, f.Clocks = "hpet", []string{"hpet", "tsc"} }, "clock source", Warn, "echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource"},
		{"clock unknown", func(f *Facts, _ *Wishes) { f.Clock, f.Clocks = "", nil }, "clock source", Warn, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			facts, wishes := roomy(), million()
			tc.change(&facts, &wishes)
			report := Examine(facts, wishes)
			at := slices.IndexFunc(report.Findings, func(f Finding) bool { return f.Name == tc.finding })
			if at < 0 {
				t.Fatalf("no finding on %s", tc.finding)
			}
			f := report.Findings[at]
			if f.Verdict != tc.want || report.Verdict < f.Verdict {
				t.Errorf("%s: %v in a report of %v, want %v", f.Summary(), f.Verdict, report.Verdict, tc.want)
			}
			if tc.fix != "" && !slices.Contains(f.Fix, tc.fix) {
				t.Errorf("the lines are %q, want %q", f.Fix, tc.fix)
			}
		})
	}
}

// What cannot be read is a warning at most: it may be enough.
func TestNothingFailsOnAMachineThatTellsNothing(t *testing.T) {
	report := Examine(Facts{}, million())
	if report.Verdict != Warn || len(report.With(Fail)) > 0 || len(report.With(Warn)) == 0 {
		t.Errorf("%v with %d failures and %d warnings", report.Verdict, len(report.With(Fail)), len(report.With(Warn)))
	}
}

// A number that a container does not see may be higher than what the line would set,
// and what it hides is the machine's.
func TestNoLineSetsWhatIsHidden(t *testing.T) {
	for _, f := range Examine(Facts{SynCookies: Of(1)}, million()).Findings {
		for _, line := range f.Fix {
			if strings.HasPrefix(line, "sysctl ") && f.Name != "net.ipv4.ip_local_port_range" {
				t.Errorf("%s is %s, and %q would set it", f.Name, f.Value, line)
			}
		}
	}
}

func TestExpect(t *testing.T) {
	for _, tc := range []struct {
		wishes Wishes
		want   Memory
		text   string
	}{
		{Wishes{Connections: 1_000_000}, Memory{PerSession: 185, PerSocket: 4200, Sessions: 185e6, Sockets: 4_200e6}, "185 MB for idle sessions (185 B each) and 4.2 GB in the kernel"},
		{Wishes{Connections: 10, TLS: true}, Memory{PerSession: 2800, PerSocket: 4200, Sessions: 28_000, Sockets: 42_000}, "28 kB for idle sessions (2800 B each) and 42 kB"},
	} {
		got := Expect(tc.wishes)
		if got != tc.want || got.Total() != tc.want.Sessions+tc.want.Sockets || !strings.HasPrefix(got.String(), tc.text) {
			t.Errorf("%+v: %+v, %s; want %+v, %s", tc.wishes, got, got, tc.want, tc.text)
		}
	}
}
