package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sluicegate/sluice/gateway"
)

// document walks the nodes of one file. It collects faults instead of stopping.
type document struct {
	name    string
	origins map[string]Origin
	faults  []error
}

// applyFile sets what the file holds and returns its faults. An empty file, and
// one of comments, sets nothing.
func (s *Settings) applyFile(file File) []error {
	d := &document{name: file.Name, origins: s.origins}
	root, err := d.parse(file.YAML)
	switch {
	case err != nil:
		return []error{err}
	case root == nil:
		return nil
	}
	d.section(root, "", s.fields(), names{"hubs": func(node *yaml.Node) { s.Hubs = d.hubs(node) }})
	return d.faults
}

// parse returns the root of the only document, or nil if there is none.
func (d *document) parse(content []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var first, second yaml.Node
	switch err := decoder.Decode(&first); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, d.syntaxFault(err, content)
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		return nil, &Fault{Origin: d.at(&second), Problem: "a second YAML document; a file holds one"}
	case !errors.Is(err, io.EOF):
		return nil, d.syntaxFault(err, content)
	}
	return first.Content[0], nil
}

// syntaxFault takes the line out of the library's text, the only place that has
// it.
func (d *document) syntaxFault(err error, content []byte) *Fault {
	problem := strings.TrimPrefix(err.Error(), "yaml: ")
	fault := &Fault{Origin: Origin{File: d.name}, Problem: "is no valid YAML: " + problem}
	if n, _ := fmt.Sscanf(problem, "line %d:", &fault.Origin.Line); n == 1 {
		_, problem, _ = strings.Cut(problem, ": ")
		fault.Problem = "is no valid YAML: " + problem
	}
	if line := tabbed(content, fault.Origin.Line); line > 0 {
		fault.Origin.Line, fault.Problem = line, "is indented with a tab; YAML takes spaces only"
	}
	return fault
}

// tabbed returns the line that a tab indents, if that is the one that the library names,
// 0 being the first, or the next; or 0.
func tabbed(content []byte, named int) int {
	lines := bytes.Split(content, []byte("\n"))
	for line := max(1, named); line <= min(named+1, len(lines)); line++ {
		text := lines[line-1]
		if indent := text[:len(text)-len(bytes.TrimLeft(text, " \t"))]; bytes.IndexByte(indent, '\t') >= 0 {
			return line
		}
	}
	return 0
}

// names are the keys of mappings whose own keys are names that the file chooses,
// and what reads each.
type names map[string]func(*yaml.Node)

// section sets fields, whose paths begin with prefix, from a mapping, in which
// named may have keys too.
func (d *document) section(node *yaml.Node, prefix string, fields []field, named names) {
	d.mapping(node, prefix, func(key, node *yaml.Node) {
		path := prefix + key.Value
		i := slices.IndexFunc(fields, func(f field) bool { return f.path == path })
		under := func(f field) bool { return strings.HasPrefix(f.path, path+".") }
		section, rest, isPath := strings.Cut(key.Value, ".")
		switch {
		case i >= 0 && isPath:
			d.fault(key, path, "", fmt.Sprintf("is written nested: %s: {%s: …}", section, rest))
		case i >= 0:
			d.set(node, fields[i])
		case slices.ContainsFunc(fields, under):
			d.section(node, path+".", fields, nil)
		case named[key.Value] != nil:
			named[key.Value](node)
		default:
			keys := append(keysUnder(prefix, fields), slices.Collect(maps.Keys(named))...)
			d.fault(key, path, "", "is no setting"+didYouMean(key.Value, keys))
		}
	})
}

// keysUnder returns the keys of a section's fields and of the sections in it.
func keysUnder(prefix string, fields []field) []string {
	var keys []string
	for _, f := range fields {
		rest, under := strings.CutPrefix(f.path, prefix)
		if !under {
			continue
		}
		if key, _, _ := strings.Cut(rest, "."); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// mapping calls each for the pairs of a mapping. A section whose lines are all
// commented out is null, and empty.
func (d *document) mapping(node *yaml.Node, prefix string, each func(key, node *yaml.Node)) {
	node = resolved(node)
	path := strings.TrimSuffix(prefix, ".")
	if node.Tag == "!!null" {
		return
	}
	if node.Kind != yaml.MappingNode {
		d.fault(node, path, shown(node), "must be a mapping of keys to values")
		return
	}
	lines := make(map[string]int)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := resolved(node.Content[i]), node.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			d.fault(key, path, shown(key), "must be a plain name")
			continue
		}
		if line, twice := lines[key.Value]; twice {
			d.fault(key, prefix+key.Value, "", fmt.Sprintf("is set twice, first on line %d; remove one", line))
			continue
		}
		lines[key.Value] = key.Line
		each(key, value)
	}
}

func (d *document) hubs(node *yaml.Node) []Hub {
	var hubs []Hub
	// What a file before has said is of its own hubs.
	maps.DeleteFunc(d.origins, func(path string, _ Origin) bool { return strings.HasPrefix(path, "hubs.") })
	d.mapping(node, "hubs.", func(key, node *yaml.Node) {
		hub := newHub(key.Value)
		d.origins[HubPath(hub.Name)] = d.at(key)
		d.section(node, HubPath(hub.Name)+".", hubFields(&hub), names{
			groupsKey: func(node *yaml.Node) { hub.Groups = d.classes(hub.Name, node) },
		})
		hubs = append(hubs, hub)
	})
	return hubs
}

func (d *document) classes(hub string, node *yaml.Node) []gateway.GroupClass {
	var classes []gateway.GroupClass
	d.mapping(node, HubPath(hub)+"."+groupsKey+".", func(key, node *yaml.Node) {
		class := gateway.GroupClass{Name: key.Value, Delivery: gateway.Delivery{}.WithDefaults()}
		d.origins[classPath(hub, class.Name)] = d.at(key)
		d.section(node, classPath(hub, class.Name)+".", classFields(hub, &class), nil)
		classes = append(classes, class)
	})
	return classes
}

func (d *document) set(node *yaml.Node, f field) {
	origin := d.at(node)
	node = resolved(node)
	items := []*yaml.Node{node}
	if all, isList := f.value.(list); isList {
		if node.Kind != yaml.SequenceNode {
			d.fault(node, f.path, shown(node), "must be a list, for example [a, b]")
			return
		}
		*all.to = nil // that of a file before
		items = node.Content
	}
	for _, item := range items {
		item = resolved(item)
		switch {
		case item.Kind != yaml.ScalarNode:
			d.fault(item, f.path, shown(item), "must be a single value")
		case item.Tag == "!!null":
			d.fault(item, f.path, "", `has no value; give one, or remove the key to use the default`)
		default:
			if err := f.value.set(item.Value); err != nil {
				d.fault(item, f.path, shown(item), err.Error())
			}
		}
	}
	d.origins[f.path] = origin
}

func (d *document) fault(node *yaml.Node, path, value, problem string) {
	d.faults = append(d.faults, &Fault{d.at(node), path, value, problem})
}

func (d *document) at(node *yaml.Node) Origin {
	return Origin{File: d.name, Line: node.Line, Column: node.Column}
}

// resolved follows an alias. A chain of aliases does not exist in YAML.
func resolved(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// shown returns a node's value as a fault shows it.
func shown(node *yaml.Node) string {
	switch node.Kind {
	case yaml.ScalarNode:
		return fmt.Sprintf("%q", node.Value)
	case yaml.MappingNode:
		return "{…}"
	}
	return "[…]"
}
