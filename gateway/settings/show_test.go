package settings

import (
	"strings"
	"testing"
)

func TestYAMLNamesOrigins(t *testing.T) {
	in := fromFile("limits:\n  message: 65536\nhubs:\n  chat: {onMessage: publish, origins: ['*'], groups: {pos: {policy: conflate}}}\n")
	in.Env = fromEnv(map[string]string{"SLUICE_ADMIN": ""})
	in.Flags = map[string]string{"loops": "2"}
	shown := string(mustLoad(t, in).YAML())
	for _, line := range []string{
		"listen: 127.0.0.1:8080 # default",
		`admin: "" # SLUICE_ADMIN`,
		"loops: 2 # --loops",
		"  message: 64KiB # s.yaml:2:12",
		"    onMessage: publish # s.yaml:4:21",
		"    origins: ['*'] # s.yaml:4:39",
		"    dispatch: pooled # default",
		"    sessions: 0 # default",
		"    delivery:\n      policy: close # default\n      window: 0s # default\n      batch: 32KiB # default",
		"    groups:\n      pos:\n        prefix: \"\" # default\n        policy: conflate # s.yaml:4:69\n        window: 0s # default",
	} {
		if !strings.Contains(shown, line+"\n") {
			t.Errorf("no line %q in\n%s", line, shown)
		}
	}
}
