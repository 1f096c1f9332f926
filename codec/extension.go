package codec

import "strings"

// An extension in Sec-WebSocket-Extensions is a name and parameters, RFC 6455
// §9.1: "name; flag; key=value". A quoted value must be a token once unquoted,
// so no legal one has a comma, a semicolon or an equals sign inside, and cutting
// at these needs no regard for quotes: what it tears is malformed either way.

// isExtension reports whether s keeps to that grammar.
func isExtension(s string) bool {
	name, parameters, more := cutExtension(s)
	legal := isToken(name)
	for legal && more {
		var p parameter
		p, parameters, more = cutParameter(parameters)
		legal = isToken(p.name) && (!p.hasValue || isToken(p.value))
	}
	return legal
}

// cutExtension splits an extension into its name and its parameters; more tells
// whether there are any.
func cutExtension(s string) (name, parameters string, more bool) {
	name, parameters, more = strings.Cut(s, ";")
	return trimSpace(name), parameters, more
}

// parameter is one parameter of an extension.
type parameter struct {
	name, value string
	hasValue    bool
}

// cutParameter splits parameters after the first one, whose value it unquotes;
// more tells whether others follow. What is malformed in it is no token.
func cutParameter(parameters string) (p parameter, rest string, more bool) {
	first, rest, more := strings.Cut(parameters, ";")
	p.name, p.value, p.hasValue = strings.Cut(first, "=")
	p.name, p.value = trimSpace(p.name), unquoted(trimSpace(p.value))
	return p, rest, more
}

// unquoted returns the text of a quoted string (RFC 9110 §5.6.4), "" if its
// quotes do not close it, and anything else as it stands.
func unquoted(s string) string {
	inner, quoted := strings.CutPrefix(s, `"`)
	if !quoted {
		return s
	}
	var text []byte
	for i := 0; i < len(inner); i++ {
		switch c := inner[i]; {
		case c == '"' && i == len(inner)-1:
			return string(text)
		case c == '"':
			return ""
		case c == '\\' && i < len(inner)-1:
			i++
		}
		text = append(text, inner[i])
	}
	return ""
}
