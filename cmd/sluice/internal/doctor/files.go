package doctor

import (
	"fmt"
	"math"
)

const (
	// spareFiles is for the admin listener, logs and the Go runtime.
	spareFiles = 256
	// filesPerLoop is for an epoll instance, a listener, a reserve, a socket pair
	// and wakers.
	filesPerLoop = 8
	// mostLoops is the most that a gateway may have.
	mostLoops = 1024
)

// sharedFiles is how many descriptors the wishes take beside their connections.
func sharedFiles(w Wishes) uint64 {
	return uint64(w.HTTPConnections + spareFiles + w.Loops*filesPerLoop)
}

// filesPerTable is how many descriptors the largest table of the wishes holds.
func filesPerTable(w Wishes) uint64 {
	if !w.PrivateFDTables {
		return uint64(w.Connections) + sharedFiles(w)
	}
	// The kernel spreads connections over the loops' listeners by chance: with
	// five standard deviations no table runs over.
	share := math.Ceil(float64(w.Connections) / float64(w.Loops))
	own := uint64(share+5*math.Sqrt(share)) + filesPerLoop + uint64(w.Loops) // a waker of each loop
	return max(own, sharedFiles(w))
}

// loopsWithin returns the fewest loops whose private tables keep to limit, or 0.
func loopsWithin(limit uint64, w Wishes) int {
	w.PrivateFDTables = true
	for ; w.Loops <= mostLoops; w.Loops++ {
		if filesPerTable(w) <= limit {
			return w.Loops
		}
	}
	return 0
}

func fileLimit(f Facts, w Wishes) Finding {
	need := filesPerTable(w)
	finding := Finding{
		Name: "RLIMIT_NOFILE", Verdict: compare(f.FilesHard, need, Fail),
		Value: fmt.Sprintf("%s soft, %s hard", f.FilesSoft, f.FilesHard), Need: fmt.Sprint(need),
		Text: "descriptors of one table, one for each connection; the gateway raises the soft limit to the hard one. Read where this command runs: a service has its own.",
		Fix:  []string{fmt.Sprintf("LimitNOFILE=%d", max(need, f.FilesHard.Value))},
	}
	if f.FilesHard.Value == Unlimited {
		finding.Fix = []string{"LimitNOFILE=infinity"}
	}
	if finding.Verdict == Fail {
		if loops := loopsWithin(f.FilesHard.Value, w); loops > 0 {
			finding.Fix = append(finding.Fix, fmt.Sprintf("or: sluice serve --private-fd-tables --loops=%d", loops))
		}
	}
	return finding
}

func largestTable(f Facts, w Wishes) Finding {
	return sysctl("fs.nr_open", f.TableMax, filesPerTable(w), Fail,
		"the largest descriptor table, and so the largest RLIMIT_NOFILE that can be set.")
}

func filesOfMachine(f Facts, w Wishes) Finding {
	need := uint64(w.Connections) + sharedFiles(w) + f.FilesUsed.Value
	return sysctl("fs.file-max", f.FilesMax, need, Fail,
		fmt.Sprintf("open files of the whole machine, of which %s are in use now.", f.FilesUsed))
}

func epollWatches(f Facts, w Wishes) Finding {
	return sysctl("fs.epoll.max_user_watches", f.Watches, uint64(w.Connections)+sharedFiles(w), Fail,
		"descriptors that the epoll instances of one user may watch.")
}
