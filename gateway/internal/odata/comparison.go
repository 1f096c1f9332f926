package odata

// comparisons are the operators between two values. They return nil for values
// that cannot be compared so.
var comparisons = map[string]func(left, right expression) boolean{
	"eq": equal,
	"ne": func(left, right expression) boolean {
		same := equal(left, right)
		if same == nil {
			return nil
		}
		return func(s Subject) bool { return !same(s) }
	},
	"gt": ordered(func(a, b int64) bool { return a > b }),
	"ge": ordered(func(a, b int64) bool { return a >= b }),
	"lt": ordered(func(a, b int64) bool { return a < b }),
	"le": ordered(func(a, b int64) bool { return a <= b }),
}

// equal compares values of one kind, and any that may be null with null.
func equal(left, right expression) boolean {
	for _, k := range []kind{kindText, kindNumber} {
		a, isLeft := left.as(k)
		b, isRight := right.as(k)
		if !isLeft || !isRight {
			continue
		}
		if k == kindText {
			return same(a.text, b.text)
		}
		return same(a.number, b.number)
	}
	if left.kind == kindBoolean && right.kind == kindBoolean {
		return func(s Subject) bool { return left.boolean(s) == right.boolean(s) }
	}
	return nil
}

// same compares values that may be null, which equals itself.
func same[V comparable, F ~func(Subject) (V, bool)](left, right F) boolean {
	return func(s Subject) bool {
		a, isLeft := left(s)
		b, isRight := right(s)
		return a == b && isLeft == isRight
	}
}

// ordered returns an operator on integers. Null is in no order.
func ordered(holds func(a, b int64) bool) func(left, right expression) boolean {
	return func(left, right expression) boolean {
		left, isLeft := left.as(kindNumber)
		right, isRight := right.as(kindNumber)
		if !isLeft || !isRight {
			return nil
		}
		return func(s Subject) bool {
			a, isLeft := left.number(s)
			b, isRight := right.number(s)
			return isLeft && isRight && holds(a, b)
		}
	}
}
