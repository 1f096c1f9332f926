package gateway

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strings"
	"time"
)

// CertificateStats describe a certificate of the public port.
type CertificateStats struct {
	// Name is the first name or address that it is for, and Serial its serial
	// number in hexadecimal digits.
	Name   string `json:"name"`
	Serial string `json:"serial"`
	// Expires is when the first of its chain does.
	Expires time.Time `json:"expires"`
}

// stats returns the certificates that new handshakes choose from, in the order of
// the configuration, each once. Those that a GetCertificate would give are not
// known.
func (t *tlsSide) stats() (all []CertificateStats) {
	config := t.config.Load()
	if config == nil {
		return nil
	}
	for i := range config.Certificates {
		one, err := certificateStats(&config.Certificates[i])
		same := func(other CertificateStats) bool { return other.Name == one.Name && other.Serial == one.Serial }
		if err == nil && !slices.ContainsFunc(all, same) {
			all = append(all, one)
		}
	}
	return all
}

func certificateStats(c *tls.Certificate) (stats CertificateStats, err error) {
	for i, content := range c.Certificate {
		link, err := x509.ParseCertificate(content)
		if err != nil {
			return stats, err
		}
		if i == 0 {
			stats = CertificateStats{certifiedName(link), link.SerialNumber.Text(16), link.NotAfter}
		} else if link.NotAfter.Before(stats.Expires) {
			stats.Expires = link.NotAfter
		}
	}
	return stats, nil
}

// certifiedName returns what a certificate is for. It is valid UTF-8, which a
// certificate need not be.
func certifiedName(c *x509.Certificate) string {
	var address string
	if len(c.IPAddresses) > 0 {
		address = c.IPAddresses[0].String()
	}
	names := append(slices.Clone(c.DNSNames), address, c.Subject.CommonName)
	return strings.ToValidUTF8(cmp.Or(names...), "\uFFFD")
}
