package doctor

import (
	"io/fs"
	"os"
	"path"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
)

func TestReadCollectsEveryFact(t *testing.T) {
	got, err := Read(os.DirFS("testdata/machine"))
	if err != nil {
		t.Fatal(err)
	}
	want := Facts{
		FilesSoft: Of(1024), FilesHard: Of(4096),
		FilesMax: Of(200_000), FilesUsed: Of(1500),
		TableMax: Of(1_048_576), Watches: Of(900_000),
		AcceptQueue: Of(128), HalfOpen: Of(256), SynCookies: Of(1),
		PortFirst: Of(32_768), PortLast: Of(60_999),
		TCPMemory:     [3]Figure{Of(46_000), Of(61_000), Of(92_000)},
		ReceiveBuffer: [3]Figure{Of(4096), Of(131_072), Of(6_291_456)},
		SendBuffer:    [3]Figure{Of(4096), Of(16_384), Of(4_194_304)},
		Tracked:       Of(65_536), TrackedNow: Of(12),
		MemoryTotal: Of(4_096_000_000), MemoryAvailable: Of(3_072_000_000),
		GroupMemory: Of(1 << 30), GroupTasks: Of(500),
		Clock: "hpet", Clocks: []string{"hpet", "tsc", "acpi_pm"},
		CPUs: Of(4),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}
}

func TestReadLeavesUnknownWhatIsNotThere(t *testing.T) {
	got, err := Read(fstest.MapFS{})
	if err != nil || !reflect.DeepEqual(got, Facts{Clocks: []string{}}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestReadNamesWhatMakesNoSense(t *testing.T) {
	for _, tc := range []struct{ file, content, want string }{
		{"proc/sys/fs/nr_open", "many", `/proc/sys/fs/nr_open: "many" is no whole number`},
		{"proc/sys/fs/nr_open", "-1", `"-1" is no whole number`},
		{"proc/sys/net/ipv4/tcp_mem", "1 2", "/proc/sys/net/ipv4/tcp_mem: 2 numbers, want 3"},
		{"proc/self/limits", "Max open files x 1 files", `/proc/self/limits: "x" is no whole number`},
		{"proc/meminfo", "MemTotal: lots kB", `/proc/meminfo: "lots" is no whole number`},
		{"sys/devices/system/cpu/online", "0-", `"" is no whole number`},
		{"sys/devices/system/cpu/online", "3-1", `/sys/devices/system/cpu/online: "3-1" is no range`},
	} {
		_, err := Read(fstest.MapFS{tc.file: {Data: []byte(tc.content)}})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s with %q: %v, want %s", tc.file, tc.content, err, tc.want)
		}
	}
}

func TestReadKnowsGroupsOfVersion1(t *testing.T) {
	const unlimited = "9223372036854771712"
	for _, tc := range []struct {
		name   string
		limits map[string]string
		want   Figure
	}{
		{"its own", map[string]string{"memory/a/b/memory.limit_in_bytes": "1000"}, Of(1000)},
		{"the one above", map[string]string{"memory/a/b/memory.limit_in_bytes": unlimited, "memory/a/memory.limit_in_bytes": "900"}, Of(900)},
		{"none that holds", map[string]string{"memory/a/b/memory.limit_in_bytes": unlimited}, Of(Unlimited)},
		{"another controller's", map[string]string{"cpu/a/b/memory.limit_in_bytes": "10"}, Figure{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			root := fstest.MapFS{"proc/self/cgroup": {Data: []byte("9:name=systemd:/\n4:memory:/a/b\n2:cpu,cpuacct:/a/b\n0::/\n")}}
			for name, limit := range tc.limits {
				root["sys/fs/cgroup/"+name] = &fstest.MapFile{Data: []byte(limit + "\n")}
			}
			if got, err := Read(root); err != nil || got.GroupMemory != tc.want {
				t.Errorf("got %v, %v; want %v", got.GroupMemory, err, tc.want)
			}
		})
	}
}

func TestReadFindsTheLeastOfTheGroups(t *testing.T) {
	group := func(own string, limits map[string]string) fs.FS {
		root := fstest.MapFS{"proc/self/cgroup": {Data: []byte("4:memory:/v1\n0::" + own + "\n")}}
		for name, limit := range limits {
			root[path.Join("sys/fs/cgroup", name, "pids.max")] = &fstest.MapFile{Data: []byte(limit + "\n")}
		}
		return root
	}
	for _, tc := range []struct {
		name string
		root fs.FS
		want Figure
	}{
		{"no limit file", group("/a", nil), Figure{}},
		{"its own", group("/a", map[string]string{"a": "10"}), Of(10)},
		{"the one above", group("/a/b", map[string]string{"a": "10", "a/b": "20"}), Of(10)},
		{"none that holds", group("/a", map[string]string{"a": "max"}), Of(Unlimited)},
		{"the container's, at the top", group("/", map[string]string{"": "30"}), Of(30)},
		{"a group outside the container", group("/../x", map[string]string{"x": "40"}), Of(40)},
		{"a neighbour's", group("/a", map[string]string{"b": "10"}), Figure{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, err := Read(tc.root); err != nil || got.GroupTasks != tc.want {
				t.Errorf("got %v, %v; want %v", got.GroupTasks, err, tc.want)
			}
		})
	}
}
