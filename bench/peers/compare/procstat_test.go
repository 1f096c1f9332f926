package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestParseCPUTimes(t *testing.T) {
	text, err := os.ReadFile("testdata/stat")
	if err != nil {
		t.Fatal(err)
	}
	const tick = clockTick
	for _, c := range []struct {
		name string
		cpus cpuList
		want cpuTimes
	}{
		{"one", cpuList{0}, cpuTimes{Busy: 47515 * tick, Idle: 142900 * tick, Steal: 2300 * tick}},
		{"not cpu10", cpuList{1}, cpuTimes{Busy: 47436 * tick, Idle: 143655 * tick, Steal: 2526 * tick}},
		{"two", cpuList{0, 10}, cpuTimes{Busy: 47520 * tick, Idle: 142902 * tick, Steal: 2301 * tick}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseCPUTimes(text, c.cpus)
			if err != nil || got != c.want {
				t.Errorf("got %v, %v; want %v", got, err, c.want)
			}
		})
	}
}

func TestParseCPUTimesRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "no line cpu0",
		"cpu  1 2 3\ncpu1 1 2 3 4 5 6 7 8\n":   "no line cpu0",
		"cpu  1 2 3\ncpu0 1 2 3\n":             "only 3 columns",
		"cpu  1 2 3\ncpu0 1 2 x 4 5 6 7 8 9\n": `column 3: "x"`,
	} {
		if _, err := parseCPUTimes([]byte(text), cpuList{0}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
	}
}

func TestParseProcessCPU(t *testing.T) {
	const stat = "4711 (a (b) c) S 1 4711 4711 0 -1 4194560 100 0 0 0 123 45 6 7 20 0 5 0 99 1000 200"
	got, err := parseProcessCPU([]byte(stat))
	if err != nil || got != 168*clockTick {
		t.Errorf("got %v, %v; want %v", got, err, 168*clockTick)
	}
	for _, text := range []string{"", "4711 (x) S 1 2", strings.Replace(stat, "123", "x", 1)} {
		if _, err := parseProcessCPU([]byte(text)); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func TestParseProcessRSS(t *testing.T) {
	got, err := parseProcessRSS([]byte("Name:\tserver\nVmHWM:\t    4096 kB\nVmRSS:\t    2048 kB\nThreads:\t1\n"))
	if err != nil || got != 2<<20 {
		t.Errorf("got %d, %v", got, err)
	}
	for _, text := range []string{"", "Name:\tserver\n", "\nVmRSS:\t2 MB\n", "\nVmRSS:\tmuch kB\n"} {
		if _, err := parseProcessRSS([]byte(text)); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func TestReadOwnProcess(t *testing.T) {
	if rss, err := readProcessRSS(os.Getpid()); err != nil || rss < 1<<20 {
		t.Errorf("the resident set is %d, %v", rss, err)
	}
	if _, err := readProcessCPU(os.Getpid()); err != nil {
		t.Error(err)
	}
	times, err := readCPUTimes(cpuList{0})
	if err != nil || times.total() <= 0 {
		t.Errorf("got %v, %v", times, err)
	}
}

func TestNoise(t *testing.T) {
	limit := noise{Steal: 0.05, Others: 0.10}
	for _, c := range []struct {
		name  string
		times cpuTimes
		own   time.Duration
		want  noise
		noisy bool
	}{
		{"quiet", cpuTimes{Busy: 60 * time.Second, Idle: 40 * time.Second}, 60 * time.Second, noise{}, false},
		{"own time read a little later", cpuTimes{Busy: 60 * time.Second, Idle: 40 * time.Second}, 61 * time.Second, noise{}, false},
		{"at the limits", cpuTimes{Busy: 60 * time.Second, Idle: 35 * time.Second, Steal: 5 * time.Second}, 50 * time.Second, limit, false},
		{"others", cpuTimes{Busy: 90 * time.Second, Idle: 10 * time.Second}, 70 * time.Second, noise{Others: 0.2}, true},
		{"steal", cpuTimes{Busy: 50 * time.Second, Idle: 40 * time.Second, Steal: 10 * time.Second}, 50 * time.Second, noise{Steal: 0.1}, true},
		{"no time passed", cpuTimes{}, 0, noise{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := noiseOf(c.times, c.own)
			if !near(got.Steal, c.want.Steal) || !near(got.Others, c.want.Others) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if got.exceeds(limit) != c.noisy {
				t.Errorf("exceeds %+v: got %v, want %v", limit, !c.noisy, c.noisy)
			}
		})
	}
}
