package deploy_test

import (
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway/settings"
)

// A drain that whoever ends the process cuts short loses messages and resets
// clients: each configuration must leave the time for its own.
func TestEveryDrainHasItsTime(t *testing.T) {
	stop := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindStringSubmatch(read(t, "systemd/sluice.service"))
	if stop == nil {
		t.Fatal("the unit has no TimeoutStopSec")
	}
	bySystemd, err := time.ParseDuration(stop[1] + "s")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Glob("examples/*.yaml")
	if err != nil || len(examples) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	checkDrain(t, "defaults", "", bySystemd)
	for _, example := range examples {
		checkDrain(t, example, read(t, example), bySystemd)
	}
	m := readManifests(t)
	checkDrain(t, "kubernetes", m.configuration.Data["sluice.yaml"], time.Duration(m.pod().TerminationGracePeriodSeconds)*time.Second)
}

func checkDrain(t *testing.T, name, yaml string, within time.Duration) {
	t.Helper()
	s := load(t, name, yaml)
	if within < s.Shutdown+5*time.Second {
		t.Errorf("%s: a drain may take %v, and the process is killed after %v", name, s.Shutdown, within)
	}
	closing := time.Duration(s.Limits.Sessions) * time.Second / time.Duration(s.Drain.Rate)
	if s.Shutdown < s.Drain.Grace+closing {
		t.Errorf("%s: a full node takes %v and %v to drain, and has %v", name, s.Drain.Grace, closing, s.Shutdown)
	}
}

func load(t *testing.T, name, yaml string) *settings.Settings {
	t.Helper()
	s, err := settings.Load(settings.Input{Files: []settings.File{{Name: name, YAML: []byte(yaml)}}, Env: func(string) (string, bool) { return "", false }})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return s
}
