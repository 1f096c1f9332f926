package console_test

import (
	"testing"

	"github.com/sluicegate/sluice/gateway/admin/console"
	"github.com/sluicegate/sluice/gateway/pages/pagetest"
)

func TestThePageIsSound(t *testing.T) {
	pagetest.Check(t, console.Handler(), "Sluice console")
}
