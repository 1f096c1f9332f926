package bench

import "testing"

func TestEnvironmentFromProcfs(t *testing.T) {
	root := procfs("testdata/proc")
	for _, test := range []struct{ name, got, want string }{
		{"the first CPU that has a name", root.cpuModel(), "Some CPU @ 2.00GHz"},
		{"a setting of two numbers", root.setting("net/ipv4/ip_local_port_range"), "32768 60999"},
		{"a setting that is missing", root.setting("net/core/somaxconn"), ""},
		{"no procfs", procfs("testdata/nowhere").cpuModel(), ""},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, test.got, test.want)
		}
	}
}
