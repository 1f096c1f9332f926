package subprotocol

import (
	"encoding/binary"
	"runtime"
	"slices"
	"strings"
	"sync"
	"weak"

	"github.com/sluicegate/sluice/internal/shrinkmap"
)

// Roles turns the roles of sessions into permissions. Sessions with the same roles,
// in whatever order, share what these take; it goes when the last of them has gone.
// The zero value is ready. It may be used by any goroutine, and must not be copied.
type Roles struct {
	mu   sync.Mutex
	sets shrinkmap.Map[string, weak.Pointer[roleSet]] // guarded by mu
}

// Permissions returns what the roles of a token or of a connect event allow. Roles
// that it does not know are passed over, and a session with none that begins with
// "webpubsub." costs nothing.
// An error is an [*Error], for a role that names a group or a pattern which cannot
// be, or too many of them.
func (r *Roles) Permissions(roles []string) (Permissions, error) {
	known := make([]string, 0, len(roles))
	for _, role := range roles {
		if strings.HasPrefix(role, rolePrefix) {
			known = append(known, role)
		}
	}
	if len(known) == 0 {
		return Permissions{}, nil
	}
	slices.Sort(known)
	set, err := r.set(slices.Compact(known))
	if err != nil {
		return Permissions{}, err
	}
	return Permissions{roles: set}, nil
}

func (r *Roles) set(sorted []string) (*roleSet, error) {
	var room [256]byte
	packed := pack(room[:0], sorted)
	r.mu.Lock()
	defer r.mu.Unlock()
	if set := r.sets.Get(string(packed)).Value(); set != nil {
		return set, nil
	}
	key := string(packed)
	set, err := readRoles(unpack(key))
	if err != nil {
		return nil, err
	}
	r.sets.Put(key, weak.Make(set))
	runtime.AddCleanup(set, r.forget, key)
	return set, nil
}

// pack appends roles end to end, each behind its length, so that no two lists have the
// same key.
func pack(key []byte, roles []string) []byte {
	for _, role := range roles {
		key = binary.AppendUvarint(key, uint64(len(role)))
		key = append(key, role...)
	}
	return key
}

// unpack returns the roles of a key as parts of it: what they came from may go.
func unpack(key string) (roles []string) {
	for key != "" {
		size, n := binary.Uvarint([]byte(key[:min(len(key), binary.MaxVarintLen64)]))
		end := n + int(size)
		roles = append(roles, key[n:end])
		key = key[end:]
	}
	return roles
}

// forget runs when a set is gone. Another may have taken its place by then.
func (r *Roles) forget(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sets.Get(key).Value() == nil {
		r.sets.Delete(key)
	}
}
