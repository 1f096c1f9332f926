package bench

import (
	"slices"
	"testing"
)

func TestZipf(t *testing.T) {
	for _, test := range []struct {
		rooms, members int
		exponent       float64
		want           []int
	}{
		{1, 5, 0, []int{5}},
		{3, 3, 1, []int{1, 1, 1}},
		{4, 10, 0, []int{3, 3, 2, 2}},
		{4, 30, 1, []int{14, 7, 5, 4}}, // 26 beyond one each, in proportion to 1, 1/2, 1/3, 1/4
		{3, 17, 2, []int{12, 3, 2}},
	} {
		if got := zipf(test.rooms, test.members, test.exponent); !slices.Equal(got, test.want) {
			t.Errorf("%d members in %d rooms with exponent %g: got %v, want %v", test.members, test.rooms, test.exponent, got, test.want)
		}
	}
}

// Whatever the sizes, each connection has one place, and each room its members.
func TestSeating(t *testing.T) {
	for _, test := range []struct {
		rooms, members int
		exponent, slow float64
		wantSlow       int
	}{
		{1, 1, 0, 0, 0},
		{1, 100, 0, 0.01, 1},
		{7, 50, 0, 0.5, 25},
		{7, 50, 1, 1, 50},
		{50, 50, 1.5, 0.25, 12},
		{3, 10, 0, 0.09, 0},
	} {
		s := newSeating(test.rooms, test.members, test.exponent, test.slow)
		if s.connections() != test.rooms+test.members {
			t.Errorf("%+v: %d connections", test, s.connections())
		}
		members := make([]int, test.rooms)
		slow := 0
		for number := range uint32(s.connections()) {
			room := s.roomOf(number)
			if int(number) < test.rooms {
				if room != number || s.isSlow(number) {
					t.Errorf("%+v: publisher %d is in room %d, slow: %t", test, number, room, s.isSlow(number))
				}
				continue
			}
			members[room]++
			if s.isSlow(number) {
				slow++
			}
		}
		if !slices.Equal(members, s.members) || slow != test.wantSlow {
			t.Errorf("%+v: rooms have %v members, want %v; %d are slow", test, members, s.members, slow)
		}
		quickOf, slowOf := s.divide()
		for room := range members {
			if int(quickOf[room]+slowOf[room]) != members[room] {
				t.Errorf("%+v: room %d is divided into %d and %d", test, room, quickOf[room], slowOf[room])
			}
		}
	}
}
