package token_test

import (
	"strings"
	"testing"

	"github.com/sluicegate/sluice/gateway/token"
)

func TestParseEndpoint(t *testing.T) {
	for text, want := range map[string]string{
		"http://127.0.0.1:8080":     "http://127.0.0.1:8080",
		"http://127.0.0.1:8080/":    "http://127.0.0.1:8080",
		"HTTPS://Example.COM:443/A": "https://example.com/A",
		"http://example.com:80":     "http://example.com",
		"http://example.com:443":    "http://example.com:443",
		"example.com":               "https://example.com",
		"http://[::1]:9000/x/":      "http://[::1]:9000/x",
	} {
		got, err := token.ParseEndpoint(text)
		if err != nil || got.String() != want {
			t.Errorf("%s: %v, %v; want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                    "is no URL",
		"http://":             "is no URL",
		"http://%zz":          "is no URL",
		"ws://example.com":    "scheme ws",
		"http://u:p@h":        "nothing but",
		"http://h/?a=b":       "nothing but",
		"http://h/#a":         "nothing but",
		"http://h/a%20b":      "no escapes",
		"unix:///run/s.sock":  "is no URL",
		"http://h:port/x":     "is no URL",
		"ftp://example.com/x": "scheme ftp",
	} {
		if _, err := token.ParseEndpoint(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestClientURL(t *testing.T) {
	for text, want := range map[string]string{
		"http://127.0.0.1:8080":    "ws://127.0.0.1:8080/client/hubs/chat",
		"https://example.com/live": "wss://example.com/live/client/hubs/chat",
	} {
		if got := endpoints(t, text)[0].ClientURL("chat"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestConnectionStrings(t *testing.T) {
	const secret = "a=b==/+"
	for text, want := range map[string]string{
		"Endpoint=http://127.0.0.1:8080;AccessKey=" + secret + ";Version=1.0;": "http://127.0.0.1:8080",
		" accesskey = " + secret + " ; ENDPOINT = example.com":                 "https://example.com",
		"Endpoint=http://example.com;AccessKey=" + secret + ";Port=8080":       "http://example.com:8080",
		"Endpoint=http://[::1]:1/x;AccessKey=" + secret + ";Port=80":           "http://[::1]/x",
	} {
		got, err := token.ParseConnectionString(text)
		if err != nil || got.Endpoint.String() != want || got.AccessKey != secret {
			t.Errorf("%s: %v, %v", text, got, err)
			continue
		}
		if again, err := token.ParseConnectionString(got.String()); err != nil || again != got {
			t.Errorf("%v printed and parsed: %v, %v", got, again, err)
		}
	}
	for text, want := range map[string]string{
		"":                                     "Endpoint: is missing",
		"Endpoint=http://h":                    "AccessKey: is missing",
		"AccessKey=k":                          "Endpoint: is missing",
		"Endpoint=http://h;k":                  "has no =",
		"Endpoint=http://h;endpoint=x":         "endpoint: is given twice",
		"Endpoint=ws://h;AccessKey=k":          "scheme ws",
		"Endpoint=h;AccessKey=k;Port=x":        `Port: "x"`,
		"Endpoint=h;AccessKey=k;Version=2.0":   `Version: "2.0"`,
		"Endpoint=h;AccessKey=k;Port=65536":    `Port: "65536"`,
		"Endpoint=http://u@h;AccessKey=secret": "nothing but",
	} {
		if _, err := token.ParseConnectionString(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
