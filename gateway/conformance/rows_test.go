package conformance_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// The suite has so many cases in each group, and of 6 in each sub-group.
func TestEveryCaseHasItsRow(t *testing.T) {
	want := map[string]int{
		"1": 16, "2": 11, "3": 7, "4": 10, "5": 20, "6": 145, "7": 37, "9": 54, "10": 1, "12": 90, "13": 126,
		"6.1": 3, "6.2": 4, "6.3": 2, "6.4": 4, "6.5": 5, "6.6": 11, "6.7": 4, "6.8": 2, "6.9": 4, "6.10": 3, "6.11": 5, "6.12": 8,
		"6.13": 5, "6.14": 10, "6.15": 1, "6.16": 3, "6.17": 5, "6.18": 5, "6.19": 5, "6.20": 7, "6.21": 8, "6.22": 34, "6.23": 7,
		"7.1": 6, "7.3": 6, "7.5": 1, "7.7": 13, "7.9": 9, "7.13": 2,
		"9.1": 6, "9.2": 6, "9.3": 9, "9.4": 9, "9.5": 6, "9.6": 6, "9.7": 6, "9.8": 6,
		"12.1": 18, "12.2": 18, "12.3": 18, "12.4": 18, "12.5": 18, "13.1": 18, "13.2": 18, "13.3": 18, "13.4": 18, "13.5": 18, "13.6": 18, "13.7": 18,
	}
	got := make(map[string]int)
	seen := make(map[string]bool)
	for _, g := range suite {
		for _, r := range g.rows() {
			if seen[r.number] || !g.has(r) {
				t.Errorf("row %s of group %s: it is there twice, or belongs to another group", r.number, g.name)
			}
			seen[r.number] = true
			parts := strings.Split(r.number, ".")
			got[parts[0]]++
			if len(parts) == 3 {
				got[parts[0]+"."+parts[1]]++
			}
		}
	}
	for name, count := range want {
		if got[name] != count {
			t.Errorf("group %s has %d rows, want %d", name, got[name], count)
		}
	}
}

// Of the texts of 6.5 to 6.23, these are valid.
func TestValidTextsAreThoseOfTheSuite(t *testing.T) {
	valid := map[int]int{5: 5, 6: 5, 7: 4, 9: 4, 11: 4, 22: 34, 23: 7}
	for _, group := range octetSequences {
		count := 0
		for _, payload := range group.payloads {
			if utf8.ValidString(payload) {
				count++
			}
		}
		if count != valid[group.number] {
			t.Errorf("6.%d has %d valid texts, want %d", group.number, count, valid[group.number])
		}
	}
}

func TestChoppingsKeepEveryOctet(t *testing.T) {
	frames := [][]byte{[]byte("abc"), []byte(""), []byte("defg")}
	for _, tc := range []struct {
		chopping chopping
		writes   string
	}{
		{whole, "[abcdefg]"},
		{frameWise, "[abc  defg]"},
		{octetWise, "[a b c d e f g]"},
		{inPieces(3), "[abc def g]"},
	} {
		var writes []string
		for wire := range tc.chopping.writes(frames) {
			writes = append(writes, string(wire))
		}
		if got := fmt.Sprint(writes); got != tc.writes {
			t.Errorf("%s: writes %s, want %s", tc.chopping.name, got, tc.writes)
		}
	}
}
