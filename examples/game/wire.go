package main

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/sluicegate/sluice/gateway"
)

// What the server sends begins with a byte that says what it is. Numbers are big
// endian, as DataView in the browser has them.
//
//	welcome  1, id:4
//	state    2, tick:4, crumbs:1, (x:2 y:2) for each crumb, (id:4 x:2 y:2 score:2) for each player
//
// What a player sends is two signed bytes, the heading: 0 0 stands still, 127 0 runs
// to the right, 0 127 down.
const (
	kindWelcome = 1
	kindState   = 2
)

// appendWelcome tells a client which player it is.
func appendWelcome(dst []byte, id uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, kindWelcome), id)
}

// appendState appends all that there is to see: 86 bytes, and 10 for each player.
func appendState(dst []byte, w *world) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, kindState), w.tick)
	dst = append(dst, byte(len(w.crumbs)))
	for _, crumb := range w.crumbs {
		dst = appendPlace(dst, crumb)
	}
	for _, p := range w.players {
		dst = appendPlace(binary.BigEndian.AppendUint32(dst, p.id), p.at)
		dst = binary.BigEndian.AppendUint16(dst, p.score)
	}
	return dst
}

func appendPlace(dst []byte, at vector) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(math.Round(at.x)))
	return binary.BigEndian.AppendUint16(dst, uint16(math.Round(at.y)))
}

var errNoHeading = errors.New("send the heading: a binary message of two signed bytes")

// parseHeading returns the heading that a player asks for, cut to the length of 1.
func parseHeading(m gateway.Message) (vector, error) {
	if m.Type != gateway.Binary || len(m.Payload) != 2 {
		return vector{}, errNoHeading
	}
	x, y := float64(int8(m.Payload[0])), float64(int8(m.Payload[1]))
	length := max(math.Hypot(x, y), 127)
	return vector{x / length, y / length}, nil
}
