package subprotocol

import (
	"slices"
	"sort"
	"strings"
)

// Permission is one of the two things that a role allows in groups. User events
// need none.
type Permission uint8

const (
	// JoinLeaveGroup allows to join and to leave.
	JoinLeaveGroup Permission = iota
	// SendToGroup allows to publish. Being a member does not.
	SendToGroup

	permissionCount
)

var permissionNames = [permissionCount]string{JoinLeaveGroup: "joinLeaveGroup", SendToGroup: "sendToGroup"}

// String returns the permission's name in roles and in REST, for example
// "sendToGroup".
func (p Permission) String() string { return permissionNames[p] }

// LookupPermission returns the permission of a name, and whether there is one.
func LookupPermission(name string) (Permission, bool) {
	i := slices.Index(permissionNames[:], name)
	return Permission(max(i, 0)), i >= 0
}

const (
	rolePrefix  = "webpubsub."
	maxLiterals = 1000 // for each permission
	maxPatterns = 10   // for each permission
)

// ErrTooManyGroups: a session has, for one permission, 1000 groups that its roles
// name, or for which it was granted or revoked.
var ErrTooManyGroups = refused("role", "must not name more than 1000 groups")

// roleSet is what roles allow. It is shared and does not change, unless a session has
// one of its own to note changes in.
type roleSet struct {
	scopes  [permissionCount]scope
	changes *changes // nil: it is shared
}

// changes are where a session may do other than its roles say, by the group.
type changes [permissionCount]map[string]bool

// scope is where one permission holds: everywhere, in groups, and where a pattern
// matches.
type scope struct {
	general  bool
	groups   []string // sorted
	patterns []pattern
}

func (s *scope) allows(group []byte) bool {
	if s.general {
		return true
	}
	i := sort.Search(len(s.groups), func(i int) bool { return s.groups[i] >= string(group) })
	if i < len(s.groups) && s.groups[i] == string(group) {
		return true
	}
	for _, p := range s.patterns {
		if p.match(group) {
			return true
		}
	}
	return false
}

// readRoles reads sorted roles that begin with rolePrefix.
func readRoles(roles []string) (*roleSet, error) {
	set := new(roleSet)
	for _, role := range roles {
		for p := range permissionCount {
			rest, found := strings.CutPrefix(role, rolePrefix+p.String())
			if !found {
				continue
			}
			if err := set.scopes[p].add(rest); err != nil {
				return nil, err
			}
		}
	}
	return set, nil
}

// add reads what follows the permission's name in a role.
func (s *scope) add(rest string) error {
	group, literal := strings.CutPrefix(rest, ".")
	glob, wild := strings.CutPrefix(rest, "s.")
	switch {
	case rest == "":
		s.general = true
	case literal:
		if CheckGroup([]byte(group)) != nil {
			return refused("role", "has a group whose name is blank or longer than 1024 characters")
		}
		if len(s.groups) == maxLiterals {
			return ErrTooManyGroups
		}
		s.groups = append(s.groups, group)
	case wild:
		if err := pattern(glob).check(); err != nil {
			return err
		}
		if len(s.patterns) == maxPatterns {
			return refused("role", "must not have more than 10 patterns")
		}
		s.patterns = append(s.patterns, pattern(glob))
	}
	return nil
}
