package bench

import (
	"context"
	"fmt"
	"strings"
)

// Rooms is the scenario of many groups: in each room one connection publishes
// to the members of the room, and the rooms take turns. What is published begins
// with the name of its room, seven hexadecimal digits, and a space. The zero
// value of a field selects its default.
type Rooms struct {
	// Load is that of the members of all rooms together. Each room has a
	// publisher more. In the URL {room} stands for the name of the room that a
	// connection is to be in: "ws://127.0.0.1:8080/rooms?room={room}".
	Load
	Publishing
	// Rooms is how many there are, up to the number of members. Default 100.
	Rooms int `json:"rooms"`
	// Zipf makes the sizes of rooms fall with their rank to this power, up to 3,
	// as they do in the wild with some 1. Default 0: all are equal.
	Zipf float64 `json:"zipf"`
}

// roomMark is what the name of the room takes the place of in a URL.
const roomMark = "{room}"

// Validate returns every fault of r, joined; nil if there is none.
func (r Rooms) Validate() error {
	r = r.withDefaults()
	var f faults
	f.checkLoad(r.Load)
	f.checkPublishing(r.Publishing)
	f.between("Rooms", r.Rooms, 1, 1_000_000, "")
	f.check(r.Rooms <= r.Connections, "Rooms", r.Rooms, "must not exceed Connections: each needs a member")
	f.check(r.Rooms <= 1 || strings.Contains(r.URL, roomMark), "URL", r.URL, "must contain "+roomMark+" for the name of the room")
	most := (r.Connections + r.Rooms) / max(1, r.Rooms)
	f.check(r.Loops <= most, "Loops", r.Loops, fmt.Sprintf("must be %d or less, for the publishers to share the first loop", most))
	f.check(r.Zipf >= 0 && r.Zipf <= 3, "Zipf", r.Zipf, "must be 0 to 3")
	return f.joined()
}

func (r Rooms) withDefaults() Rooms {
	r.Load, r.Publishing = r.Load.withDefaults(), r.Publishing.withDefaults()
	if r.Rooms == 0 {
		r.Rooms = 100
	}
	return r
}

// targets returns where the connections of each room go.
func (r Rooms) targets(ctx context.Context) ([]*Target, error) {
	targets := make([]*Target, r.Rooms)
	for room := range targets {
		t, err := ResolveTarget(ctx, r.urlOf(room))
		if err != nil {
			return nil, err
		}
		targets[room] = t
	}
	return targets, nil
}

func (r Rooms) urlOf(room int) string {
	return strings.ReplaceAll(r.URL, roomMark, fmt.Sprintf("%07x", room))
}
