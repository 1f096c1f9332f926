package codec

import "unicode/utf8"

// UTF8 checks text that arrives in pieces. The zero value is ready.
type UTF8 struct {
	tail    [utf8.UTFMax]byte // an incomplete sequence, from its first byte
	n       uint8             // bytes in tail
	invalid bool
}

// Write takes the next piece of the text, which it borrows, and reports whether
// all pieces so far can be the start of valid UTF-8. Once false, always false.
func (v *UTF8) Write(p []byte) bool {
	for v.n > 0 && len(p) > 0 && !v.invalid {
		v.tail[v.n] = p[0]
		v.n++
		p = p[1:]
		if sequence := v.tail[:v.n]; utf8.FullRune(sequence) {
			v.invalid = !utf8.Valid(sequence)
			v.n = 0
		}
	}
	if v.invalid {
		return false
	}
	if len(p) == 0 {
		return true
	}
	whole := len(p) - incomplete(p)
	if !utf8.Valid(p[:whole]) {
		v.invalid = true
		return false
	}
	v.n = uint8(copy(v.tail[:], p[whole:]))
	return true
}

// Complete reports whether the text is valid and does not end inside a
// character.
func (v *UTF8) Complete() bool { return v.n == 0 && !v.invalid }

// incomplete returns how many bytes at the end of p, 0 to 3, begin a character
// that the next bytes could finish.
func incomplete(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		end := p[len(p)-n:]
		if !utf8.RuneStart(end[0]) {
			continue
		}
		if utf8.FullRune(end) { // which also holds for what no byte can mend
			return 0
		}
		return n
	}
	return 0
}
