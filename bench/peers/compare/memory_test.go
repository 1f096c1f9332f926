package main

import (
	"encoding/json"
	"errors"
	"testing"
	"time"
)

func TestMemoryAroundALoad(t *testing.T) {
	at := func(second int, phase string, rss int64) point {
		var p point
		p.At, p.Phase = time.Duration(second)*time.Second, phase
		if err := json.Unmarshal([]byte(`{"rssBytes": 0}`), &p.Server); err != nil {
			t.Fatal(err)
		}
		p.Server.RSS = rss
		return p
	}
	blind := point{Phase: "rest after"}
	before := []point{at(1, "connecting", 5000), at(2, "rest before", 900), at(3, "rest before", 1000), at(4, "warm-up", 2000), at(5, "measuring", 3000)}
	for _, test := range []struct {
		name  string
		after []point
		want  memory
		back  bool
	}{
		{"given back", []point{at(6, "settling", 3100), at(7, "rest after", 2900), at(9, "rest after", 1050), at(10, "rest after", 1200), blind},
			memory{before: 1000, most: 3100, after: 1050, back: 4 * time.Second}, true},
		{"kept", []point{at(6, "settling", 900), at(7, "rest after", 1060), at(8, "rest after", 1051)}, memory{before: 1000, most: 3000, after: 1051}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := memoryOf(append(before[:len(before):len(before)], test.after...))
			if err != nil || got != test.want || got.isBack() != test.back {
				t.Errorf("got %+v, back: %t, %v; want %+v, %t", got, got.isBack(), err, test.want, test.back)
			}
		})
	}
	for _, series := range [][]point{nil, before, {at(1, "rest after", 1000)}} {
		if m, err := memoryOf(series); !errors.Is(err, errNoRest) {
			t.Errorf("of %d points: got %+v, %v", len(series), m, err)
		}
	}
}
