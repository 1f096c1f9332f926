package settings

import "strings"

// didYouMean returns "; did you mean x?" for the name most like s, or nothing
// where none is near.
func didYouMean(s string, names []string) string {
	best, least := "", 1+len(s)/3
	for _, name := range names {
		if d := distance(strings.ToLower(s), strings.ToLower(name)); d <= least {
			best, least = name, d-1
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// distance is the number of bytes to insert, delete or replace that turn a into
// b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
