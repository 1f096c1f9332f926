package subprotocol

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// appendQuoted appends text as a JSON string, with U+FFFD for what is not UTF-8.
func appendQuoted(dst, text []byte) []byte {
	if !utf8.Valid(text) {
		text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	}
	dst = append(dst, '"')
	for {
		n := plain(text)
		dst = append(dst, text[:n]...)
		if n == len(text) {
			return append(dst, '"')
		}
		switch c := text[n]; c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		text = text[n+1:]
	}
}

// appendUnquoted appends what the inside of a JSON string stands for. The scanner
// has passed over the string, so every escape is whole. Half a surrogate pair
// becomes U+FFFD.
func appendUnquoted(dst, text []byte) []byte {
	for {
		n := bytes.IndexByte(text, '\\')
		if n < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:n]...)
		c := text[n+1]
		text = text[n+2:]
		switch c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			var r rune
			r, text = codePoint(text)
			dst = utf8.AppendRune(dst, r)
		default: // '"', '\\' and '/' stand for themselves
			dst = append(dst, c)
		}
	}
}

// codePoint reads the four digits behind \u, and the second half of a surrogate
// pair if one follows.
func codePoint(text []byte) (rune, []byte) {
	first, _ := hex4(text)
	text = text[4:]
	if !utf16.IsSurrogate(first) || len(text) < len(`\u0000`) || text[0] != '\\' || text[1] != 'u' {
		return first, text
	}
	second, _ := hex4(text[2:])
	pair := utf16.DecodeRune(first, second)
	if pair == utf8.RuneError {
		return first, text // and second may begin a pair of its own
	}
	return pair, text[len(`\u0000`):]
}

// hex4 reads four hexadecimal digits.
func hex4(text []byte) (r rune, ok bool) {
	for _, c := range text[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = (c | 0x20) - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
