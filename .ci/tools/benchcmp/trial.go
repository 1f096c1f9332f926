package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// suite is the benchmarks of one package that are compared.
type suite struct {
	folder  string // of the package, in the tree
	pattern string // of go test -bench
}

// The hot paths: bytes of frames, turns of a loop and what other goroutines leave
// for it, dispatch to handlers, and publishing.
var suites = []suite{
	{"codec", "^Benchmark(Next|Header|AppendFrame|Request|UTF8)$"},
	{"codec", "^BenchmarkUnmask$/^own$"},
	{"poller", "^Benchmark(TurnEcho|Post)$"},
	{"gateway", "^Benchmark(EchoInline|EchoPooled|Publish)$"},
	{"gateway/internal/workers", "^BenchmarkSubmit$"},
}

const (
	// leastRounds make a difference significant that shows in every one.
	leastRounds = 5
	// patience bounds one run of a package's benchmarks.
	patience = 2 * time.Minute
)

// side is one of the trees that are compared.
type side struct {
	name string // of the file with its figures
	root string
}

// trial is two trees with their benchmarks built, in a directory that is removed
// in the end.
type trial struct {
	directory string
	old, new  side
	suites    []suite // of packages that both have
}

// prepare checks ref out and builds the benchmarks of both trees.
func prepare(ctx context.Context, ref string) (t *trial, err error) {
	root, err := output(ctx, ".", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, err
	}
	t = &trial{new: side{"new.txt", strings.TrimSpace(string(root))}}
	if t.directory, err = os.MkdirTemp("", "benchcmp"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			t.remove()
		}
	}()
	t.old = side{"old.txt", filepath.Join(t.directory, "tree")}
	if _, err := output(ctx, t.new.root, "git", "worktree", "add", "--detach", t.old.root, ref); err != nil {
		return nil, err
	}
	for _, s := range suites {
		if _, err := os.Stat(filepath.Join(t.old.root, s.folder)); err != nil {
			fmt.Fprintf(os.Stderr, "%s: has no %s: left out\n", ref, s.folder)
			continue
		}
		t.suites = append(t.suites, s)
		for _, of := range []side{t.old, t.new} {
			if _, err := output(ctx, of.root, "go", "test", "-c", "-o", t.binary(of, s), "./"+s.folder); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// remove leaves the repository as it was.
func (t *trial) remove() {
	// The interrupt that ended the run must not leave the worktree behind.
	_, _ = output(context.Background(), t.new.root, "git", "worktree", "remove", "--force", t.old.root)
	_ = os.RemoveAll(t.directory)
}

func (t *trial) binary(of side, s suite) string {
	return filepath.Join(t.directory, of.name+strings.ReplaceAll(s.folder, "/", "-")+".test")
}

// play runs both sides in turns, and has the other one begin in every other round.
func (t *trial) play(ctx context.Context, rounds int, each time.Duration) error {
	order := []side{t.old, t.new}
	for round := range rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, rounds)
		for _, s := range t.suites {
			for _, of := range order {
				if err := t.bench(ctx, of, s, each); err != nil {
					return err
				}
			}
		}
		slices.Reverse(order)
	}
	return nil
}

// bench runs the benchmarks of a package and keeps what they print.
func (t *trial) bench(ctx context.Context, of side, s suite, each time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	text, err := output(ctx, filepath.Join(of.root, s.folder), t.binary(of, s),
		"-test.run=^$", "-test.bench="+s.pattern, "-test.benchmem", "-test.benchtime="+each.String())
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(t.directory, of.name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}

// judge returns the CSV of benchstat. With dozens of figures, one in twenty would
// be significant by chance at its default of 0.05.
func (t *trial) judge(ctx context.Context, benchstat string) ([]byte, error) {
	return output(ctx, t.directory, benchstat, "-alpha=0.01", "-format=csv", t.old.name, t.new.name)
}

// output runs a command in a directory and returns what it prints. The error has
// what it complains of.
func output(ctx context.Context, directory, name string, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir = directory
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s%s", filepath.Base(name), strings.Join(arguments, " "), err, &stdout, &stderr)
	}
	return stdout.Bytes(), nil
}
