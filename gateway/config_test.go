package gateway_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// faultyFields returns the fields that err complains of.
func faultyFields(err error) []string {
	var fields []string
	joined, _ := err.(interface{ Unwrap() []error })
	if joined == nil {
		return nil
	}
	for _, one := range joined.Unwrap() {
		var fault *gateway.Fault
		if errors.As(one, &fault) {
			fields = append(fields, fault.Field)
		}
	}
	return fields
}

func TestValidateNamesEveryFault(t *testing.T) {
	echo := gateway.Echo()
	cases := []struct {
		name   string
		config gateway.Config
		fields []string
	}{
		{"nothing set", gateway.Config{}, nil},
		{"engine", gateway.Config{Engine: "kqueue"}, []string{"Engine"}},
		{"private tables on easygo", gateway.Config{Engine: "easygo", PrivateFDTables: true}, []string{"PrivateFDTables"}},
		{"counts", gateway.Config{Loops: -1, Workers: 100_000}, []string{"Loops", "Workers"}},
		{"limits", gateway.Config{Limits: gateway.Limits{Message: -1, Head: 100, Outbound: 2 << 30}}, []string{"Limits.Message", "Limits.Head", "Limits.Outbound"}},
		{"timeouts", gateway.Config{Timeouts: gateway.Timeouts{Handshake: time.Nanosecond, Ping: -1, Idle: time.Microsecond}}, []string{"Timeouts.Handshake", "Timeouts.Idle"}},
		{"path taken", gateway.Config{Routes: []gateway.Route{{Path: "/a", Handler: echo}, {Path: "/a", Handler: echo}}}, []string{"Routes[1].Path"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.config.Validate()
			got := faultyFields(err)
			slices.Sort(got)
			slices.Sort(tc.fields)
			if !slices.Equal(got, tc.fields) {
				t.Errorf("faults of %v, want %v: %v", got, tc.fields, err)
			}
		})
	}
}

func TestNewRefusesAFaultyConfiguration(t *testing.T) {
	gatewaytest.CheckLeaks(t)
	for field, config := range map[string]gateway.Config{
		"Listen":         {Listen: "127.0.0.1:notaport"},
		"Limits.Message": {Listen: "127.0.0.1:0", Limits: gateway.Limits{Message: -1}},
	} {
		g, err := gateway.New(config)
		var fault *gateway.Fault
		if g != nil || !errors.As(err, &fault) || fault.Field != field {
			t.Errorf("New: %v, want a fault of %s", err, field)
		}
	}
}

func TestNewOnAForeignAddress(t *testing.T) {
	gatewaytest.CheckLeaks(t)
	g, err := gateway.New(gateway.Config{Listen: "192.0.2.1:0"}) // nobody's: RFC 5737
	if err == nil || g != nil || !strings.Contains(err.Error(), "192.0.2.1") {
		t.Errorf("New: %v, want an error that names the address", err)
	}
}
