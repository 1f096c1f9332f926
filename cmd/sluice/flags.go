package main

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/sluicegate/sluice/gateway/settings"
)

// settingFlags gives a command one flag for each setting of the catalog. Kong
// reads flags off struct fields, so the struct is made from the catalog: a
// setting is declared in one place only.
type settingFlags struct {
	kong.Plugins
}

func newSettingFlags() settingFlags {
	defaults := settings.Default()
	var fields []reflect.StructField
	for i, s := range settings.Catalog() {
		help := fmt.Sprintf("%s%s (%s).", strings.ToUpper(s.Help[:1]), s.Help[1:], cmp.Or(s.Value(defaults), "none"))
		field := reflect.StructField{
			Name: fmt.Sprintf("Setting%d", i),
			Type: reflect.TypeFor[*string](),
			Tag:  reflect.StructTag(fmt.Sprintf("name:%q help:%q placeholder:%q group:\"Settings (default)\"", s.Flag, help, s.Kind)),
		}
		if s.Kind == "BOOL" {
			field.Type = reflect.TypeFor[*bool]()
			field.Tag += ` negatable:""`
		}
		fields = append(fields, field)
	}
	return settingFlags{kong.Plugins{reflect.New(reflect.StructOf(fields)).Interface()}}
}

// given returns the flags that were given, by name.
func (f settingFlags) given() map[string]string {
	given := make(map[string]string)
	values := reflect.ValueOf(f.Plugins[0]).Elem()
	for i, s := range settings.Catalog() {
		if value := values.Field(i); !value.IsNil() {
			given[s.Flag] = fmt.Sprint(value.Elem())
		}
	}
	return given
}
