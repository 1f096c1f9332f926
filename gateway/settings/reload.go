package settings

import (
	"slices"
	"strings"

	"github.com/sluicegate/sluice/gateway"
)

// Differing returns those of the paths at which s and other have different
// values, in the order of the catalog.
func (s *Settings) Differing(other *Settings, paths ...string) []string {
	var differing []string
	for _, setting := range Catalog() {
		if slices.Contains(paths, setting.Path) && setting.Value(s) != setting.Value(other) {
			differing = append(differing, setting.Path)
		}
	}
	return differing
}

// Paths returns the settings behind fields of [gateway.Config], as
// [gateway.Gateway.Reconfigure] names them.
func (s *Settings) Paths(fields []string) []string {
	paths := make([]string, len(fields))
	for i, field := range fields {
		path, _ := s.settingOf(&gateway.Fault{Field: field})
		paths[i] = strings.ToLower(path[:1]) + path[1:]
	}
	return paths
}
