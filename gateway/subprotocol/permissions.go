package subprotocol

// Permissions are what one session may do in groups: what its roles allow, and what
// was granted and revoked since. The zero value allows nothing and costs nothing. It
// belongs to one goroutine at a time and must not be copied once it is changed.
type Permissions struct {
	roles   *roleSet                          // shared; nil without roles
	changes *[permissionCount]map[string]bool // where it differs from roles
}

// Allow reports whether the session has the permission in a group. The name is
// borrowed.
func (p *Permissions) Allow(permission Permission, group []byte) bool {
	if p.changes != nil {
		if allowed, changed := p.changes[permission][string(group)]; changed {
			return allowed
		}
	}
	return p.byRole(permission, group)
}

func (p *Permissions) byRole(permission Permission, group []byte) bool {
	return p.roles != nil && p.roles[permission].allows(group)
}

// Grant gives the permission in one group. The errors are [ErrTooManyGroups] and
// those of [CheckGroup].
func (p *Permissions) Grant(permission Permission, group string) error {
	return p.change(permission, group, true)
}

// Revoke takes the permission in one group, even if a role gives it for all. It does
// not end a membership. Its errors are those of Grant.
func (p *Permissions) Revoke(permission Permission, group string) error {
	return p.change(permission, group, false)
}

// change keeps an entry only where the roles say otherwise.
func (p *Permissions) change(permission Permission, group string, allowed bool) error {
	if err := CheckGroup([]byte(group)); err != nil {
		return err
	}
	if p.byRole(permission, []byte(group)) == allowed {
		if p.changes != nil {
			delete(p.changes[permission], group)
		}
		return nil
	}
	if p.changes == nil {
		p.changes = new([permissionCount]map[string]bool)
	}
	changes := p.changes[permission]
	if _, changed := changes[group]; !changed && p.literals(permission)+len(changes) >= maxLiterals {
		return ErrTooManyGroups
	}
	if changes == nil {
		changes = make(map[string]bool)
		p.changes[permission] = changes
	}
	changes[group] = allowed
	return nil
}

func (p *Permissions) literals(permission Permission) int {
	if p.roles == nil {
		return 0
	}
	return len(p.roles[permission].groups)
}
