package odata

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// someone is a session of the tests.
type someone struct {
	user, connection, protocol string
	groups                     []string
}

func (s *someone) UserID() (string, bool)   { return s.user, s.user != "" }
func (s *someone) ConnectionID() string     { return s.connection }
func (s *someone) InGroup(name string) bool { return slices.Contains(s.groups, name) }
func (s *someone) Groups() int              { return len(s.groups) }
func (s *someone) Protocol() string         { return s.protocol }

var (
	ana       = &someone{"Ana", "c1", "json.webpubsub.azure.v1", []string{"g1", "it's"}}
	anonymous = &someone{connection: "c2"}
)

func TestFilters(t *testing.T) {
	for _, tc := range []struct {
		filter         string
		ana, anonymous bool
	}{
		{"true", true, true},
		{"false", false, false},
		{"userId eq 'Ana'", true, false},
		{"USERID EQ 'Ana'", true, false},
		{"userId eq 'ana'", false, false},
		{"'Ana' eq userId", true, false},
		{"userId ne 'Ana'", false, true},
		{"userId eq null", false, true},
		{"userId ne null", true, false},
		{"null eq userId", false, true},
		{"null eq null", true, true},
		{"connectionId eq 'c2'", false, true},
		{"protocol eq 'json.webpubsub.azure.v1'", true, false},
		{"protocol eq null", false, true},
		{"'g1' in groups", true, false},
		{"'it''s' in groups", true, false},
		{"'G1' in groups", false, false},
		{"null in groups", false, false},
		{"userId in groups", false, false},
		{"not ('g1' in groups)", false, true},
		{"length(groups) eq 2", true, false},
		{"length(groups) eq 0", false, true},
		{"userId in ('x', 'Ana')", true, false},
		{"userId in ('x', null)", false, true},
		{"length(userId) in (3)", true, false},
		{"length(userId) gt 2", true, false},
		{"length(userId) ge 3", true, false},
		{"length(userId) lt 3", false, false},
		{"length(userId) le 3", true, false},
		{"length(userId) gt -1", true, false},
		{"null gt 0", false, false},
		{"length(null) eq null", true, true},
		{"tolower(userId) eq 'ana'", true, false},
		{"toupper(userId) eq 'ANA'", true, false},
		{"tolower(userId) eq null", false, true},
		{"trim('  x ') eq 'x'", true, true},
		{"contains(userId, 'n')", true, false},
		{"contains(userId, null)", false, false},
		{"not contains(userId, 'n')", false, true},
		{"startswith(userId, 'An')", true, false},
		{"endswith(userId, 'na')", true, false},
		{"indexof(userId, 'a') eq 2", true, false},
		{"indexof(userId, 'z') eq -1", true, false},
		{"indexof('äö', 'ö') eq 1", true, true},
		{"indexof(userId, 'a') eq null", false, true},
		{"concat(userId, '!') eq 'Ana!'", true, false},
		{"concat(userId, '!') eq null", false, true},
		{"substring('äöü', 1) eq 'öü'", true, true},
		{"substring('äöü', 1, 1) eq 'ö'", true, true},
		{"substring('äöü', 2, 9) eq 'ü'", true, true},
		{"substring('äöü', 9) eq ''", true, true},
		{"substring('äöü', -1, 2) eq 'äö'", true, true},
		{"substring('äöü', 0, -1) eq ''", true, true},
		{"substring(userId, 1) eq null", false, true},
		{"substring('x', null) eq null", true, true},
		{"true or false and false", true, true},
		{"(true or false) and false", false, false},
		{"false and false or true", true, true},
		{"not false and false", false, false},
		{"not not true", true, true},
		{"not true eq false", true, true},
		{"(userId eq 'Ana') eq true", true, false},
		{"userId eq 'x' or userId eq 'y' or userId eq 'Ana'", true, false},
		{"length(userId) gt 2 and length(userId) lt 4 and 'g1' in groups", true, false},
		{"(((userId)))eq('Ana')", true, false},
		{"\tuserId\r\neq 'Ana' ", true, false},
		{"9223372036854775807 gt -9223372036854775808", true, true},
	} {
		f, err := Parse(tc.filter)
		if err != nil {
			t.Errorf("%s: %v", tc.filter, err)
			continue
		}
		if got, other := f.Matches(ana), f.Matches(anonymous); got != tc.ana || other != tc.anonymous {
			t.Errorf("%s: %v for ana and %v for an anonymous, want %v and %v", tc.filter, got, other, tc.ana, tc.anonymous)
		}
	}
	if !(*Filter)(nil).Matches(ana) {
		t.Error("no filter does not match all")
	}
}

