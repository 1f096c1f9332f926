package gateway_test

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"
)

// childVariable names, in the environment of a child process, the test it runs.
const childVariable = "SLUICE_TEST_CHILD"

// isChild reports whether this process was started by [child] for t.
func isChild(t *testing.T) bool { return os.Getenv(childVariable) == t.Name() }

// child returns the command that runs t, alone, in a process of its own.
func child(t *testing.T) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, self, "-test.run=^"+t.Name()+"$", "-test.count=1")
	c.Env = append(os.Environ(), childVariable+"="+t.Name())
	return c
}

// isolated runs test in a child process: a crash of the gateway's own goroutines
// would take the results of all other tests along.
func isolated(t *testing.T, test func(*testing.T)) {
	t.Helper()
	if isChild(t) {
		test(t)
		return
	}
	if output, err := child(t).CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, output)
	}
}
