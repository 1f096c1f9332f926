package settings

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"
)

// YAML returns s as a file that [Load] reads back, each value with a comment
// that says where it was set.
func (s *Settings) YAML() []byte {
	root := &yaml.Node{Kind: yaml.MappingNode}
	sections := map[string]*yaml.Node{"": root}
	for _, f := range s.fields() {
		section, key, nested := strings.Cut(f.path, ".")
		if !nested {
			section, key = "", f.path
		}
		if sections[section] == nil {
			sections[section] = child(root, section)
		}
		s.render(sections[section], key, f)
	}
	if len(s.Hubs) > 0 {
		hubs := child(root, "hubs")
		for i := range s.Hubs {
			h := &s.Hubs[i]
			hub := child(hubs, h.Name)
			for _, f := range hubFields(h) {
				s.render(hub, strings.TrimPrefix(f.path, hubPath(h.Name)+"."), f)
			}
		}
	}

	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(root); err != nil {
		panic("settings: a tree of scalars did not encode: " + err.Error())
	}
	return b.Bytes()
}

// child adds an empty mapping to parent.
func child(parent *yaml.Node, name string) *yaml.Node {
	key, node := new(yaml.Node), &yaml.Node{Kind: yaml.MappingNode}
	key.SetString(name)
	parent.Content = append(parent.Content, key, node)
	return node
}

// render adds one field to a section.
func (s *Settings) render(section *yaml.Node, key string, f field) {
	name, node := new(yaml.Node), new(yaml.Node)
	name.SetString(key)
	items, isList := f.value.(list)
	switch {
	case isList:
		node.Kind, node.Style = yaml.SequenceNode, yaml.FlowStyle
		for _, item := range *items.to {
			scalar := new(yaml.Node)
			scalar.SetString(item)
			node.Content = append(node.Content, scalar)
		}
	case isText(f.value):
		node.SetString(f.value.String())
	default:
		node.Kind, node.Value = yaml.ScalarNode, f.value.String()
	}
	node.LineComment = s.origins[f.path].String()
	section.Content = append(section.Content, name, node)
}
