package deploy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/gateway"
)

// Whoever reads a reason in a metric or a log must find what it means.
func TestEveryReasonIsExplained(t *testing.T) {
	document := read(t, "../docs/reasons.md")
	rows := strings.Count(document, "\n| `")
	for _, reason := range gateway.Reasons() {
		told := "nothing"
		switch {
		case reason.Status() != 0:
			told = fmt.Sprint(reason.Status())
		case reason.CloseCode() != 0:
			told = fmt.Sprint(reason.CloseCode())
		}
		row := fmt.Sprintf("\n| `%s` | %s | %s | %s | ", reason, told, strings.ToLower(reason.Level().String()), retries[reason.Retry()])
		if !strings.Contains(document, row) {
			t.Errorf("docs/reasons.md has no row that begins with %s", strings.TrimSpace(row))
		}
	}
	if all := len(gateway.Reasons()); rows != all {
		t.Errorf("docs/reasons.md has %d rows for %d reasons", rows, all)
	}
}

var retries = map[gateway.Retry]string{gateway.RetryNever: "no", gateway.RetryNow: "at once", gateway.RetryLater: "later"}
