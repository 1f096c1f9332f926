package deploy_test

import (
	"regexp"
	"strings"
	"testing"
)

// What the units hold open must be what the gateway would open by itself, and the
// gateway must know which socket is which.
func TestSocketsAreThoseOfTheDefaults(t *testing.T) {
	s := load(t, "defaults", "")
	port := func(address string) string { return address[strings.LastIndex(address, ":"):] }
	for unit, want := range map[string]string{"sluice.socket": port(s.Listen), "sluice-admin.socket": port(s.Admin)} {
		streams := regexp.MustCompile(`(?m)^ListenStream=(.*)$`).FindAllStringSubmatch(read(t, "systemd/"+unit), -1)
		if len(streams) == 0 {
			t.Errorf("%s listens to nothing", unit)
		}
		for _, stream := range streams {
			if port(stream[1]) != want {
				t.Errorf("%s listens on %s, the gateway on %s", unit, stream[1], want)
			}
		}
	}
	if !strings.Contains(read(t, "systemd/sluice-admin.socket"), "\nFileDescriptorName=admin\n") {
		t.Error("the gateway would take the admin socket for the public port")
	}
}
