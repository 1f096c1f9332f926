package subprotocol

import "unicode/utf8"

const (
	maxStars = 5
	// maxNameBytes is as long as a group's name can be: characters of four bytes.
	maxNameBytes = maxName * utf8.UTFMax
)

// pattern stands for the groups whose names match it. In it ? is one character that
// is not a dot, * any number of them, ** any number of any characters, and a
// backslash takes the meaning from what follows.
type pattern string

// check reports whether a pattern may be used: 1 to 1024 characters, no more than
// five stars (** is one), and something behind every backslash.
func (p pattern) check() error {
	if p == "" || utf8.RuneCountInString(string(p)) > maxName {
		return refused("role", "has a pattern that has not 1 to 1024 characters")
	}
	stars := 0
	for rest := p; rest != ""; {
		switch {
		case rest[0] == '\\' && len(rest) == 1:
			return refused("role", "has a pattern that ends with a backslash")
		case rest[0] == '\\':
			rest = rest[2:]
			continue
		case rest[0] == '*':
			stars++
			if len(rest) > 1 && rest[1] == '*' {
				rest = rest[1:]
			}
		}
		rest = rest[1:]
	}
	if stars > maxStars {
		return refused("role", "has a pattern with more than 5 stars")
	}
	return nil
}

// match reports whether a name matches. It goes through the pattern once, with all
// the places of the name that it may have come to, and so takes at most the product
// of the two lengths: a search that tries and turns back could be made to take
// seconds by whoever chooses the names.
func (p pattern) match(name []byte) bool {
	if len(name) > maxNameBytes {
		return false
	}
	var places, next placeSet
	places.add(0)
	for p != "" {
		switch {
		case len(p) > 1 && p[:2] == "**":
			places.spread(name)
			p = p[2:]
		case p[0] == '*':
			places.spreadToDot(name)
			p = p[1:]
		default:
			block := p.block()
			next = placeSet{}
			found := false
			for at := range len(name) + 1 {
				if !places.has(at) {
					continue
				}
				if n := block.prefix(name[at:]); n >= 0 {
					next.add(at + n)
					found = true
				}
			}
			if !found {
				return false
			}
			places, p = next, p[len(block):]
		}
	}
	return places.has(len(name))
}

// block returns the part of the pattern in front of its next star.
func (p pattern) block() pattern {
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case '\\':
			i++
		case '*':
			return p[:i]
		}
	}
	return p
}

// prefix returns how many bytes of a name a block matches at its front; -1 if it
// does not.
func (p pattern) prefix(name []byte) int {
	n := 0
	for i := 0; i < len(p); i++ {
		if n == len(name) {
			return -1
		}
		if p[i] == '?' {
			if name[n] == '.' {
				return -1
			}
			_, size := utf8.DecodeRune(name[n:])
			n += size
			continue
		}
		if p[i] == '\\' {
			i++
		}
		if p[i] != name[n] {
			return -1
		}
		n++
	}
	return n
}

// placeSet is a set of places in a name, from 0 to its length.
type placeSet [maxNameBytes/64 + 1]uint64

func (s *placeSet) add(place int)      { s[place/64] |= 1 << (place % 64) }
func (s *placeSet) has(place int) bool { return s[place/64]&(1<<(place%64)) != 0 }

// spread adds all places behind the first. Within a character there is none: ? would
// take its rest for another one.
func (s *placeSet) spread(name []byte) {
	for i := range name {
		if s.has(i) {
			s.addAfter(name, i)
		}
	}
}

// spreadToDot adds the places behind each, up to the next dot.
func (s *placeSet) spreadToDot(name []byte) {
	for i, c := range name {
		if c != '.' && s.has(i) {
			s.addAfter(name, i)
		}
	}
}

// addAfter adds the place behind the character at one.
func (s *placeSet) addAfter(name []byte, place int) {
	_, size := utf8.DecodeRune(name[place:])
	s.add(place + size)
}
