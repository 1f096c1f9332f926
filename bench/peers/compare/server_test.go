package main

import (
	"slices"
	"testing"
)

func TestServerSpec(t *testing.T) {
	for _, c := range []struct {
		text, name string
		command    []string
	}{
		{"bareloop=./bin/bareloop", "bareloop", []string{"./bin/bareloop"}},
		{"sluice=./bin/sluice  serve --echo /echo --listen=127.0.0.1:0", "sluice", []string{"./bin/sluice", "serve", "--echo", "/echo", "--listen=127.0.0.1:0"}},
		{" two words = true ", "two words", []string{"true"}},
	} {
		var got serverSpec
		if err := got.UnmarshalText([]byte(c.text)); err != nil {
			t.Errorf("%q: %v", c.text, err)
		}
		if got.Name != c.name || !slices.Equal(got.Command, c.command) {
			t.Errorf("%q: got %+v", c.text, got)
		}
	}
	for _, text := range []string{"", "./bin/bareloop", "=true", "name=", "name=  "} {
		if err := new(serverSpec).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func TestListening(t *testing.T) {
	for line, want := range map[string]string{
		"listening on 127.0.0.1:8080":                                "127.0.0.1:8080",
		"listening on [::1]:8080":                                    "[::1]:8080",
		"listening on 0.0.0.0:8080":                                  "127.0.0.1:8080",
		"listening on [::]:8080":                                     "[::1]:8080",
		`level=INFO msg="listening on 127.0.0.1:43210" engine=epoll`: "127.0.0.1:43210",
		"not listening":                                              "",
		"listening on /run/socket":                                   "",
		"listening on 999.0.0.1:8080":                                "",
		"listening on 127.0.0.1:99999":                               "",
	} {
		got, ok := listening(line)
		if got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v; want %q", line, got, ok, want)
		}
	}
}

func TestCPUList(t *testing.T) {
	for text, want := range map[string]cpuList{"0": {0}, "0,2,1": {0, 2, 1}, "1023": {1023}} {
		var got cpuList
		if err := got.UnmarshalText([]byte(text)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: got %v, %v; want %v", text, got, err, want)
		}
		if got.String() != text {
			t.Errorf("%v: String is %q, want %q", got, got.String(), text)
		}
	}
	for _, text := range []string{"", "a", "0,", "-1", "1024", "0-3"} {
		if err := new(cpuList).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}
