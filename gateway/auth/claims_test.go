package auth

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// Whatever one token holds, the claims of the next are its own.
func TestClaimsAreReadOneTokenAfterTheOther(t *testing.T) {
	for _, tc := range []struct {
		payload string
		want    jwt.MapClaims
		err     error
	}{
		{`{"sub":"ann","exp":9007199254740993}`, jwt.MapClaims{"sub": "ann", "exp": json.Number("9007199254740993")}, nil},
		{`{"sub":"bob"}`, jwt.MapClaims{"sub": "bob"}, nil},
		{`{"sub":"bob"} {"sub":"eve"}`, jwt.MapClaims{"sub": "bob"}, nil},
		{" {\"a\":1}\n", jwt.MapClaims{"a": json.Number("1")}, nil},
		{`{"sub":"bo`, nil, ErrMalformed},
		{`b"}`, nil, ErrMalformed},
		{`[1]`, nil, ErrMalformed},
		{``, nil, ErrMalformed},
		{`null`, nil, nil},
		{`{}`, jwt.MapClaims{}, nil},
	} {
		for range 2 {
			got, err := readClaims([]byte(tc.payload))
			if !reflect.DeepEqual(got, tc.want) || !errors.Is(err, tc.err) {
				t.Errorf("%s: %v, %v; want %v, %v", tc.payload, got, err, tc.want, tc.err)
			}
			last, err := readClaims([]byte(`{"last":true}`))
			if err != nil || !reflect.DeepEqual(last, jwt.MapClaims{"last": true}) {
				t.Errorf("after %s: %v, %v", tc.payload, last, err)
			}
		}
	}
}
