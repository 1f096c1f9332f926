package subprotocol

// Permissions are what one session may do in groups: what its roles allow, and what
// was granted and revoked since. The zero value allows nothing and costs nothing. It
// belongs to one goroutine at a time and must not be copied once it is changed.
type Permissions struct {
	roles *roleSet // shared until it is changed; nil: there are none
}

// Allow reports whether the session has the permission in a group. The name is
// borrowed.
func (p *Permissions) Allow(permission Permission, group []byte) bool {
	if p.changed() {
		if allowed, changed := p.roles.changes[permission][string(group)]; changed {
			return allowed
		}
	}
	return p.byRole(permission, group)
}

func (p *Permissions) changed() bool { return p.roles != nil && p.roles.changes != nil }

func (p *Permissions) byRole(permission Permission, group []byte) bool {
	return p.roles != nil && p.roles.scopes[permission].allows(group)
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
		if p.changed() {
			delete(p.roles.changes[permission], group)
		}
		return nil
	}
	own := p.own()
	noted := own.changes[permission]
	if _, changed := noted[group]; !changed && len(own.scopes[permission].groups)+len(noted) >= maxLiterals {
		return ErrTooManyGroups
	}
	if noted == nil {
		noted = make(map[string]bool)
		own.changes[permission] = noted
	}
	noted[group] = allowed
	return nil
}

// own returns roles that are this session's only.
func (p *Permissions) own() *roleSet {
	switch {
	case p.roles == nil:
		p.roles = &roleSet{changes: new(changes)}
	case p.roles.changes == nil:
		p.roles = &roleSet{p.roles.scopes, new(changes)}
	}
	return p.roles
}
