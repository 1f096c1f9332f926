package subprotocol_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/gateway/subprotocol"
)

var (
	key = []byte("0123456789abcdef0123456789abcdef")
	now = time.Unix(1_700_000_000, 0)
)

const week = 7 * 24 * time.Hour

func recovery(t testing.TB, key []byte) *subprotocol.Recovery {
	t.Helper()
	r, err := subprotocol.NewRecovery(key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRecovery(t *testing.T) {
	r := recovery(t, key)
	token := r.Mint("c1", now)
	if len(token) != 54 {
		t.Errorf("%q has %d characters", token, len(token))
	}
	for _, tc := range []struct {
		name              string
		token, connection string
		at                time.Time
		want              error
	}{
		{"good", token, "c1", now, nil},
		{"as late as may be", token, "c1", now.Add(week - time.Second), nil},
		{"expired", token, "c1", now.Add(week), subprotocol.ErrTokenExpired},
		{"another connection", token, "c2", now, subprotocol.ErrToken},
		{"expired and another connection", token, "c2", now.Add(week), subprotocol.ErrToken},
		{"another key", recovery(t, []byte(strings.Repeat("k", 32))).Mint("c1", now), "c1", now, subprotocol.ErrToken},
		{"empty", "", "c1", now, subprotocol.ErrToken},
		{"cut", token[:53], "c1", now, subprotocol.ErrToken},
		{"longer", token + "A", "c1", now, subprotocol.ErrToken},
		{"a line break for a character", token[:53] + "\n", "c1", now, subprotocol.ErrToken},
		{"no base64url", token[:53] + "+", "c1", now, subprotocol.ErrToken},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := r.Verify(tc.token, tc.connection, tc.at); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

// No token but the one that was made is good, whichever character is another.
func TestRecoveryChecksEveryCharacter(t *testing.T) {
	r := recovery(t, key)
	token := r.Mint("c1", now)
	for i := range token {
		for _, c := range "ABxyz089-_" {
			other := token[:i] + string(c) + token[i+1:]
			if other != token && r.Verify(other, "c1", now) == nil {
				t.Errorf("%q is good, and so is %q", other, token)
			}
		}
	}
}

func TestRecoveryKey(t *testing.T) {
	if _, err := subprotocol.NewRecovery(key[:31]); err == nil {
		t.Error("a key of 31 bytes was taken")
	}
	mine := append([]byte(nil), key...)
	r := recovery(t, mine)
	mine[0]++
	if err := r.Verify(recovery(t, key).Mint("c", now), "c", now); err != nil {
		t.Errorf("the key changed with the slice it came in: %v", err)
	}
}
