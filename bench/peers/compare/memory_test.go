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
	const held = 10 << 20
	const most, back, more = held + 4<<20, held + 2<<20, held + 2<<20 + 1
	before := []point{at(1, "connecting", most), at(2, "rest before", held+1), at(3, "rest before", held), at(4, "warm-up", back), at(5, "measuring", most)}
	for _, test := range []struct {
		name  string
		after []point
		want  memory
		back  bool
	}{
		{"given back", []point{at(6, "settling", most+1), at(7, "rest after", most), at(9, "rest after", back), at(10, "rest after", more), blind},
			memory{before: held, most: most + 1, after: back, back: 4 * time.Second}, true},
		{"kept", []point{at(6, "settling", held), at(7, "rest after", more+1), at(8, "rest after", more)}, memory{before: held, most: most, after: more}, false},
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
