package bench

import (
	"strings"
	"testing"
	"time"
)

func TestProcessSample(t *testing.T) {
	got, err := procfs("testdata/proc").sample(4242, "now")
	if err != nil {
		t.Fatal(err)
	}
	want := ProcessSample{
		At:        "now",
		RSS:       21504 << 10,
		Anonymous: 14336 << 10,
		User:      12340 * time.Millisecond,
		System:    56780 * time.Millisecond,
		Threads:   7,
	}
	if *got != want {
		t.Errorf("got %+v, want %+v", *got, want)
	}
}

func TestProcessSampleFaults(t *testing.T) {
	for _, test := range []struct {
		name string
		pid  int
		want string
	}{
		{"no such process", 99, "no such file"},
		{"a zombie has no memory", 1, "testdata/proc/1/status: has no "},
		{"stat cut short", 2, "testdata/proc/2/stat: has only 4 fields"},
		{"another unit", 3, `testdata/proc/3/status: VmRSS: "21504 MB": is no number of kB`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := procfs("testdata/proc").sample(test.pid, "now")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestReadStatFaults(t *testing.T) {
	for _, text := range []string{"", "1 no-name S", "1 (x) S 1 1 1 0 -1 0 0 0 0 0 many 1 0 0 20 0 1 0 0"} {
		if err := new(ProcessSample).readStat([]byte(text)); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}
