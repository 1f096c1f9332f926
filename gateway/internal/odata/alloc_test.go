//go:build !race

package odata

import "testing"

func TestMatchesAllocatesNothing(t *testing.T) {
	for _, text := range []string{
		"userId eq 'Ana'",
		"userId in ('x', 'Ana') and 'g1' in groups or length(groups) gt 1",
		"startswith(userId, 'A') and not contains(substring(userId, 1), 'x') and indexof(userId, 'n') eq 1",
	} {
		f, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() { f.Matches(ana) }); n != 0 {
			t.Errorf("%s: %v allocations, want 0", text, n)
		}
	}
}
