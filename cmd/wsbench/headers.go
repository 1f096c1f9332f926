package main

import (
	"fmt"
	"net/http"
	"strings"
)

// headerFields are header fields as curl takes them.
type headerFields []headerField

// headerField is a name and a value.
type headerField [2]string

func (h *headerField) UnmarshalText(text []byte) error {
	name, value, found := strings.Cut(string(text), ":")
	if name = strings.TrimSpace(name); !found || name == "" {
		return fmt.Errorf("%q: write a header field as 'NAME: VALUE'", text)
	}
	*h = headerField{name, strings.TrimSpace(value)}
	return nil
}

func (h headerFields) header() http.Header {
	if len(h) == 0 {
		return nil
	}
	header := make(http.Header, len(h))
	for _, field := range h {
		header.Add(field[0], field[1])
	}
	return header
}
