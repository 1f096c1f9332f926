package webhook

import (
	"fmt"
	"net/http"
	"strings"
)

// Bounds of a user event's metadata. Servers take some 8 to 16 KiB of headers.
const (
	maxMetadata      = 64
	maxMetadataBytes = 4 << 10
)

// tokenCharacters are those of a token (RFC 9110 §5.6.2), of which names of headers
// consist.
const tokenCharacters = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

const metadataPrefix = "X-Webpubsub-Metadata-"

// headerValue encodes text for a header as CloudEvents does (HTTP binding
// §3.1.3.2): what is not printable ASCII, and quote and percent, become %XX of
// their UTF-8 bytes. So a user id may hold any character, and none that ends a
// header. Handlers decode with a percent-decoder. Those of the SDKs do not, and
// send to the user that they read: the space of a name like "Ana B" stays, unless
// HTTP would cut it off.
func headerValue(text string) string {
	const hex = "0123456789ABCDEF"
	var encoded strings.Builder
	for i := range len(text) {
		within := i > 0 && i < len(text)-1
		if c := text[i]; c > ' ' && c < 0x7f && c != '"' && c != '%' || c == ' ' && within {
			encoded.WriteByte(c)
		} else {
			encoded.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return encoded.String()
}

// metadataHeader returns the headers of a message's metadata. Keys become names of
// headers and cannot be encoded: those that are no token are refused.
func metadataHeader(metadata map[string]string) (http.Header, error) {
	if len(metadata) > maxMetadata {
		return nil, &Invalid{"Metadata", fmt.Sprint(len(metadata), " keys"), fmt.Sprintf("must have at most %d", maxMetadata)}
	}
	h, total := make(http.Header, len(metadata)), 0
	for key, value := range metadata {
		if key == "" || strings.Trim(key, tokenCharacters) != "" {
			return nil, &Invalid{"Metadata", key, "a key must be a token: letters, digits and !#$%&'*+-.^_`|~"}
		}
		name, encoded := http.CanonicalHeaderKey(metadataPrefix+key), headerValue(value)
		if h.Values(name) != nil {
			return nil, &Invalid{"Metadata", key, "another key differs from it in case only, which headers cannot tell apart"}
		}
		if total += len(name) + len(encoded); total > maxMetadataBytes {
			return nil, &Invalid{"Metadata", key, fmt.Sprintf("with it, the headers of the metadata have more than %d bytes", maxMetadataBytes)}
		}
		h.Set(name, encoded)
	}
	return h, nil
}
