package api

import (
	"iter"
	"net/url"
	"strconv"
	"strings"
)

// query is the query of a request as it was sent. Reading a few parameters of it
// takes no memory, which a map of all would.
type query string

// values returns what the parameters of a name are given as. One that cannot be
// decoded ends the request with a problem.
func (q query) values(name string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for pair := range strings.SplitSeq(string(q), "&") {
			key, value, _ := strings.Cut(pair, "=")
			if key != name && !(strings.ContainsAny(key, "%+") && unescaped(key) == name) {
				continue
			}
			decoded, err := url.QueryUnescape(value)
			if err != nil {
				yield("", bad(name, "is not percent-encoded: %v", err))
				return
			}
			if !yield(decoded, nil) {
				return
			}
		}
	}
}

func unescaped(key string) string {
	decoded, _ := url.QueryUnescape(key) // what cannot be decoded is no name
	return decoded
}

// text returns the one value of a parameter, or "".
func (q query) text(name string) (string, error) {
	all, err := q.list(name)
	switch {
	case err != nil:
		return "", err
	case len(all) == 0:
		return "", nil
	case len(all) > 1:
		return "", bad(name, "is given %d times; give it once", len(all))
	}
	return all[0], nil
}

// list returns all values of a parameter, or nil.
func (q query) list(name string) (all []string, err error) {
	for value, fault := range q.values(name) {
		if fault != nil {
			return nil, fault
		}
		all = append(all, value)
	}
	return all, nil
}

// number returns a parameter that is a whole number from least to most; standard
// if it is not given.
func (q query) number(name string, least, most, standard int) (int, error) {
	text, err := q.text(name)
	if err != nil || text == "" {
		return standard, err
	}
	n, failed := strconv.Atoi(text)
	if failed != nil || n < least || n > most {
		return 0, bad(name, "%q: must be a whole number, %d to %d", text, least, most)
	}
	return n, nil
}
