package auth

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Token is what a good token says. It is the caller's, and holds no part of the
// request.
type Token struct {
	// User is the user id; empty if the token has none.
	User string
	// Groups and Roles are those of the user; nil if the token has none.
	Groups, Roles []string
	// Expires is when the token expires, without the leeway.
	Expires time.Time
	// Claims are all claims, with numbers as [encoding/json.Number].
	Claims map[string]any
}

// Texts returns the claims as lists of texts, of which a claim that is no list has one.
func (t *Token) Texts() map[string][]string {
	all := make(map[string][]string, len(t.Claims))
	for name, claim := range t.Claims {
		list, is := claim.([]any)
		if !is {
			list = []any{claim}
		}
		texts := make([]string, len(list)) // [] and not null where there is none
		for i, element := range list {
			texts[i] = textOf(element)
		}
		all[name] = texts
	}
	return all
}

// textOf returns a claim that is no list as a text: what is none, as it was written.
func textOf(claim any) string {
	if text, is := claim.(string); is {
		return text
	}
	written, _ := json.Marshal(claim) // it was parsed from JSON
	return string(written)
}

func (c *Config) token(claims jwt.MapClaims) (*Token, error) {
	t := &Token{Claims: claims}
	if user, given := claims[c.UserClaim]; given {
		text, isText := user.(string)
		if !isText {
			return nil, fmt.Errorf("%w: %s must be a string", ErrClaim, c.UserClaim)
		}
		t.User = text
	}
	var err error
	if t.Groups, err = list(claims, c.GroupsClaim); err != nil {
		return nil, err
	}
	if t.Roles, err = list(claims, c.RolesClaim); err != nil {
		return nil, err
	}
	expires, err := claims.GetExpirationTime()
	if err != nil {
		return nil, cause(err)
	}
	t.Expires = expires.Time
	return t, nil
}

// list returns a claim that is a string or a list of strings.
func list(claims jwt.MapClaims, name string) ([]string, error) {
	switch value := claims[name].(type) {
	case nil:
		return nil, nil
	case string:
		return []string{value}, nil
	case []any:
		texts := make([]string, len(value))
		for i, element := range value {
			text, isText := element.(string)
			if !isText {
				return nil, fmt.Errorf("%w: %s[%d] must be a string", ErrClaim, name, i)
			}
			texts[i] = text
		}
		return texts, nil
	}
	return nil, fmt.Errorf("%w: %s must be a string or a list of strings", ErrClaim, name)
}
