package settings

import (
	"errors"
	"strings"
	"time"
)

// Auth says how the clients of a hub show who they are: by a JSON Web Token that
// is signed with one of the keys. Without files of keys none is asked for. The
// command reads the files.
type Auth struct {
	// Secrets are files that hold a secret for HS256 each, PublicKeys PEM files
	// with keys for RS256, ES256 and EdDSA, and JWKS key sets of any of them.
	Secrets, PublicKeys, JWKS []string
	// Issuer, Audiences, Leeway, Anonymous, UserClaim and GroupsClaim are as in
	// [auth.Config].
	Issuer      string
	Audiences   []string
	Leeway      time.Duration
	Anonymous   bool
	UserClaim   string
	GroupsClaim string
	// Tokens are the places where a token is looked for, in order: "header",
	// "query:NAME" and "subprotocol:PREFIX".
	Tokens []string
	// EndExpired ends a session when its token expires.
	EndExpired bool
}

func defaultAuth() Auth {
	return Auth{Leeway: 30 * time.Second, UserClaim: "sub", GroupsClaim: "groups"}
}

// Asked reports whether tokens are asked for.
func (a *Auth) Asked() bool { return len(a.Secrets)+len(a.PublicKeys)+len(a.JWKS) > 0 }

func authFields(at string, a *Auth) []field {
	return []field{
		{at + "secrets", list{&a.Secrets, checkFile}},
		{at + "publicKeys", list{&a.PublicKeys, checkFile}},
		{at + "jwks", list{&a.JWKS, checkFile}},
		{at + "issuer", text{&a.Issuer}},
		{at + "audiences", list{&a.Audiences, checkAudience}},
		{at + "leeway", orNever{duration{&a.Leeway}, -1}},
		{at + "tokens", list{&a.Tokens, checkTokenPlace}},
		{at + "anonymous", toggle{&a.Anonymous}},
		{at + "userClaim", text{&a.UserClaim}},
		{at + "groupsClaim", text{&a.GroupsClaim}},
		{at + "endExpired", toggle{&a.EndExpired}},
	}
}

func checkAudience(s string) error {
	if s == "" {
		return errors.New("must not be empty")
	}
	return nil
}

// CutTokenPlace takes a place of [Auth].Tokens apart. ok is false if it is none.
func CutTokenPlace(place string) (kind, name string, ok bool) {
	kind, name, _ = strings.Cut(place, ":")
	switch kind {
	case "header":
		return kind, "", place == kind
	case "query", "subprotocol":
		return kind, name, name != ""
	}
	return "", "", false
}

func checkTokenPlace(s string) error {
	if _, _, ok := CutTokenPlace(s); !ok {
		return errors.New("must be header, query:NAME or subprotocol:PREFIX, for example query:access_token")
	}
	return nil
}

// authFaults finds a hub that seems to ask for tokens and lets everyone in.
func (s *Settings) authFaults(h *Hub) []error {
	at := HubPath(h.Name) + ".auth."
	if h.Auth.Asked() {
		return nil
	}
	unset := defaultAuth()
	standard := authFields(at, &unset)
	for i, f := range authFields(at, &h.Auth) {
		if f.value.String() != standard[i].value.String() {
			return []error{s.Fault(f.path, quoted(f.value),
				"is set, and there are no keys to check tokens with; name files in secrets, publicKeys or jwks, or remove auth")}
		}
	}
	return nil
}
