package bench

import (
	"context"
	"os"
	"testing"
	"time"
)

func TestConnect(t *testing.T) {
	s := newServer(t, func(p *peer) { p.serve(p.echo) })
	for _, test := range []struct {
		name  string
		load  Load
		least time.Duration // for which it takes
	}{
		{"as fast as it goes", Load{Connections: 40, Loops: 2}, 0},
		{"at a rate", Load{Connections: 40, Loops: 2, ConnectRate: 400}, 90 * time.Millisecond},
		{"on a ramp", Load{Connections: 41, ConnectRate: 400, ConnectRamp: 200 * time.Millisecond}, 199 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.load.URL, test.load.PID = s.url, os.Getpid()
			r, err := Connect{Load: test.load, Hold: shortly}.Run(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if !r.OK() || r.Connect == nil || r.Connect.Held < shortly || r.Connections.Took < test.least || len(r.Generator.CoreShare) != max(1, test.load.Loops) {
				t.Errorf("OK: %t, %+v, %+v", r.OK(), r.Connections, r.Connect)
			}
		})
	}
}

// What cannot begin when it is due, because the server does not answer the
// others, is late.
func TestConnectLate(t *testing.T) {
	s := newServer(t, func(p *peer) { p.serve(p.echo) })
	r, err := Connect{Load: Load{URL: s.url, Connections: 50, ConnectRate: 1e6, ConnectInFlight: 1}}.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if r.Connect.Late == 0 || r.Connect.Late > 49 {
		t.Errorf("%d began late, want most of 50", r.Connect.Late)
	}
}
