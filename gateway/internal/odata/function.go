package odata

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// function is one that filters may call.
type function struct {
	params   []kind
	optional int // how many of the last may be missing
	result   func(args []expression) expression
}

// functions by name. What one of them makes of null is null, or false.
var functions = map[string]function{
	"length":     {[]kind{kindText}, 0, length},
	"tolower":    {[]kind{kindText}, 0, changed(strings.ToLower)},
	"toupper":    {[]kind{kindText}, 0, changed(strings.ToUpper)},
	"trim":       {[]kind{kindText}, 0, changed(strings.TrimSpace)},
	"contains":   {[]kind{kindText, kindText}, 0, tested(strings.Contains)},
	"startswith": {[]kind{kindText, kindText}, 0, tested(strings.HasPrefix)},
	"endswith":   {[]kind{kindText, kindText}, 0, tested(strings.HasSuffix)},
	"indexof":    {[]kind{kindText, kindText}, 0, indexOf},
	"concat":     {[]kind{kindText, kindText}, 0, concat},
	"substring":  {[]kind{kindText, kindNumber, kindNumber}, 1, substring},
}

// apply returns the call of the function with args.
func (f *function) apply(name token, args []expression) (expression, error) {
	if most, least := len(f.params), len(f.params)-f.optional; len(args) > most || len(args) < least {
		return expression{}, &Error{name.at + 1, fmt.Sprintf("%s has %d arguments; it takes %s", name.text, len(args), span(least, most))}
	}
	if name.text == "length" && args[0].kind == kindGroups {
		count := func(s Subject) (int64, bool) { return int64(s.Groups()), true }
		return expression{kind: kindNumber, at: name.at, number: count}, nil
	}
	for i := range args {
		arg, fits := args[i].as(f.params[i])
		if !fits {
			return expression{}, args[i].fault("is %s; argument %d of %s is %s", args[i].kind, i+1, name.text, f.params[i])
		}
		args[i] = arg
	}
	made := f.result(args)
	made.at = name.at
	return made, nil
}

func span(least, most int) string {
	if least == most {
		return fmt.Sprint(most)
	}
	return fmt.Sprintf("%d or %d", least, most)
}

// changed is a function from a string to another.
func changed(change func(string) string) func([]expression) expression {
	return func(args []expression) expression {
		from := args[0].text
		return expression{kind: kindText, text: func(s Subject) (string, bool) {
			value, is := from(s)
			return change(value), is
		}}
	}
}

// tested is a function from two strings to yes or no.
func tested(test func(whole, part string) bool) func([]expression) expression {
	return func(args []expression) expression {
		of := pair(args)
		return expression{kind: kindBoolean, boolean: func(s Subject) bool {
			whole, part, are := of(s)
			return are && test(whole, part)
		}}
	}
}

// pair returns the first two arguments, and whether neither is null.
func pair(args []expression) func(Subject) (first, second string, are bool) {
	a, b := args[0].text, args[1].text
	return func(s Subject) (string, string, bool) {
		first, isFirst := a(s)
		second, isSecond := b(s)
		return first, second, isFirst && isSecond
	}
}

func length(args []expression) expression {
	of := args[0].text
	return expression{kind: kindNumber, number: func(s Subject) (int64, bool) {
		value, is := of(s)
		return int64(utf8.RuneCountInString(value)), is
	}}
}

// indexOf is -1 for what is not there.
func indexOf(args []expression) expression {
	of := pair(args)
	return expression{kind: kindNumber, number: func(s Subject) (int64, bool) {
		whole, part, are := of(s)
		at := strings.Index(whole, part)
		if !are {
			return 0, false
		}
		if at < 0 {
			return -1, true
		}
		return int64(utf8.RuneCountInString(whole[:at])), true
	}}
}

func concat(args []expression) expression {
	of := pair(args)
	return expression{kind: kindText, text: func(s Subject) (string, bool) {
		first, second, are := of(s)
		if !are {
			return "", false
		}
		return first + second, true
	}}
}

// substring takes the string from a position on, or so many characters of it.
func substring(args []expression) expression {
	of, from := args[0].text, args[1].number
	count := func(Subject) (int64, bool) { return math.MaxInt64, true }
	if len(args) == 3 {
		count = args[2].number
	}
	return expression{kind: kindText, text: func(s Subject) (string, bool) {
		value, is := of(s)
		start, isStart := from(s)
		characters, isCount := count(s)
		if !is || !isStart || !isCount {
			return "", false
		}
		value = value[offset(value, start):]
		return value[:offset(value, characters)], true
	}}
}

// offset returns where the character of that number begins, or the nearest end.
func offset(s string, character int64) int {
	for at := range s {
		if character <= 0 {
			return at
		}
		character--
	}
	return len(s)
}
