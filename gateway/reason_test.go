package gateway_test

import (
	"encoding/json"
	"testing"

	"github.com/sluicegate/sluice/gateway"
)

func TestReasonTable(t *testing.T) {
	labels := make(map[string]gateway.Reason)
	for _, r := range gateway.Reasons() {
		if r.String() == "" {
			t.Errorf("reason %d has no label", r)
		}
		if other, taken := labels[r.String()]; taken {
			t.Errorf("reasons %d and %d are both called %s", other, r, r)
		}
		labels[r.String()] = r

		status, code := r.Status(), r.CloseCode()
		switch {
		case r.Refusal() && code != 0:
			t.Errorf("%v refuses, and has close code %d", r, code)
		case !r.Refusal() && status != 0:
			t.Errorf("%v ends a session, and has HTTP status %d", r, status)
		case status != 0 && (status < 400 || status > 599):
			t.Errorf("%v has HTTP status %d", r, status)
		case status != 0 && r.Text() == "":
			t.Errorf("%v answers with status %d and no text", r, status)
		case status == 0 && code == 0 && r.Text() != "":
			t.Errorf("%v has a text that nobody is sent: %q", r, r.Text())
		}
	}
	if len(labels) == 0 {
		t.Error("there are no reasons")
	}
}

func TestReasonsOutsideTheTable(t *testing.T) {
	for _, r := range []gateway.Reason{gateway.ReasonNone, 255} {
		if r.String() != "none" || r.Refusal() || r.Status() != 0 || r.CloseCode() != 0 {
			t.Errorf("reason %d is %q, a refusal: %v, with status %d and code %d", uint8(r), r, r.Refusal(), r.Status(), r.CloseCode())
		}
	}
}

func TestReasonsAreNamesInJSON(t *testing.T) {
	got, err := json.Marshal(map[gateway.Reason]int{gateway.ReasonPongTimeout: 1})
	if err != nil || string(got) != `{"pong_timeout":1}` {
		t.Errorf("%s, %v", got, err)
	}
}
