package bench

import (
	"math"
	"slices"
)

// seating says which connection is whose. Of each room one connection publishes
// and the others are its members. The publishers come first, connection i being
// that of room i; then the members, room by room. A seating is immutable and may
// be shared.
type seating struct {
	members []int    // of each room
	ends    []uint32 // number of the connection behind each room's last member
	slow    float64  // the share of members that stop reading, 0 to 1
}

// newSeating distributes members over rooms: evenly, or, with a positive
// exponent, as Zipf's law has it, with one member at least in each. There are as
// many members as rooms, or more.
func newSeating(rooms, members int, exponent, slow float64) *seating {
	s := &seating{members: zipf(rooms, members, exponent), slow: slow}
	end := uint32(rooms)
	for _, n := range s.members {
		end += uint32(n)
		s.ends = append(s.ends, end)
	}
	return s
}

// zipf returns the sizes of rooms that have so many members together, falling
// with the rank to the power of exponent. 0 makes them equal.
func zipf(rooms, members int, exponent float64) []int {
	weights := make([]float64, rooms)
	var sum float64
	for i := range weights {
		weights[i] = math.Pow(float64(i+1), -exponent)
		sum += weights[i]
	}
	sizes := make([]int, rooms)
	left := members
	for i, w := range weights {
		sizes[i] = 1 + int(float64(members-rooms)*w/sum)
		left -= sizes[i]
	}
	for i := 0; left > 0; i++ { // what rounding down has left over
		sizes[i%rooms]++
		left--
	}
	return sizes
}

func (s *seating) rooms() int { return len(s.members) }

// connections is how many there are, publishers and members.
func (s *seating) connections() int { return int(s.ends[len(s.ends)-1]) }

// roomOf returns the room of a connection.
func (s *seating) roomOf(number uint32) uint32 {
	if int(number) < s.rooms() {
		return number
	}
	room, found := slices.BinarySearch(s.ends, number)
	if found {
		room++ // an end is the first of the next room
	}
	return uint32(room)
}

// isSlow reports whether a connection stops reading. Those that do are spread
// evenly over the members.
func (s *seating) isSlow(number uint32) bool {
	if int(number) < s.rooms() {
		return false
	}
	member := float64(int(number) - s.rooms())
	return math.Floor((member+1)*s.slow) > math.Floor(member*s.slow)
}

// divide counts the members of each room: those that keep reading, and those
// that stop.
func (s *seating) divide() (quick, slow []uint32) {
	quick, slow = make([]uint32, s.rooms()), make([]uint32, s.rooms())
	for number := uint32(s.rooms()); int(number) < s.connections(); number++ {
		if room := s.roomOf(number); s.isSlow(number) {
			slow[room]++
		} else {
			quick[room]++
		}
	}
	return quick, slow
}
