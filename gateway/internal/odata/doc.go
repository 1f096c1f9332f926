// Package odata reads the filters of the public API, a part of OData's $filter,
// and turns them into predicates over sessions.
//
//	filter, err := odata.Parse("userId ne null and ('vip' in groups or startswith(tolower(userId), 'adm'))")
//	filter.Matches(session)
//
// # Language
//
// Names are in any case, literals are not:
//
//	userId, connectionId, protocol    strings; userId is null for the anonymous, protocol for clients without one
//	groups                            only in 'name' in groups, and in length(groups)
//	'it''s', 42, -1, true, false, null
//	not                               binds tightest: it wants parentheses around a comparison
//	eq ne gt ge lt le in              gt, ge, lt and le compare integers; in takes groups or a list: ('a', 'b')
//	and                               binds tighter than or
//	length tolower toupper trim contains startswith endswith indexof concat substring
//
// Lengths and positions are in characters, from 0. A function of null is null, or
// false where it answers yes or no; comparing null with gt and its like is false.
// What lies outside of a string, for substring, is left out.
//
// Types are checked when a filter is parsed, so that a predicate cannot fail. A
// [Filter] may be used from any goroutine.
package odata
