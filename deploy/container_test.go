package deploy_test

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A package that moves to a new directory must not be missing in the image.
func TestTheImageIsBuiltFromAllOfTheProgram(t *testing.T) {
	listed, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if .Main}}{{$.ImportPath}}{{end}}{{end}}", "../cmd/sluice").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, listed)
	}
	let := strings.Fields(read(t, "../.dockerignore"))
	for pkg := range strings.FieldsSeq(string(listed)) {
		top, _, _ := strings.Cut(strings.TrimPrefix(pkg, "github.com/sluicegate/sluice/"), "/")
		if !slices.Contains(let, "!"+top) {
			t.Errorf("%s is not let into the image by .dockerignore", pkg)
		}
	}
}

func TestTheImageIsBuiltWithTheModulesGo(t *testing.T) {
	release := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "../go.mod"))
	if file := read(t, "container/Containerfile"); !strings.Contains(file, " golang:"+release[1]+" ") {
		t.Errorf("the container file does not build with Go %s", release[1])
	}
}
