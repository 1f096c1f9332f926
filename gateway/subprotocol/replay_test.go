package subprotocol_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway/subprotocol"
)

func kept(r *subprotocol.Replay) []string {
	var all []string
	for sequence, shared := range r.All() {
		all = append(all, fmt.Sprint(sequence, string(shared)))
	}
	return all
}

func TestReplay(t *testing.T) {
	var r subprotocol.Replay
	r.Ack(0)
	r.Ack(5)
	if all := kept(&r); all != nil {
		t.Fatalf("a new one keeps %v", all)
	}
	for i, text := range []string{"a", "bb", "ccc"} {
		if sequence, err := r.Add([]byte(text), 0); sequence != uint64(i+1) || err != nil {
			t.Fatalf("%s has sequence id %d, %v", text, sequence, err)
		}
	}
	for _, step := range []struct {
		ack   uint64
		want  []string
		bytes int
	}{
		{0, []string{"1a", "2bb", "3ccc"}, 6},
		{4, []string{"1a", "2bb", "3ccc"}, 6}, // not yet given
		{2, []string{"3ccc"}, 3},
		{1, []string{"3ccc"}, 3}, // acknowledged before
		{3, nil, 0},
		{3, nil, 0},
	} {
		r.Ack(step.ack)
		if all := kept(&r); !slices.Equal(all, step.want) || r.Len() != len(step.want) || r.Bytes() != step.bytes {
			t.Errorf("after ack %d: %v, %d messages of %d bytes, want %v of %d", step.ack, all, r.Len(), r.Bytes(), step.want, step.bytes)
		}
	}
	if sequence, err := r.Add([]byte("d"), 0); sequence != 4 || err != nil {
		t.Errorf("the next has sequence id %d, %v, want 4", sequence, err)
	}
	for range r.All() {
		break // leaves early
	}
}

func TestReplayExpires(t *testing.T) {
	var r subprotocol.Replay
	for _, m := range []struct {
		text    string
		expires time.Duration
	}{{"a", 5}, {"b", 0}, {"c", 7}, {"d", 5}} {
		if _, err := r.Add([]byte(m.text), m.expires); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		now, expired int
		behind       uint64
		want         []string
	}{
		{4, 0, 0, []string{"1a", "2b", "3c", "4d"}},
		{5, 1, 1, []string{"1a", "2b", "3c"}}, // the first one was sent
		{5, 1, 0, []string{"2b", "3c"}},
		{6, 0, 0, []string{"2b", "3c"}},
		{9, 1, 0, []string{"2b"}},
		{99, 0, 0, []string{"2b"}},
	} {
		if n := r.Expire(time.Duration(step.now), step.behind); n != step.expired || !slices.Equal(kept(&r), step.want) || r.Bytes() != len(step.want) {
			t.Errorf("at %d, behind %d: %d expired, %v of %d bytes left, want %d and %v", step.now, step.behind, n, kept(&r), r.Bytes(), step.expired, step.want)
		}
	}
	if sequence, err := r.Add([]byte("e"), 0); sequence != 5 || err != nil {
		t.Errorf("the next has sequence id %d, %v, want 5", sequence, err)
	}
	if r.Ack(4); !slices.Equal(kept(&r), []string{"5e"}) {
		t.Errorf("after an ack of one that has expired: %v", kept(&r))
	}
}

func TestReplayLimits(t *testing.T) {
	for _, tc := range []struct {
		name string
		size int
		fits int
	}{
		{"messages", 1, 1000},
		{"bytes", 1 << 20, 16},
		{"one too large", 16<<20 + 1, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var r subprotocol.Replay
			shared := make([]byte, tc.size)
			for i := range tc.fits {
				if _, err := r.Add(shared, 0); err != nil {
					t.Fatalf("message %d: %v", i+1, err)
				}
			}
			_, err := r.Add(shared, 0)
			refusal(t, err, "sequenceId: 1000 messages or 16 MiB wait to be acknowledged", 1008)
			if !errors.Is(err, subprotocol.ErrReplayFull) {
				t.Errorf("got %v, want ErrReplayFull", err)
			}
			if tc.fits == 0 {
				return
			}
			r.Ack(1)
			if sequence, err := r.Add(shared, 0); err != nil || sequence != uint64(tc.fits+1) {
				t.Errorf("after an ack: sequence id %d, %v, want %d", sequence, err, tc.fits+1)
			}
		})
	}
}
