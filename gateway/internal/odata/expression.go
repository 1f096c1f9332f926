package odata

import "fmt"

// Predicates and values as they are evaluated. The second result is false for
// null.
type (
	boolean func(Subject) bool
	text    func(Subject) (string, bool)
	number  func(Subject) (int64, bool)
)

// kind is the type of an expression.
type kind uint8

const (
	kindNull kind = iota
	kindBoolean
	kindText
	kindNumber
	kindGroups
)

func (k kind) String() string {
	return [...]string{"null", "a boolean", "a string", "an integer", "the collection groups"}[k]
}

// expression is a part of a filter. Of its functions that of its kind is set.
type expression struct {
	kind    kind
	at      int // of its first byte
	boolean boolean
	text    text
	number  number
}

// fault is what is wrong with the expression.
func (e *expression) fault(format string, args ...any) error {
	return &Error{e.at + 1, fmt.Sprintf(format, args...)}
}

// as returns the expression as one of another kind: null is of every one that may
// be null.
func (e expression) as(k kind) (expression, bool) {
	if e.kind == kindNull && k == kindText {
		return expression{kind: k, at: e.at, text: func(Subject) (string, bool) { return "", false }}, true
	}
	if e.kind == kindNull && k == kindNumber {
		return expression{kind: k, at: e.at, number: func(Subject) (int64, bool) { return 0, false }}, true
	}
	return e, e.kind == k
}

// names are the properties of a session and the literals without quotes.
var names = map[string]expression{
	"userid": {kind: kindText, text: Subject.UserID},
	"connectionid": {kind: kindText, text: func(s Subject) (string, bool) {
		return s.ConnectionID(), true
	}},
	"protocol": {kind: kindText, text: func(s Subject) (string, bool) {
		protocol := s.Protocol()
		return protocol, protocol != ""
	}},
	"groups": {kind: kindGroups},
	"null":   {kind: kindNull},
	"true":   {kind: kindBoolean, boolean: func(Subject) bool { return true }},
	"false":  {kind: kindBoolean, boolean: func(Subject) bool { return false }},
}

func textLiteral(value string) text {
	return func(Subject) (string, bool) { return value, true }
}

func numberLiteral(value int64) number {
	return func(Subject) (int64, bool) { return value, true }
}
