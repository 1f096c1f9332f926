package main

import (
	"bytes"
	"testing"

	"github.com/sluicegate/sluice/gateway"
)

func TestAppend(t *testing.T) {
	w := &world{
		tick:    0x01020304,
		crumbs:  []vector{{1, 999.6}},
		players: []*player{{id: 7, at: vector{256, 0.4}, score: 258}},
	}
	for name, tc := range map[string]struct{ got, want []byte }{
		"welcome": {appendWelcome([]byte{9}, 258), []byte{9, 1, 0, 0, 1, 2}},
		"state":   {appendState(nil, w), []byte{2, 1, 2, 3, 4, 1, 0, 1, 0x03, 0xe8, 0, 0, 0, 7, 1, 0, 0, 0, 1, 2}},
	} {
		if !bytes.Equal(tc.got, tc.want) {
			t.Errorf("%s: % x, want % x", name, tc.got, tc.want)
		}
	}
}

func TestParseHeading(t *testing.T) {
	for name, tc := range map[string]struct {
		payload []byte
		want    vector
	}{
		"stand":     {[]byte{0, 0}, vector{}},
		"right":     {[]byte{127, 0}, vector{1, 0}},
		"up":        {[]byte{0, 0x81}, vector{0, -1}},
		"the least": {[]byte{0x80, 0}, vector{-1, 0}},
		"slowly":    {[]byte{0, 63}, vector{0, 63. / 127}},
	} {
		got, err := parseHeading(gateway.Message{Type: gateway.Binary, Payload: tc.payload})
		if err != nil || got != tc.want {
			t.Errorf("%s: %v, %v; want %v", name, got, err, tc.want)
		}
	}
	diagonal, err := parseHeading(gateway.Message{Type: gateway.Binary, Payload: []byte{127, 127}})
	if length := diagonal.x*diagonal.x + diagonal.y*diagonal.y; err != nil || length < 0.999 || length > 1.001 {
		t.Errorf("a diagonal has the length %v squared, %v", length, err)
	}
}

func TestWhatIsNoHeading(t *testing.T) {
	for name, m := range map[string]gateway.Message{
		"text":  {Type: gateway.Text, Payload: []byte("up")},
		"empty": {Type: gateway.Binary},
		"short": {Type: gateway.Binary, Payload: []byte{1}},
		"long":  {Type: gateway.Binary, Payload: []byte{1, 2, 3}},
	} {
		if _, err := parseHeading(m); err == nil {
			t.Errorf("%s is taken for a heading", name)
		}
	}
}
