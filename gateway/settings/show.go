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
	s.renderAll(root, "", s.fields())
	if len(s.Hubs) > 0 {
		hubs := child(root, "hubs")
		for i := range s.Hubs {
			s.renderHub(child(hubs, s.Hubs[i].Name), &s.Hubs[i])
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

func (s *Settings) renderHub(hub *yaml.Node, h *Hub) {
	s.renderAll(hub, HubPath(h.Name)+".", hubFields(h))
	if len(h.Groups) == 0 {
		return
	}
	groups := child(hub, groupsKey)
	for i := range h.Groups {
		c := &h.Groups[i]
		s.renderAll(child(groups, c.Name), classPath(h.Name, c.Name)+".", classFields(h.Name, c))
	}
}

// renderAll adds fields, whose paths begin with prefix, to a mapping, and the
// sections that they are in.
func (s *Settings) renderAll(to *yaml.Node, prefix string, fields []field) {
	sections := make(map[string]*yaml.Node)
	for _, f := range fields {
		key := strings.TrimPrefix(f.path, prefix)
		section, nestedKey, nested := strings.Cut(key, ".")
		if !nested {
			s.render(to, key, f)
			continue
		}
		if sections[section] == nil {
			sections[section] = child(to, section)
		}
		s.render(sections[section], nestedKey, f)
	}
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
