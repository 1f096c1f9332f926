package settings

import (
	"crypto/tls"
	"errors"
	"fmt"
)

// TLS names the files that secure the public port. The command reads them.
type TLS struct {
	// Certificates and Keys are PEM files that belong together in pairs. Without
	// any the port is plain.
	Certificates, Keys []string
	// MinVersion is [tls.VersionTLS12] or [tls.VersionTLS13].
	MinVersion uint16
	// ClientCA are PEM files with the certificates that vouch for those of
	// clients. Without any, clients are not asked for one.
	ClientCA []string
	// Clients says whether clients must have one then.
	Clients tls.ClientAuthType
}

func defaultTLS() TLS {
	return TLS{MinVersion: tls.VersionTLS12, Clients: tls.RequireAndVerifyClientCert}
}

func tlsVersion(to *uint16) value {
	return choice[uint16]{to, []option[uint16]{{"1.2", tls.VersionTLS12}, {"1.3", tls.VersionTLS13}}}
}

func clientCertificates(to *tls.ClientAuthType) value {
	return choice[tls.ClientAuthType]{to, []option[tls.ClientAuthType]{
		{"required", tls.RequireAndVerifyClientCert}, {"optional", tls.VerifyClientCertIfGiven}}}
}

// fileFaults are what is wrong with the files that are named, before any is read.
func (s *Settings) fileFaults() error {
	var faults []error
	if certificates, keys := len(s.TLS.Certificates), len(s.TLS.Keys); certificates != keys {
		faults = append(faults, s.Fault("tls.keys", fmt.Sprintf("%d files", keys),
			fmt.Sprintf("must be as many as tls.certificates, which are %d, and in the same order", certificates)))
	}
	if len(s.TLS.ClientCA) > 0 && len(s.TLS.Certificates) == 0 {
		faults = append(faults, s.Fault("tls.clientCA", "", "has no use on a plain port; set tls.certificates and tls.keys too"))
	}
	for i := range s.Hubs {
		faults = append(faults, s.authFaults(&s.Hubs[i])...)
	}
	return errors.Join(faults...)
}
