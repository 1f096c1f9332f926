package gateway

import (
	"fmt"
	"reflect"
)

// differences returns the paths, as in [Fault].Field, of the fields in which two
// configurations differ. Functions, and what is behind interfaces and pointers
// to other packages' values, are not compared.
func differences(a, b Config) []string {
	return differing(nil, "", reflect.ValueOf(a), reflect.ValueOf(b))
}

func differing(found []string, path string, a, b reflect.Value) []string {
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			name := a.Type().Field(i).Name
			if path != "" {
				name = path + "." + name
			}
			found = differing(found, name, a.Field(i), b.Field(i))
		}
		return found
	case reflect.Slice:
		if a.Len() != b.Len() {
			return append(found, path)
		}
		for i := range a.Len() {
			found = differing(found, fmt.Sprintf("%s[%d]", path, i), a.Index(i), b.Index(i))
		}
		return found
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() || !ours(a.Type().Elem()) {
			if a.IsNil() != b.IsNil() {
				found = append(found, path)
			}
			return found
		}
		return differing(found, path, a.Elem(), b.Elem())
	case reflect.Func, reflect.Interface:
		return found
	}
	if !a.Equal(b) {
		found = append(found, path)
	}
	return found
}

// ours reports whether t is a type of this package.
func ours(t reflect.Type) bool { return t.PkgPath() == reflect.TypeFor[Config]().PkgPath() }
