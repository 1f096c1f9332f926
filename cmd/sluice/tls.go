package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/settings"
)

// tlsConfig reads the files that secure the public port; nil if it is plain. The
// error joins a [*settings.Fault] for each file that cannot be used.
func tlsConfig(s *settings.Settings) (*tls.Config, error) {
	if len(s.TLS.Certificates) == 0 {
		return nil, nil
	}
	config := &tls.Config{MinVersion: s.TLS.MinVersion}
	var faults []error
	for i, file := range s.TLS.Certificates {
		pair, err := readPair(s, file, s.TLS.Keys[i])
		faults = append(faults, err)
		config.Certificates = append(config.Certificates, pair)
	}
	if len(s.TLS.ClientCA) > 0 {
		config.ClientAuth, config.ClientCAs = s.TLS.Clients, x509.NewCertPool()
	}
	for _, file := range s.TLS.ClientCA {
		content, err := readNamed(s, "tls.clientCA", file)
		if err == nil && !config.ClientCAs.AppendCertsFromPEM(content) {
			err = s.Fault("tls.clientCA", file, "has no certificate; it must be PEM with blocks CERTIFICATE")
		}
		faults = append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return config, nil
}

// outdated returns a fault for each certificate that is for another time than now,
// those of a chain included. It is served all the same: there may be clients that do
// not look.
func outdated(s *settings.Settings, config *tls.Config, now time.Time) (faults []*settings.Fault) {
	if config == nil {
		return nil
	}
	for i, pair := range config.Certificates {
		for at, content := range pair.Certificate {
			link, err := x509.ParseCertificate(content)
			if err != nil {
				continue
			}
			which, refusal := "", "clients refuse it"
			if at > 0 {
				which, refusal = fmt.Sprintf("certificate %d in it ", at+1), "clients may refuse it"
			}
			if problem := untimely(link, refusal, now); problem != "" {
				faults = append(faults, s.Fault("tls.certificates", s.TLS.Certificates[i], which+problem))
			}
		}
	}
	return faults
}

// untimely says what is wrong with the time of a certificate, what clients do, and what
// is to be done; "" if now is within it.
func untimely(c *x509.Certificate, refusal string, now time.Time) string {
	switch {
	case now.After(c.NotAfter):
		return "expired at " + c.NotAfter.Format(time.RFC3339) + "; " + refusal + ": renew it and reload"
	case now.Before(c.NotBefore):
		return "is not good before " + c.NotBefore.Format(time.RFC3339) + "; " + refusal + ", unless this machine's clock is wrong"
	}
	return ""
}

func warnOfCertificates(s *settings.Settings, config *tls.Config, logger *slog.Logger) {
	for _, fault := range outdated(s, config, time.Now()) {
		logger.Warn("a certificate is out of date", "error", fault)
	}
}

// certificatePart has new connections secured with what the files hold now.
func certificatePart(g *gateway.Gateway, started *settings.Settings, logger *slog.Logger) part {
	return part{"certificates", func(next *settings.Settings) (swap, error) {
		config, err := tlsConfig(next)
		if err != nil {
			return nil, err
		}
		return func() ([]string, error) {
			secured := len(started.TLS.Certificates) > 0
			if secured != (config != nil) {
				return []string{"tls.certificates"}, nil
			}
			if !secured {
				return nil, nil
			}
			warnOfCertificates(next, config, logger)
			return nil, g.SetTLS(config)
		}, nil
	}}
}

func readPair(s *settings.Settings, certificate, key string) (tls.Certificate, error) {
	certificatePEM, err := readNamed(s, "tls.certificates", certificate)
	if err != nil {
		return tls.Certificate{}, err
	}
	keyPEM, err := readNamed(s, "tls.keys", key)
	if err != nil {
		return tls.Certificate{}, err
	}
	pair, err := tls.X509KeyPair(certificatePEM, keyPEM)
	if err != nil {
		return tls.Certificate{}, s.Fault("tls.certificates", certificate,
			"and the key in "+key+" do not make a pair: "+err.Error()+"; keys stand in the order of the certificates")
	}
	return pair, nil
}

// readNamed reads a file that the setting at path names.
func readNamed(s *settings.Settings, path, file string) ([]byte, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, unreadable(s, path, file, err)
	}
	return content, nil
}

// unreadable is the fault of a file that the setting at path names.
func unreadable(s *settings.Settings, path, file string, err error) error {
	if cause, ok := errors.AsType[*os.PathError](err); ok {
		err = cause.Err // the name is in the fault already
	}
	return s.Fault(path, file, "cannot be read: "+err.Error()+"; name a file that this user may read")
}
