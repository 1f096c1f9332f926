package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

type restCommand struct {
	pubSub
	Members  int           `help:"Members of the one group of the last row." default:"10000"`
	Duration time.Duration `help:"How long each run is measured." default:"4s"`
}

// Validate is called by kong.
func (r *restCommand) Validate() error {
	faults := []error{r.pubSub.Validate()}
	if r.Members < 1 {
		faults = append(faults, fmt.Errorf("--members %d: must be 1 or more", r.Members))
	}
	if r.Duration < time.Second {
		faults = append(faults, fmt.Errorf("--duration %v: must be 1s or more, for CPU times come in steps of 10ms", r.Duration))
	}
	return errors.Join(faults...)
}

// restRow is a setting under which publishes are measured.
type restRow struct {
	title    string
	groups   int
	members  int // of each group
	inFlight int
}

// restColumns are what each run gives. Without members there are no deliveries.
var restColumns = []ratioColumn{{"CPU µs/publish", 1}, {"CPU µs/delivery", 2}, {"publishes/s", 0}, {"p99 ms", 1}}

// Run measures row after row, in rounds of all rows, and writes the table.
func (r *restCommand) Run(ctx context.Context) error {
	if err := r.prepare(); err != nil {
		return err
	}
	rows := []restRow{
		{"to an empty group", 1, 0, 1},
		{"to an empty group", 1, 0, 8},
		{"1,000 groups × 10 members", 1000, 10, 8},
		{fmt.Sprintf("one group × %d members", r.Members), 1, r.Members, 1},
	}
	runs, err := r.measure(ctx, os.Stderr, len(rows), func(row int, spec serverSpec) ([]float64, error) {
		return r.publish(ctx, spec, rows[row])
	})
	if err != nil {
		return err
	}
	_, err = os.Stdout.WriteString(restTable(r.names(), rows, runs))
	return err
}

// publish starts a server and publishes for a while.
func (r *restCommand) publish(ctx context.Context, spec serverSpec, row restRow) ([]float64, error) {
	s, err := spec.start(ctx, r.ServerCPUs)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	p, err := openPublishing(ctx, s.address, r.protocolOf(spec.Name), row)
	if err != nil {
		return nil, s.blame(err)
	}
	defer p.close()
	p.run(ctx, r.Duration/4) // warm-up
	p.forget()
	before, err := readProcessCPU(s.pid())
	if err != nil {
		return nil, err
	}
	began := time.Now()
	p.run(ctx, r.Duration)
	took := time.Since(began)
	after, err := readProcessCPU(s.pid())
	if err == nil {
		err = p.failed()
	}
	if err != nil {
		return nil, s.blame(err)
	}
	published := float64(p.published.Load())
	if published == 0 {
		return nil, fmt.Errorf("nothing was published within %v", r.Duration)
	}
	perPublish, perDelivery := (after-before).Seconds()*1e6/published, 0.0
	if row.members > 0 {
		perDelivery = perPublish / float64(row.members)
	}
	return []float64{perPublish, perDelivery, published / took.Seconds(), p.latency.at(0.99).Seconds() * 1e3}, nil
}

// restTable writes medians as Markdown.
func restTable(servers []string, rows []restRow, runs [][]round) string {
	t := ratioTable{settings: []string{"publish", "in flight"}, figures: restColumns, servers: servers}
	fmt.Fprintf(&t.text, "### publish by REST: %d B\n\n", messageSize)
	t.head()
	for i, row := range rows {
		t.add([]string{row.title, fmt.Sprint(row.inFlight)}, runs[i])
	}
	return t.end("A publish is over when it is answered and each member has it.", runs...)
}
