package odata

import (
	"fmt"
	"strconv"
	"strings"
)

// lexeme is the kind of a token.
type lexeme uint8

const (
	endOfText lexeme = iota
	word             // a name, an operator or a literal without quotes
	quoted           // 'text'
	integer
	mark // one of ( ) ,
)

// token is a piece of a filter.
type token struct {
	kind   lexeme
	at     int    // of its first byte
	text   string // lower-cased for a word, unescaped for a string
	number int64
}

// is reports whether the token is that word or mark.
func (t *token) is(text string) bool {
	return (t.kind == word || t.kind == mark) && t.text == text
}

// String describes the token for an error.
func (t *token) String() string {
	switch t.kind {
	case endOfText:
		return "the end"
	case quoted:
		return "the string '" + strings.ReplaceAll(t.text, "'", "''") + "'"
	case integer:
		return strconv.FormatInt(t.number, 10)
	}
	return strconv.Quote(t.text)
}

// lexer cuts a filter into tokens.
type lexer struct {
	text string
	at   int
}

// scan returns the next token.
func (l *lexer) scan() (token, error) {
	for l.at < len(l.text) && strings.IndexByte(" \t\r\n", l.text[l.at]) >= 0 {
		l.at++
	}
	start := l.at
	if start == len(l.text) {
		return token{at: start}, nil
	}
	switch first := l.text[start]; {
	case first == '\'':
		return l.scanString()
	case isLetter(first):
		text := l.take(func(c byte) bool { return isLetter(c) || isDigit(c) })
		return token{kind: word, at: start, text: strings.ToLower(text)}, nil
	case isDigit(first), first == '-':
		l.at++
		text := l.text[start:start+1] + l.take(func(c byte) bool { return isLetter(c) || isDigit(c) || c == '.' })
		number, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return token{}, &Error{start + 1, fmt.Sprintf("%q is no integer of 64 bits", text)}
		}
		return token{kind: integer, at: start, number: number}, nil
	case strings.IndexByte("(),", first) >= 0:
		l.at++
		return token{kind: mark, at: start, text: l.text[start:l.at]}, nil
	}
	for _, unknown := range l.text[start:] {
		return token{}, &Error{start + 1, fmt.Sprintf("%q has no meaning here; strings are written 'so'", unknown)}
	}
	panic("odata: nothing is left to scan")
}

// scanString takes a literal in quotes, in which two quotes stand for one.
func (l *lexer) scanString() (token, error) {
	start := l.at
	for l.at++; ; l.at += 2 {
		length := strings.IndexByte(l.text[l.at:], '\'')
		if length < 0 {
			return token{}, &Error{start + 1, "a string begins and does not end; a quote within one is written ''"}
		}
		l.at += length
		if !strings.HasPrefix(l.text[l.at:], "''") {
			break
		}
	}
	text := strings.ReplaceAll(l.text[start+1:l.at], "''", "'")
	l.at++
	return token{kind: quoted, at: start, text: text}, nil
}

// take returns the bytes from here on that belong.
func (l *lexer) take(belongs func(byte) bool) string {
	start := l.at
	for l.at < len(l.text) && belongs(l.text[l.at]) {
		l.at++
	}
	return l.text[start:l.at]
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
