package settings

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// size is a number of bytes, written as a whole number with or without one of
// the units.
type size struct{ to *int }

// units are written exactly so: "kb" could mean 1000 or 1024, or bits.
var units = []struct {
	name  string
	bytes int
}{
	{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3},
}

// String chooses the largest binary unit that loses nothing.
func (v size) String() string {
	for _, u := range units[:3] {
		if *v.to >= u.bytes && *v.to%u.bytes == 0 {
			return strconv.Itoa(*v.to/u.bytes) + u.name
		}
	}
	return strconv.Itoa(*v.to)
}

func (v size) set(s string) error {
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	n, err := strconv.Atoi(digits)
	if err != nil || digits[0] == '+' {
		return errors.New("must be a whole number of bytes, or one with a unit: KiB, MiB, GiB (powers of 1024), kB, MB, GB (powers of 1000)")
	}
	unit, err := unitOf(s[len(digits):])
	if err != nil {
		return err
	}
	if n <= 0 || n > math.MaxInt/unit {
		return errors.New("must be more than 0 bytes and at most 1GiB")
	}
	*v.to = n * unit
	return nil
}

func unitOf(name string) (int, error) {
	if name == "" {
		return 1, nil
	}
	var near []string
	for _, u := range units {
		if u.name == name {
			return u.bytes, nil
		}
		if strings.EqualFold(u.name[:1], name[:1]) {
			near = append(near, fmt.Sprintf("%s (%d bytes)", u.name, u.bytes))
		}
	}
	if near != nil {
		return 0, fmt.Errorf("unit %q could mean either; write %s", name, strings.Join(near, " or "))
	}
	return 0, fmt.Errorf("unit %q is unknown; use KiB, MiB, GiB (powers of 1024) or kB, MB, GB (powers of 1000)", name)
}
