package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluicegate/sluice/bench"
)

// TestCertificatesAreReplacedUnderLoad has many sessions echo over TLS while the
// certificate is replaced again and again: none ends, and every new connection
// sees the certificate of its time.
func TestCertificatesAreReplacedUnderLoad(t *testing.T) {
	const sessions, reloads = 300, 8
	all := []certified{certify(t, "first.test"), certify(t, "second.test")}
	file := write(t, "s.yaml", "")
	use := func(c certified) {
		t.Helper()
		content := fmt.Sprintf("listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\ntls: {certificates: [%q], keys: [%q]}\necho: /echo\n", c.certificate, c.key)
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	use(all[0])
	s := serve(t, file)
	address := s.line(`listening on (\S+)$`)
	admin := s.line(`^  admin +(http://\S+)$`)

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	load := bench.Echo{Duration: time.Minute, Load: bench.Load{
		URL:         "wss://" + address + "/echo",
		Connections: sessions,
		TLS:         bench.TLS{CAFile: all[0].certificate, ServerName: "first.test"},
	}}
	echoed := make(chan *bench.Report, 1)
	go func() {
		r, err := load.Run(ctx)
		if err != nil {
			t.Errorf("the load: %v", err)
		}
		echoed <- r
	}()
	eventually(t, func() bool {
		_, figures := get(t, admin+"figures")
		return strings.Contains(figures, fmt.Sprintf(`"sessions":%d,"undecided"`, sessions))
	}, "the sessions to be open")
	for n := range reloads {
		next := all[(n+1)%2]
		use(next)
		s.reloads <- syscall.SIGHUP
		eventually(t, func() bool {
			_, err := handshake(address, next.trust)
			return err == nil
		}, "the certificate of "+next.trust.ServerName)
	}
	stop()
	switch r := <-echoed; {
	case r == nil:
	case r.Connections.Opened != sessions || r.Connections.Lost > 0 || len(r.Failures) > 0 || r.Echo.Unanswered > 0:
		t.Errorf("of %d sessions %d ended, %d echoes are missing: %v", r.Connections.Opened, r.Connections.Lost, r.Echo.Unanswered, r.Failures)
	case r.Echo.Messages < sessions:
		t.Errorf("%d echoes under %d reloads are no load", r.Echo.Messages, reloads)
	}
	s.signals <- syscall.SIGTERM
	s.exit()
}
