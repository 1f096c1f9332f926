package fake

import (
	"fmt"
	"slices"
)

// maxViolations is how many violations are kept; the first ones tell most.
const maxViolations = 32

// violation records a wrong use of the kernel.
func (k *Kernel) violation(format string, args ...any) {
	if len(k.wrongs) < maxViolations {
		k.wrongs = append(k.wrongs, fmt.Sprintf(format, args...))
	}
}

// Violations returns the wrong uses so far, at most the first 32.
func (k *Kernel) Violations() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.wrongs)
}

// Pardon forgets the wrong uses so far: those that a test made on purpose.
func (k *Kernel) Pardon() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.wrongs = nil
}

// OpenFDs returns the open descriptors in rising order.
func (k *Kernel) OpenFDs() []int {
	k.mu.Lock()
	defer k.mu.Unlock()
	var open []int
	for fd, d := range k.table {
		if d != nil {
			open = append(open, fd)
		}
	}
	return open
}

// T is the part of testing.TB that [Kernel.Check] needs.
type T interface {
	Helper()
	Errorf(format string, args ...any)
}

// Check fails t, with the trace, if the kernel was used wrongly or a descriptor
// is still open. Call it when the loop has ended.
func (k *Kernel) Check(t T) {
	t.Helper()
	violations, open := k.Violations(), k.OpenFDs()
	for _, v := range violations {
		t.Errorf("fake kernel: %s", v)
	}
	if len(open) > 0 {
		t.Errorf("fake kernel: descriptors left open: %v", open)
	}
	if len(violations)+len(open) > 0 {
		t.Errorf("fake kernel: the latest calls:\n%s", k.Trace())
	}
}
