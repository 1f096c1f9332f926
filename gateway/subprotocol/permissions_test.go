package subprotocol_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluicegate/sluice/gateway/subprotocol"
)

const (
	join = subprotocol.JoinLeaveGroup
	send = subprotocol.SendToGroup
)

func permissions(t testing.TB, roles ...string) subprotocol.Permissions {
	t.Helper()
	var r subprotocol.Roles
	p, err := r.Permissions(roles)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRoles(t *testing.T) {
	for _, tc := range []struct {
		roles string // in a row
		join  string // groups of a, b, a.b and * in which it is allowed
		send  string
	}{
		{"", "", ""},
		{"admin webpubsub webpubsub. webpubsub.other joinLeaveGroup", "", ""},
		{"webpubsub.joinLeaveGroup", "a b a.b *", ""},
		{"webpubsub.sendToGroup", "", "a b a.b *"},
		{"webpubsub.joinLeaveGroup webpubsub.sendToGroup", "a b a.b *", "a b a.b *"},
		{"webpubsub.joinLeaveGroup.a", "a", ""},
		{"webpubsub.joinLeaveGroup.a.b webpubsub.joinLeaveGroup.b", "b a.b", ""},
		{"webpubsub.sendToGroup.*", "", "*"},
		{"webpubsub.sendToGroups.*", "", "a b *"},
		{"webpubsub.sendToGroups.** webpubsub.joinLeaveGroups.a.?", "a.b", "a b a.b *"},
		{`webpubsub.sendToGroups.\*`, "", "*"},
		{"webpubsub.sendToGroups webpubsub.sendToGroupie webpubsub.sendToGroup.a", "", "a"},
	} {
		t.Run(tc.roles, func(t *testing.T) {
			p := permissions(t, strings.Fields(tc.roles)...)
			for _, group := range []string{"a", "b", "a.b", "*"} {
				for permission, where := range map[subprotocol.Permission]string{join: tc.join, send: tc.send} {
					want := strings.Contains(" "+where+" ", " "+group+" ")
					if got := p.Allow(permission, []byte(group)); got != want {
						t.Errorf("%s in %s: %v, want %v", permission, group, got, want)
					}
				}
			}
		})
	}
}

func TestRolesThatCannotBe(t *testing.T) {
	for _, tc := range []struct{ name, role, want string }{
		{"empty group", "webpubsub.sendToGroup.", "role: has a group whose name is blank or longer than 1024 characters"},
		{"long group", "webpubsub.sendToGroup." + strings.Repeat("g", 1025), "role: has a group whose name is blank or longer than 1024 characters"},
		{"empty pattern", "webpubsub.sendToGroups.", "role: has a pattern that has not 1 to 1024 characters"},
		{"long pattern", "webpubsub.sendToGroups." + strings.Repeat("g", 1025), "role: has a pattern that has not 1 to 1024 characters"},
		{"stars", "webpubsub.sendToGroups.*.*.**.*.*.*", "role: has a pattern with more than 5 stars"},
		{"backslash", `webpubsub.sendToGroups.a\\\`, "role: has a pattern that ends with a backslash"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var r subprotocol.Roles
			p, err := r.Permissions([]string{"webpubsub.joinLeaveGroup", tc.role})
			refusal(t, err, tc.want, 0)
			if p.Allow(join, []byte("g")) {
				t.Error("other roles of a faulty list hold")
			}
		})
	}
}

func numbered(format string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(format, i)
	}
	return all
}

func TestRolesAreLimited(t *testing.T) {
	var r subprotocol.Roles
	for _, tc := range []struct {
		format string
		most   int
		want   string
	}{
		{"webpubsub.sendToGroup.%d", 1000, "role: must not name more than 1000 groups"},
		{"webpubsub.sendToGroups.%d", 10, "role: must not have more than 10 patterns"},
	} {
		if _, err := r.Permissions(append(numbered(tc.format, tc.most), "webpubsub.joinLeaveGroups.x", "webpubsub.joinLeaveGroup.x")); err != nil {
			t.Errorf("%d of %s: %v", tc.most, tc.format, err)
		}
		_, err := r.Permissions(numbered(tc.format, tc.most+1))
		refusal(t, err, tc.want, 0)
	}
	five := `webpubsub.sendToGroups.*.**\*.*.*.*`
	if _, err := r.Permissions([]string{five}); err != nil {
		t.Errorf("five stars, ** being one: %v", err)
	}
}

func TestGrantAndRevoke(t *testing.T) {
	for _, roles := range []string{"", "webpubsub.sendToGroup", "webpubsub.sendToGroup.g", "webpubsub.sendToGroups.*"} {
		t.Run(roles, func(t *testing.T) {
			p := permissions(t, roles)
			other := p.Allow(send, []byte("h"))
			for _, allowed := range []bool{true, false, false, true, false, true, true} {
				change := p.Revoke
				if allowed {
					change = p.Grant
				}
				if err := change(send, "g"); err != nil {
					t.Fatal(err)
				}
				if p.Allow(send, []byte("g")) != allowed {
					t.Errorf("after a change to %v it is not", allowed)
				}
				if p.Allow(send, []byte("h")) != other || p.Allow(join, []byte("g")) {
					t.Error("a change reached further than its group and permission")
				}
			}
		})
	}
}

func TestGrantRefuses(t *testing.T) {
	p := permissions(t, append(numbered("webpubsub.sendToGroup.%d", 400), "webpubsub.joinLeaveGroup")...)
	refusal(t, p.Grant(send, " "), "group: must not be empty or blank", 0)
	for i := range 300 {
		if err := errors.Join(p.Grant(send, fmt.Sprint("g", i)), p.Revoke(send, fmt.Sprint(i)), p.Grant(join, fmt.Sprint("g", i))); err != nil {
			t.Fatalf("change %d: %v", i, err)
		}
	}
	if err := p.Grant(send, "one more"); !errors.Is(err, subprotocol.ErrTooManyGroups) {
		t.Errorf("the 1001st: %v", err)
	}
	if p.Allow(send, []byte("one more")) {
		t.Error("a grant that failed holds")
	}
	for _, err := range []error{p.Grant(send, "g0"), p.Revoke(send, "0"), p.Revoke(send, "never granted"), p.Revoke(join, "g")} {
		if err != nil {
			t.Errorf("what adds nothing, or elsewhere: %v", err)
		}
	}
	if err := errors.Join(p.Revoke(send, "g0"), p.Grant(send, "one more")); err != nil {
		t.Errorf("after one has gone: %v", err)
	}
}

func TestPermissionNames(t *testing.T) {
	for _, p := range []subprotocol.Permission{join, send} {
		if got, ok := subprotocol.LookupPermission(p.String()); got != p || !ok {
			t.Errorf("%s is %v, %v", p, got, ok)
		}
	}
	if _, ok := subprotocol.LookupPermission("sendtogroup"); ok {
		t.Error("names differ by case")
	}
}
