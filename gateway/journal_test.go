package gateway

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// journalled runs use with a journal that samples, in a bubble with a clock of
// its own, and returns what was written, without times.
func journalled(t *testing.T, sample int, use func(*journal)) string {
	t.Helper()
	var out bytes.Buffer
	synctest.Test(t, func(*testing.T) {
		j := openJournal(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			},
		})), Log{Sample: sample})
		use(j)
		synctest.Wait()
		j.close()
	})
	return out.String()
}

func TestJournalSamples(t *testing.T) {
	const summary = `level=ERROR msg="more of a kind than are logged one by one" kind=failure count=`
	for _, tc := range []struct {
		name   string
		sample int
		use    func(*journal)
		want   []string
	}{
		{"up to the bound", 2, func(j *journal) { fail(j, 2) }, []string{"level=ERROR msg=0", "level=ERROR msg=1"}},
		{"beyond it", 2, func(j *journal) { fail(j, 5) }, []string{"level=ERROR msg=0", "level=ERROR msg=1", summary + "3"}},
		{"over two seconds", 2, func(j *journal) {
			fail(j, 3)
			synctest.Wait()
			<-time.After(sampleWindow + time.Millisecond)
			fail(j, 4)
		}, []string{"level=ERROR msg=0", "level=ERROR msg=1", summary + "1", "level=ERROR msg=0", "level=ERROR msg=1", summary + "2"}},
		{"without a bound", -1, func(j *journal) { fail(j, 3) }, []string{"level=ERROR msg=0", "level=ERROR msg=1", "level=ERROR msg=2"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, want := journalled(t, tc.sample, tc.use), strings.Join(tc.want, "\n")+"\n"; got != want {
				t.Errorf("written\n%swant\n%s", got, want)
			}
		})
	}
}

func fail(j *journal, times int) {
	for i := range times {
		j.failed(string(rune('0' + i)))
	}
}

// What one reason uses up, another one keeps.
func TestSamplerCountsEachKindForItself(t *testing.T) {
	var s sampler
	s.most.Store(1)
	for range 3 {
		s.admits(kind(ReasonOrigin))
	}
	if !s.admits(kind(ReasonIdle)) {
		t.Error("another kind has used up the second")
	}
	excess := make(map[kind]int64)
	for k, count := range s.excess() {
		excess[k] = count
	}
	if len(excess) != 1 || excess[kind(ReasonOrigin)] != 2 {
		t.Errorf("excess %v, want 2 of origin only", excess)
	}
	if !s.admits(kind(ReasonOrigin)) {
		t.Error("the window did not end")
	}
}
