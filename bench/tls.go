package bench

import (
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"os"
)

// TLS says how the server of a wss:// URL is verified. With the zero value, as a
// browser would: by the roots of the system and the URL's host.
type TLS struct {
	// Insecure takes any certificate.
	Insecure bool `json:"insecure"`
	// CAFile has certificates in PEM form that are trusted instead of the
	// system's roots. Default: none.
	CAFile string `json:"caFile,omitempty"`
	// ServerName is asked for and verified. Default: the URL's host.
	ServerName string `json:"serverName,omitempty"`
}

// config returns the configuration of connections to a URL; nil for a ws:// one.
func (t TLS) config(target string) (*tls.Config, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, &Fault{"URL", err}
	}
	if u.Scheme != "wss" {
		return nil, nil
	}
	config := &tls.Config{
		ServerName:         t.ServerName,
		InsecureSkipVerify: t.Insecure,
		NextProtos:         []string{"http/1.1"}, // what a WebSocket is upgraded from (RFC 6455 §4.1)
	}
	if config.ServerName == "" {
		config.ServerName = u.Hostname()
	}
	// The roots are read now: a loop may have a descriptor table of its own, and
	// is to open no files.
	if t.CAFile == "" {
		config.RootCAs, err = x509.SystemCertPool()
		return config, err
	}
	text, err := os.ReadFile(t.CAFile)
	if err != nil {
		return nil, &Fault{"TLS.CAFile", err}
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(text) {
		return nil, faultf("TLS.CAFile", "%s: holds no certificate in PEM form", t.CAFile)
	}
	return config, nil
}
