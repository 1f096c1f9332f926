// Command benchcmp compares the Go benchmarks of the hot paths in the working
// tree with those of another commit, and fails if one has become worse.
//
// Both are built first, the commit in a git worktree that is removed in the end.
// Then they run in turns, package by package, so that a drift of the machine meets
// both alike, and benchstat says which differences are more than noise.
//
// The exit code is 0 if nothing is significantly worse by the threshold or more, 1
// if something is, and 2 if the comparison could not be made.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	exitWorse  = 1
	exitFailed = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	worse, err := run(ctx)
	stop()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "benchcmp:", err)
		os.Exit(exitFailed)
	case worse:
		os.Exit(exitWorse)
	}
}

// run reports whether anything is worse.
func run(ctx context.Context) (worse bool, err error) {
	ref := flag.String("ref", "HEAD^", "`commit` to compare with")
	rounds := flag.Int("rounds", 10, "how often each benchmark runs on either side, 5 or more")
	each := flag.Duration("benchtime", 100*time.Millisecond, "how long each run of a benchmark takes")
	threshold := flag.Float64("threshold", 1.10, "ratio from which a significant difference is worse, above 1")
	benchstat := flag.String("benchstat", "benchstat", "`program` that judges the differences")
	flag.Parse()
	switch {
	case flag.NArg() > 0:
		return false, fmt.Errorf("%q: no arguments are expected, only flags", flag.Arg(0))
	case *rounds < leastRounds:
		return false, fmt.Errorf("-rounds %d: must be %d or more, or no difference is significant", *rounds, leastRounds)
	case *each <= 0:
		return false, fmt.Errorf("-benchtime %v: must be above 0", *each)
	case *threshold <= 1:
		return false, fmt.Errorf("-threshold %v: must be above 1", *threshold)
	}
	t, err := prepare(ctx, *ref)
	if err != nil {
		return false, err
	}
	defer t.remove()
	if err := t.play(ctx, *rounds, *each); err != nil {
		return false, err
	}
	text, err := t.judge(ctx, *benchstat)
	if err != nil {
		return false, err
	}
	figures, err := parse(text)
	if err != nil {
		return false, err
	}
	fmt.Printf("%s to the working tree, %d runs each, in turns:\n\n", *ref, *rounds)
	return write(os.Stdout, figures, *threshold), nil
}