func TestFaults(t *testing.T) {
	for _, tc := range []struct{ filter, want string }{
		{"", "position 1: the end where a string"},
		{"userId", "position 1: is a string where true or false is wanted"},
		{"groups", "position 1: is the collection groups where"},
		{"null", "position 1: is null where"},
		{"userId eq", "position 10: the end where"},
		{"userId eq 'a", "position 11: a string begins and does not end"},
		{"userId eq 'a''", "position 11: a string begins"},
		{"userId = 'a'", `position 8: '=' has no meaning here`},
		{"é", `position 1: 'é' has no meaning here`},
		{"\xff", `position 1: '�' has no meaning here`},
		{"user eq 'a'", `position 1: "user" is no name`},
		{"userId like 'a'", `position 8: "like" where an operator or the end is wanted`},
		{"userId eq 5", "position 8: eq cannot compare a string with an integer"},
		{"userId gt 'a'", "position 8: gt cannot compare a string with a string"},
		{"groups eq 'a'", "position 8: eq cannot compare the collection groups with a string"},
		{"true eq null", "position 6: eq cannot compare a boolean with null"},
		{"not userId eq 'a'", "position 5: is a string behind not"},
		{"true and 'a'", "position 10: is a string beside and"},
		{"'a' or true", "position 1: is a string beside or"},
		{"1 in groups", "position 1: is an integer; only a string can be in groups"},
		{"userId in 'a'", "position 11: the string 'a' where groups or a list"},
		{"userId in ()", `position 12: ")" where a string`},
		{"userId in ('a', 1)", "position 17: is an integer in a list for a string"},
		{"userId in ('a'", `position 15: the end where ")" is wanted`},
		{"userId in (userId)", "position 12: \"userid\" where a string"},
		{"tolower(userId", `position 15: the end where ")" is wanted`},
		{"tolower()", `position 9: ")" where a string`},
		{"lower(userId) eq 'a'", `position 1: "lower" is no function`},
		{"contains(userId)", "position 1: contains has 1 arguments; it takes 2"},
		{"substring('a') eq 'a'", "position 1: substring has 1 arguments; it takes 2 or 3"},
		{"substring('a', 'b') eq 'a'", "position 16: is a string; argument 2 of substring is an integer"},
		{"contains(groups, 'a')", "position 10: is the collection groups; argument 1 of contains is a string"},
		{"userId eq 'a' eq true", `position 15: "eq" where an operator or the end`},
		{"(true", `position 6: the end where ")" is wanted`},
		{"true)", `position 5: ")" where an operator or the end`},
		{"length(userId) eq 9223372036854775808", "position 19: \"9223372036854775808\" is no integer"},
		{"length(userId) eq 1.5", "position 19: \"1.5\" is no integer"},
		{"length(userId) eq -", "position 19: \"-\" is no integer"},
		{strings.Repeat("(", 200) + "true" + strings.Repeat(")", 200), "position 101: nested deeper than 100"},
		{strings.Repeat("not ", 200) + "true", "position 401: nested deeper than 100"},
		{strings.Repeat(" ", MaxLength) + "true", "position 8193: the filter goes on"},
	} {
		f, err := Parse(tc.filter)
		if _, is := errors.AsType[*Error](err); !is || f != nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%.60s: %v, want %s", tc.filter, err, tc.want)
		}
	}
}

func TestLongChainsAreNotDeep(t *testing.T) {
	filter := "userId eq 'x'" + strings.Repeat(" or false", 500) + " or userId eq 'Ana'"
	f, err := Parse(filter)
	if err != nil {
		t.Fatal(err)
	}
	if !f.Matches(ana) || f.Matches(anonymous) {
		t.Error("the last term of 502 does not count")
	}
	if _, err := Parse(strings.Repeat("(", 99) + "true" + strings.Repeat(")", 99)); err != nil {
		t.Errorf("99 levels: %v", err)
	}
}

// FuzzParse: what is parsed can be evaluated, and faults lie within the text.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"userId eq 'a' and not ('g' in groups) or length(groups) gt 1",
		"substring(concat(tolower(userId),'ä'),1,2) in ('a',null)", "'it''s'", "-1 lt 2", "((", "x", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := Parse(text)
		if err == nil {
			negated, err := Parse("not (" + text + ")")
			if err != nil && len(text) < MaxLength-6 && !strings.Contains(err.Error(), "nested") {
				t.Fatalf("its negation: %v", err)
			}
			for _, s := range []*someone{ana, anonymous} {
				if err == nil && filter.Matches(s) == negated.Matches(s) {
					t.Errorf("it and its negation are both %v for %+v", filter.Matches(s), s)
				}
			}
			return
		}
		fault, is := errors.AsType[*Error](err)
		if !is || fault.Position < 1 || fault.Position > min(len(text), MaxLength)+1 || fault.Problem == "" {
			t.Errorf("%#v", err)
		}
	})
}

func BenchmarkMatches(b *testing.B) {
	for _, text := range []string{"userId eq 'Ana'", "userId ne null and ('vip' in groups or startswith(tolower(userId), 'an'))"} {
		b.Run(text, func(b *testing.B) {
			f, err := Parse(text)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				f.Matches(ana)
			}
		})
	}
}
