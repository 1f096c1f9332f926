package admin

import (
	"context"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluicegate/sluice/gateway"
)

// collector reads one snapshot per scrape. Figures that show an imbalance
// between loops carry the label loop; the others are sums. Reasons are sums
// too: 1024 loops with a series per reason would be 30,000 series.
type collector struct {
	source  Source
	version string
}

var _ prometheus.Collector = (*collector)(nil)

// Describe implements [prometheus.Collector]. It asks for no figures.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{buildInfo, healthy, ready, refusals, disconnects} {
		to <- desc
	}
	describeAll(to, ofGateway)
	describeAll(to, ofLoop)
	describeAll(to, ofAllLoops)
	describeAll(to, ofHub)
	describeAll(to, ofClass)
	describeAll(to, ofCertificate)
	describePublic(to)
	for _, h := range times {
		to <- h.desc
	}
}

// Collect implements [prometheus.Collector]. Where a loop does not answer, only
// sluice_healthy 0 remains: zeros for the rest would be untrue.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	stats, err := c.source.Stats(ctx)
	to <- prometheus.MustNewConstMetric(healthy, prometheus.GaugeValue, oneIf(err == nil))
	if err != nil {
		return
	}
	to <- prometheus.MustNewConstMetric(buildInfo, prometheus.GaugeValue, 1, c.version, stats.Engine)
	to <- prometheus.MustNewConstMetric(ready, prometheus.GaugeValue, oneIf(c.source.Ready()))

	collect(to, ofGateway, &stats)
	for i := range stats.Loops {
		collect(to, ofLoop, &stats.Loops[i], strconv.Itoa(i))
	}
	for i := range stats.Hubs {
		collect(to, ofHub, &stats.Hubs[i], stats.Hubs[i].Name)
	}
	for i := range stats.Classes {
		c := &stats.Classes[i]
		collect(to, ofClass, c, c.Hub, c.Class, c.Policy.String())
	}
	for i := range stats.Certificates {
		shown := &stats.Certificates[i]
		collect(to, ofCertificate, shown, shown.Name, shown.Serial)
	}
	collectPublic(to, c.source)
	collectSums(to, stats.Loops)
	collectTimes(to, stats.Loops)
	collectReasons(to, stats.Loops)
}

func describeAll[T any](to chan<- *prometheus.Desc, metrics []metric[T]) {
	for _, m := range metrics {
		to <- m.desc
	}
}

func collect[T any](to chan<- prometheus.Metric, metrics []metric[T], from *T, labels ...string) {
	for _, m := range metrics {
		to <- prometheus.MustNewConstMetric(m.desc, m.kind, m.of(from), labels...)
	}
}

func collectSums(to chan<- prometheus.Metric, loops []gateway.LoopStats) {
	for _, m := range ofAllLoops {
		var sum float64
		for i := range loops {
			sum += m.of(&loops[i])
		}
		to <- prometheus.MustNewConstMetric(m.desc, m.kind, sum)
	}
}

func collectTimes(to chan<- prometheus.Metric, loops []gateway.LoopStats) {
	for _, h := range times {
		var sum gateway.Durations
		for i := range loops {
			sum.Merge(h.of(&loops[i]))
		}
		buckets := make(map[float64]uint64)
		var atMost uint64 // Prometheus wants each bucket with those before it
		for n, bound := range sum.Bounds() {
			atMost += sum.Buckets[n]
			buckets[bound.Seconds()] = atMost
		}
		to <- prometheus.MustNewConstHistogram(h.desc, sum.Count(), sum.Sum.Seconds(), buckets)
	}
}

// collectReasons gives every reason its series, at zero if need be: a rate over
// a series that appears with its first event misses that event.
func collectReasons(to chan<- prometheus.Metric, loops []gateway.LoopStats) {
	for _, reason := range gateway.Reasons() {
		desc := disconnects
		if reason.Refusal() {
			desc = refusals
		}
		var sum uint64
		for i := range loops {
			sum += loops[i].Reasons[reason]
		}
		to <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(sum), reason.String())
	}
}

func oneIf(condition bool) float64 {
	if condition {
		return 1
	}
	return 0
}
