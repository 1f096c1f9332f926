package odata

import (
	"fmt"
	"slices"
)

// parser turns tokens into expressions. Each of its methods but advance takes what
// it is named for, from the token next on.
type parser struct {
	lexer lexer
	next  token
	depth int
}

func (p *parser) advance() (err error) {
	p.next, err = p.lexer.scan()
	return err
}

// unexpected is the error for a token where something else is wanted.
func (p *parser) unexpected(wanted string) error {
	return &Error{p.next.at + 1, fmt.Sprintf("%v where %s is wanted", &p.next, wanted)}
}

// expect takes a mark.
func (p *parser) expect(mark string) error {
	if !p.next.is(mark) {
		return p.unexpected(fmt.Sprintf("%q", mark))
	}
	return p.advance()
}

// nest counts a level of nesting, which the caller must end with depth--.
func (p *parser) nest() error {
	if p.depth++; p.depth > maxDepth {
		return &Error{p.next.at + 1, fmt.Sprintf("nested deeper than %d", maxDepth)}
	}
	return nil
}

// either takes a chain of or.
func (p *parser) either() (expression, error) {
	return p.chain("or", p.both, func(s Subject, terms []boolean) bool {
		return slices.ContainsFunc(terms, func(term boolean) bool { return term(s) })
	})
}

// both takes a chain of and.
func (p *parser) both() (expression, error) {
	return p.chain("and", p.comparison, func(s Subject, terms []boolean) bool {
		return !slices.ContainsFunc(terms, func(term boolean) bool { return !term(s) })
	})
}

// chain takes terms with an operator between them. A chain is no deeper for being
// long.
func (p *parser) chain(operator string, term func() (expression, error), join func(Subject, []boolean) bool) (expression, error) {
	first, err := term()
	if err != nil || !p.next.is(operator) {
		return first, err
	}
	terms := []expression{first}
	for p.next.is(operator) {
		if err := p.advance(); err != nil {
			return expression{}, err
		}
		following, err := term()
		if err != nil {
			return expression{}, err
		}
		terms = append(terms, following)
	}
	tests := make([]boolean, len(terms))
	for i := range terms {
		if terms[i].kind != kindBoolean {
			return expression{}, terms[i].fault("is %s beside %s, which joins booleans", terms[i].kind, operator)
		}
		tests[i] = terms[i].boolean
	}
	return expression{kind: kindBoolean, at: first.at, boolean: func(s Subject) bool { return join(s, tests) }}, nil
}

// comparison takes a term, and what it is compared with.
func (p *parser) comparison() (expression, error) {
	left, err := p.term()
	if err != nil || p.next.kind != word {
		return left, err
	}
	operator := p.next
	if operator.text == "in" {
		if err := p.advance(); err != nil {
			return expression{}, err
		}
		return p.membership(left)
	}
	compare, known := comparisons[operator.text]
	if !known {
		return left, nil
	}
	if err := p.advance(); err != nil {
		return expression{}, err
	}
	right, err := p.term()
	if err != nil {
		return expression{}, err
	}
	test := compare(left, right)
	if test == nil {
		return expression{}, &Error{operator.at + 1, fmt.Sprintf("%s cannot compare %s with %s", operator.text, left.kind, right.kind)}
	}
	return expression{kind: kindBoolean, at: left.at, boolean: test}, nil
}

// membership takes what stands behind in: groups, or a list of literals.
func (p *parser) membership(left expression) (expression, error) {
	made := expression{kind: kindBoolean, at: left.at}
	if p.next.is("groups") {
		member, isText := left.as(kindText)
		if !isText {
			return expression{}, left.fault("is %s; only a string can be in groups", left.kind)
		}
		made.boolean = func(s Subject) bool {
			name, is := member.text(s)
			return is && s.InGroup(name)
		}
		return made, p.advance()
	}
	if !p.next.is("(") {
		return expression{}, p.unexpected(`groups or a list, such as ('a', 'b'),`)
	}
	var tests []boolean
	for following := true; following; following = p.next.is(",") {
		if err := p.advance(); err != nil {
			return expression{}, err
		}
		element, err := p.literal()
		if err != nil {
			return expression{}, err
		}
		test := equal(left, element)
		if test == nil {
			return expression{}, element.fault("is %s in a list for %s", element.kind, left.kind)
		}
		tests = append(tests, test)
	}
	made.boolean = func(s Subject) bool {
		return slices.ContainsFunc(tests, func(test boolean) bool { return test(s) })
	}
	return made, p.expect(")")
}

// literal takes a string, an integer, true, false or null.
func (p *parser) literal() (expression, error) {
	found := p.next
	made := expression{at: found.at}
	switch {
	case found.kind == quoted:
		made.kind, made.text = kindText, textLiteral(found.text)
	case found.kind == integer:
		made.kind, made.number = kindNumber, numberLiteral(found.number)
	case found.is("true"), found.is("false"), found.is("null"):
		made = names[found.text]
		made.at = found.at
	default:
		return expression{}, p.unexpected("a string, an integer, true, false or null")
	}
	return made, p.advance()
}

// term takes what needs no precedence: a literal, a name, a call, a negation, or
// an expression in parentheses.
func (p *parser) term() (expression, error) {
	if p.next.kind != word && !p.next.is("(") {
		return p.literal()
	}
	found := p.next
	if err := p.nest(); err != nil {
		return expression{}, err
	}
	defer func() { p.depth-- }()
	if err := p.advance(); err != nil {
		return expression{}, err
	}
	switch {
	case found.is("("):
		inner, err := p.either()
		if err != nil {
			return expression{}, err
		}
		inner.at = found.at
		return inner, p.expect(")")
	case found.is("not"):
		return p.negation(found.at)
	case p.next.is("("):
		return p.call(found)
	}
	made, known := names[found.text]
	if !known {
		return expression{}, &Error{found.at + 1, fmt.Sprintf("%q is no name; there are userId, connectionId, groups, protocol, and functions", found.text)}
	}
	made.at = found.at
	return made, nil
}

func (p *parser) negation(at int) (expression, error) {
	inner, err := p.term()
	if err != nil {
		return expression{}, err
	}
	if inner.kind != kindBoolean {
		return expression{}, inner.fault("is %s behind not, which binds tighter than a comparison: write not (…)", inner.kind)
	}
	return expression{kind: kindBoolean, at: at, boolean: func(s Subject) bool { return !inner.boolean(s) }}, nil
}

// call takes the arguments of a function.
func (p *parser) call(name token) (expression, error) {
	f, known := functions[name.text]
	if !known {
		return expression{}, &Error{name.at + 1, fmt.Sprintf("%q is no function", name.text)}
	}
	var args []expression
	for following := true; following; following = p.next.is(",") {
		if err := p.advance(); err != nil {
			return expression{}, err
		}
		arg, err := p.either()
		if err != nil {
			return expression{}, err
		}
		args = append(args, arg)
	}
	if err := p.expect(")"); err != nil {
		return expression{}, err
	}
	return f.apply(name, args)
}
