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
	f.check(!r.Compression, "Compression", r.Compression, "is for echoes: members check what they receive as it is")
	f.checkRooms(r.Load, r.Rooms)
	most := (r.Connections + r.Rooms) / max(1, r.Rooms)
	f.check(r.Loops <= most, "Loops", r.Loops, fmt.Sprintf("must be %d or less, for the publishers to share the first loop", most))
	f.check(r.Rooms <= 1 || r.Publish.URL == "" || strings.Contains(r.Publish.URL+r.Publish.Body, roomMark), "Publish.URL", r.Publish.URL, "or the body must contain "+roomMark+" for the name of the room")
	f.check(r.Zipf >= 0 && r.Zipf <= 3, "Zipf", r.Zipf, "must be 0 to 3")
	return f.joined()
}

// checkRooms finds the faults of so many rooms at the URL of l.
func (f *faults) checkRooms(l Load, rooms int) {
	f.between("Rooms", rooms, 1, 1_000_000, "")
	f.check(rooms <= max(1, l.Connections), "Rooms", rooms, "must not exceed the connections: each needs a member")
	f.check(rooms <= 1 || strings.Contains(l.URL, roomMark), "URL", l.URL, "must contain "+roomMark+" for the name of the room")
}

func (r Rooms) withDefaults() Rooms {
	r.Load, r.Publishing = r.Load.withDefaults(), r.Publishing.withDefaults()
	if r.Rooms == 0 {
		r.Rooms = 100
	}
	return r
}

// roomTargets returns where the connections of each room go.
func roomTargets(ctx context.Context, url string, rooms int) ([]*Target, error) {
	targets := make([]*Target, rooms)
	for room := range targets {
		t, err := ResolveTarget(ctx, inRoom(url, room))
		if err != nil {
			return nil, err
		}
		targets[room] = t
	}
	return targets, nil
}

// inRoom returns text, of a URL or a request, with the name of a room.
func inRoom(text string, room int) string {
	return strings.ReplaceAll(text, roomMark, fmt.Sprintf("%07x", room))
}
