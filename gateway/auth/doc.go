// Package auth checks JSON Web Tokens (RFC 7519) before an upgrade is answered.
package auth
