package poller

import "github.com/sluicegate/sluice/poller/internal/sys"

// bottomless are sockets whose peers take every write, at most most bytes of
// each.
type bottomless struct {
	sys.Sockets
	most  int
	taken *[]byte
}

func (b *bottomless) Write(fd int, p []byte) (int, error) { return b.Writev(fd, [][]byte{p}) }

func (b *bottomless) Writev(_ int, ps [][]byte) (int, error) {
	n := 0
	for _, p := range ps {
		p = p[:min(len(p), b.most-n)]
		*b.taken = append(*b.taken, p...)
		n += len(p)
	}
	return n, nil
}

// widthGauge measures the widest writev.
type widthGauge struct {
	sys.Sockets
	widest *int
}

func (g *widthGauge) Writev(fd int, ps [][]byte) (int, error) {
	*g.widest = max(*g.widest, len(ps))
	return g.Sockets.Writev(fd, ps)
}
