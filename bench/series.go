package bench

import "time"

// Series is the samples of a run in the order in which they were taken.
type Series []Sample

// maxPoints bounds the series of a report: an hour of seconds.
const maxPoints = 3600

// Thin returns the series with at most so many points, 2 or more: as often as
// it takes, every two neighbours become one. s is left as it is.
func (s Series) Thin(points int) Series {
	for len(s) > max(2, points) {
		s = s.halved()
	}
	return s
}

// halved joins every two neighbours.
func (s Series) halved() Series {
	half := make(Series, 0, (len(s)+1)/2)
	for i := 0; i < len(s); i += 2 {
		joined := s[i]
		if i+1 < len(s) {
			joined = joined.with(s[i+1])
		}
		half = append(half, joined)
	}
	return half
}

// with returns one sample for the spans of s and of next, which follows it. Its
// median is the mean of theirs, by messages, and its p99 the higher one, so that
// a bad second stays in sight.
func (s Sample) with(next Sample) Sample {
	joined := next
	joined.Span = s.Span + next.Span
	joined.Messages = s.Messages + next.Messages
	if joined.Span > 0 {
		joined.PerSecond = float64(joined.Messages) / joined.Span.Seconds()
	}
	if joined.Messages > 0 {
		joined.P50 = int64(mean(float64(s.P50), float64(s.Messages), float64(next.P50), float64(next.Messages)))
	}
	joined.Overloaded = s.Overloaded || next.Overloaded
	joined.P99 = max(s.P99, next.P99)
	joined.Max = max(s.Max, next.Max)
	overTime := func(a, b float64) float64 { return mean(a, s.Span.Seconds(), b, next.Span.Seconds()) }
	joined.ClientCPU = overTime(s.ClientCPU, next.ClientCPU)
	joined.BusiestLoop = max(s.BusiestLoop, next.BusiestLoop)
	if s.Server != nil && next.Server != nil {
		joined.Server = &ServerSample{RSS: max(s.Server.RSS, next.Server.RSS), CPU: overTime(s.Server.CPU, next.Server.CPU)}
	}
	return joined
}

// mean returns the mean of a and b with their weights.
func mean(a, weightOfA, b, weightOfB float64) float64 {
	if weightOfA+weightOfB == 0 {
		return 0
	}
	return (a*weightOfA + b*weightOfB) / (weightOfA + weightOfB)
}

// thinning is a series that grows without end and keeps to maxPoints: its points
// come to stand for more and more samples.
type thinning struct {
	points  Series
	each    int // samples that a point stands for
	pending int // samples in the last point, if it lacks some
}

// add takes the next sample.
func (t *thinning) add(s Sample) {
	if t.pending > 0 {
		last := &t.points[len(t.points)-1]
		*last = last.with(s)
	} else {
		t.points = append(t.points, s)
	}
	t.each = max(1, t.each)
	t.pending = (t.pending + 1) % t.each
	if t.pending == 0 && len(t.points) >= maxPoints {
		t.points = t.points.halved()
		t.each *= 2
	}
}

// defaultSampleEvery is that of [Load].SampleEvery.
const defaultSampleEvery = time.Second
