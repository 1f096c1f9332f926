package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

type restCommand struct {
	Server serverSpec `arg:"" help:"Server, as NAME=COMMAND LINE. It must serve the hub chat to clients of json.webpubsub.azure.v1."`

	AccessKey  string        `required:"" help:"Access key of the server, for tokens."`
	Rounds     int           `help:"How often each row is measured." default:"3"`
	Members    int           `help:"Members of the one group of the last row." default:"10000"`
	Duration   time.Duration `help:"How long each run is measured." default:"4s"`
	ServerCPUs cpuList       `name:"server-cpus" help:"CPUs that the server runs on." default:"0"`
	ClientCPUs cpuList       `name:"client-cpus" help:"CPUs that publishers and members run on." default:"1"`
}

// Validate is called by kong.
func (r *restCommand) Validate() error {
	switch {
	case r.Rounds < 1:
		return fmt.Errorf("--rounds %d: must be 1 or more", r.Rounds)
	case r.Members < 1:
		return fmt.Errorf("--members %d: must be 1 or more", r.Members)
	case r.Duration < time.Second:
		return fmt.Errorf("--duration %v: must be 1s or more, for CPU times come in steps of 10ms", r.Duration)
	}
	return nil
}

// restRow is a setting under which publishes are measured.
type restRow struct {
	title    string
	groups   int
	members  int // of each group
	inFlight int
}

// restFigures are those of one run.
type restFigures struct {
	perPublish  float64 // CPU of the server in µs
	perDelivery float64 // the same; 0 without members
	perSecond   float64 // publishes
	p99         float64 // of deliveries, in ms
}

// Run measures row after row, in rounds of all rows, and writes the table.
func (r *restCommand) Run(ctx context.Context) error {
	if err := raiseDescriptorLimit(); err != nil {
		return err
	}
	if err := r.ClientCPUs.settle(); err != nil {
		return err
	}
	rows := []restRow{
		{"to an empty group", 1, 0, 1},
		{"to an empty group", 1, 0, 8},
		{"1,000 groups × 10 members", 1000, 10, 8},
		{fmt.Sprintf("one group × %d members", r.Members), 1, r.Members, 1},
	}
	runs := make([][]restFigures, len(rows))
	for round := range r.Rounds {
		for i, row := range rows {
			figures, err := r.measure(ctx, row)
			if err != nil {
				return fmt.Errorf("%s: %w", row.title, err)
			}
			fmt.Fprintf(os.Stderr, "round %d of %d: %s, %d in flight: %.1f µs/publish\n", round+1, r.Rounds, row.title, row.inFlight, figures.perPublish)
			runs[i] = append(runs[i], figures)
		}
	}
	_, err := os.Stdout.WriteString(restTable(r.Server.Name, rows, runs))
	return err
}

// measure starts a server and publishes for a while.
func (r *restCommand) measure(ctx context.Context, row restRow) (restFigures, error) {
	s, err := r.Server.start(ctx, r.ServerCPUs)
	if err != nil {
		return restFigures{}, err
	}
	defer s.stop()
	p, err := openPublishing(ctx, s.address, webPubSub{r.AccessKey}, row)
	if err != nil {
		return restFigures{}, s.blame(err)
	}
	defer p.close()
	p.run(ctx, r.Duration/4) // warm-up
	p.forget()
	before, err := readProcessCPU(s.pid())
	if err != nil {
		return restFigures{}, err
	}
	began := time.Now()
	p.run(ctx, r.Duration)
	took := time.Since(began)
	after, err := readProcessCPU(s.pid())
	if err == nil {
		err = p.failed()
	}
	if err != nil {
		return restFigures{}, s.blame(err)
	}
	published := float64(p.published.Load())
	if published == 0 {
		return restFigures{}, fmt.Errorf("nothing was published within %v", r.Duration)
	}
	f := restFigures{
		perPublish: (after - before).Seconds() * 1e6 / published,
		perSecond:  published / took.Seconds(),
		p99:        p.latency.at(0.99).Seconds() * 1e3,
	}
	if row.members > 0 {
		f.perDelivery = f.perPublish / float64(row.members)
	}
	return f, nil
}

// restTable writes medians as Markdown.
func restTable(server string, rows []restRow, runs [][]restFigures) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### publish by REST: %s, 128 B\n\n", server)
	writeRow(&b, []string{"publish", "in flight", "CPU µs/publish", "CPU µs/delivery", "publishes/s", "p99 ms"})
	b.WriteString("|---|---:|---:|---:|---:|---:|\n")
	for i, row := range rows {
		of := func(figure func(restFigures) float64) float64 {
			values := make([]float64, len(runs[i]))
			for j, run := range runs[i] {
				values[j] = figure(run)
			}
			return median(values)
		}
		line := []string{row.title, fmt.Sprint(row.inFlight),
			fmt.Sprintf("%.1f", of(func(f restFigures) float64 { return f.perPublish })), "",
			fmt.Sprintf("%.0f", of(func(f restFigures) float64 { return f.perSecond })), ""}
		if row.members > 0 {
			line[3] = fmt.Sprintf("%.2f", of(func(f restFigures) float64 { return f.perDelivery }))
			line[5] = fmt.Sprintf("%.1f", of(func(f restFigures) float64 { return f.p99 }))
		}
		writeRow(&b, line)
	}
	fmt.Fprintf(&b, "\nMedians of %d rounds. A publish is over when it is answered and each member has it.\n", len(runs[0]))
	return b.String()
}
