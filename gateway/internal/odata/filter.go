package odata

import "fmt"

// Subject is a session as filters see it. Only what a filter asks for is called.
type Subject interface {
	// UserID returns the user id; false for the anonymous.
	UserID() (string, bool)
	ConnectionID() string
	InGroup(name string) bool
	// Groups is the number of groups that the session is in.
	Groups() int
	// Protocol is the subprotocol; empty for none.
	Protocol() string
}

const (
	// MaxLength is how long a filter may be, in bytes.
	MaxLength = 8 << 10
	// maxDepth is how deep parentheses, functions and not may be nested.
	maxDepth = 100
)

// Filter is a predicate over sessions. It does not change. A nil Filter matches
// all.
type Filter struct{ matches boolean }

// Parse reads a filter. The error is an [*Error].
func Parse(text string) (*Filter, error) {
	if len(text) > MaxLength {
		return nil, &Error{MaxLength + 1, fmt.Sprintf("the filter goes on; it may have %d bytes", MaxLength)}
	}
	p := parser{lexer: lexer{text: text}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	whole, err := p.either()
	if err != nil {
		return nil, err
	}
	if p.next.kind != endOfText {
		return nil, p.unexpected("an operator or the end")
	}
	if whole.kind != kindBoolean {
		return nil, whole.fault("is %s where true or false is wanted", whole.kind)
	}
	return &Filter{whole.boolean}, nil
}

// Matches reports whether the filter chooses s.
func (f *Filter) Matches(s Subject) bool { return f == nil || f.matches(s) }

// Error is what is wrong with a filter.
type Error struct {
	// Position is where, in bytes from 1.
	Position int
	// Problem says what is there, and what is wanted.
	Problem string
}

func (e *Error) Error() string { return fmt.Sprintf("position %d: %s", e.Position, e.Problem) }
