package limit

import "net/netip"

// Access says which addresses are let in. The zero value lets in all.
//
// The smallest network that holds an address decides, on whichever list it
// stands; one that stands on both denies. An address that no network holds is let
// in if Allow is empty. So a network may be denied but for a part of it, and
// allowed but for a part of it. For exceptions to Deny alone, Allow must also hold
// 0.0.0.0/0 and ::/0.
type Access struct{ Allow, Deny Prefixes }

// Admits reports whether addr is let in.
func (a Access) Admits(addr netip.Addr) bool {
	denied, isDenied := a.Deny.Longest(addr)
	if a.Allow.Len() == 0 {
		return !isDenied
	}
	allowed, isAllowed := a.Allow.Longest(addr)
	return isAllowed && (!isDenied || allowed.Bits() > denied.Bits())
}
