package settings

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// value is a setting's place in memory, as text.
type value interface {
	// set parses s into the place. On error the place keeps what it held, and
	// the error says what would be right, as the end of a sentence.
	set(s string) error
	String() string
}

// isText reports whether v is free text, which a fault quotes and a file must
// not read as a number.
func isText(v value) bool {
	switch v.(type) {
	case text, address, orNone:
		return true
	}
	return false
}

// text accepts anything; the gateway validates it.
type text struct{ to *string }

func (v text) String() string     { return *v.to }
func (v text) set(s string) error { *v.to = s; return nil }

// address is "host:port".
type address struct{ to *string }

func (v address) String() string { return *v.to }

func (v address) set(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return errors.New("must be host:port, for example 127.0.0.1:8080 or [::1]:8080")
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return errors.New("must end in a port number, 0 to 65535")
	}
	*v.to = s
	return nil
}

// orDerived is a size that follows from another setting if it is 0.
type orDerived struct{ size }

func (v orDerived) set(s string) error {
	if s == "0" {
		*v.to = 0
		return nil
	}
	return v.size.set(s)
}

// orKernel is a size that the kernel chooses if it is 0, which is kept as
// negative.
type orKernel struct{ size }

func (v orKernel) String() string {
	if *v.to < 0 {
		return "0"
	}
	return v.size.String()
}

func (v orKernel) set(s string) error {
	if s == "0" {
		*v.to = -1
		return nil
	}
	return v.size.set(s)
}

// orNone is an address that may be empty.
type orNone struct{ address }

func (v orNone) set(s string) error {
	if s == "" {
		*v.to = s
		return nil
	}
	return v.address.set(s)
}

type toggle struct{ to *bool }

func (v toggle) String() string { return strconv.FormatBool(*v.to) }

func (v toggle) set(s string) error {
	switch s {
	case "true", "false":
		*v.to = s == "true"
		return nil
	}
	return errors.New("must be true or false")
}

type count struct {
	to    *int
	least int
}

func (v count) String() string { return strconv.Itoa(*v.to) }

func (v count) set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < v.least {
		return fmt.Errorf("must be a whole number, %d or more", v.least)
	}
	*v.to = n
	return nil
}

// orAll is a count that has no bound if it is 0, which is kept as negative.
type orAll struct{ count }

func (v orAll) String() string { return strconv.Itoa(max(*v.to, 0)) }

func (v orAll) set(s string) error {
	if s == "0" {
		*v.to = -1
		return nil
	}
	return v.count.set(s)
}

type duration struct{ to *time.Duration }

func (v duration) String() string { return v.to.String() }

func (v duration) set(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil {
		return errors.New("must be a duration with its unit, for example 250ms, 30s or 1m30s")
	}
	if d <= 0 {
		return errors.New("must be longer than 0s")
	}
	*v.to = d
	return nil
}

// orNever is a duration that may be zero, which is kept as never.
type orNever struct {
	duration
	never time.Duration
}

func (v orNever) String() string { return max(*v.to, 0).String() }

func (v orNever) set(s string) error {
	if d, err := time.ParseDuration(s); err == nil && d == 0 {
		*v.to = v.never
		return nil
	}
	return v.duration.set(s)
}

// choice is one of a few names.
type choice[T comparable] struct {
	to *T
	of []option[T]
}

type option[T comparable] struct {
	name  string
	value T
}

func (v choice[T]) String() string {
	for _, o := range v.of {
		if o.value == *v.to {
			return o.name
		}
	}
	return fmt.Sprint(*v.to)
}

func (v choice[T]) set(s string) error {
	names := make([]string, len(v.of))
	for i, o := range v.of {
		if o.name == s {
			*v.to = o.value
			return nil
		}
		names[i] = o.name
	}
	return fmt.Errorf("must be one of: %s%s", strings.Join(names, ", "), didYouMean(s, names))
}

// list is a sequence of texts, each of which passes check.
type list struct {
	to    *[]string
	check func(string) error
}

func (v list) String() string { return strings.Join(*v.to, ", ") }

// set adds one item.
func (v list) set(s string) error {
	if err := v.check(s); err != nil {
		return err
	}
	*v.to = append(*v.to, s)
	return nil
}

// setAll sets v from one text, in which the items of a list are separated by
// commas. A list that held others loses them.
func setAll(v value, given string) error {
	items, isList := v.(list)
	if !isList {
		return v.set(given)
	}
	*items.to = nil
	for item := range strings.SplitSeq(given, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		if err := items.set(item); err != nil {
			return err
		}
	}
	return nil
}

// checkFile accepts what may name a file.
func checkFile(s string) error {
	if s == "" {
		return errors.New("must be the path of a file")
	}
	return nil
}

// checkOrigin accepts "*" and a serialised origin (RFC 6454 §6.2), which has no
// path: with one it would match no request.
func checkOrigin(s string) error {
	u, err := url.Parse(s)
	if s == "*" || err == nil && u.Host != "" && s == u.Scheme+"://"+u.Host {
		return nil
	}
	return errors.New(`must be scheme://host or scheme://host:port with no path, for example https://example.com, or "*"`)
}

// checkToken accepts what may name a subprotocol (RFC 6455 §4.1: a token of
// RFC 2616 §2.2).
func checkToken(s string) error {
	separator := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) }
	if s == "" || strings.ContainsFunc(s, separator) {
		return errors.New("must be a token: visible ASCII without spaces and separators")
	}
	return nil
}
