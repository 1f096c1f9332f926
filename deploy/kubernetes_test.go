package deploy_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/sluicegate/sluice/gateway"
	"github.com/sluicegate/sluice/gateway/admin"
	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// manifests are the parts of the Kubernetes manifests that refer to each other.
type manifests struct {
	configuration struct{ Data map[string]string }
	deployment    struct {
		Spec struct {
			Template struct {
				Metadata struct{ Annotations map[string]string }
				Spec     podSpec
			}
		}
	}
	service struct {
		Spec struct{ Ports []struct{ TargetPort string } }
	}
	policy struct {
		Spec struct {
			Ingress []struct{ Ports []struct{ Port string } }
		}
	}
}

func (m *manifests) pod() podSpec { return m.deployment.Spec.Template.Spec }

type podSpec struct {
	TerminationGracePeriodSeconds int
	Containers                    []container
	Volumes                       []struct{ ConfigMap struct{ Name string } }
}

type container struct {
	Args       []string
	WorkingDir string
	Ports      []struct {
		Name          string
		ContainerPort int
	}
	StartupProbe, ReadinessProbe, LivenessProbe probe
	VolumeMounts                                []struct{ MountPath string }
}

type probe struct {
	HTTPGet struct{ Path, Port string }
}

func readManifests(t *testing.T) *manifests {
	t.Helper()
	var m manifests
	decode(t, "kubernetes/configmap.yaml", &m.configuration)
	decode(t, "kubernetes/deployment.yaml", &m.deployment)
	decode(t, "kubernetes/service.yaml", &m.service)
	decode(t, "kubernetes/networkpolicy.yaml", &m.policy)
	if len(m.pod().Containers) != 1 {
		t.Fatalf("%d containers, want 1", len(m.pod().Containers))
	}
	return &m
}

// decode reads YAML by way of JSON, which does not mind the case of keys.
func decode(t *testing.T, file string, to any) {
	t.Helper()
	var parsed any
	if err := yaml.Unmarshal([]byte(read(t, file)), &parsed); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	text, err := json.Marshal(parsed)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if err := json.Unmarshal(text, to); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func TestManifestsReferToWhatExists(t *testing.T) {
	m := readManifests(t)
	c := m.pod().Containers[0]
	s := load(t, "kubernetes/configmap.yaml", m.configuration.Data["sluice.yaml"])
	ports := make(map[string]string)
	for _, p := range c.Ports {
		ports[p.Name] = strconv.Itoa(p.ContainerPort)
	}
	for name, address := range map[string]string{"websocket": s.Listen, "admin": s.Admin} {
		if port := address[strings.LastIndex(address, ":")+1:]; ports[name] != port {
			t.Errorf("port %s is %s in the deployment and %s in the configuration", name, ports[name], port)
		}
	}
	if m.deployment.Spec.Template.Metadata.Annotations["prometheus.io/port"] != ports["admin"] {
		t.Error("metrics are looked for at another port than the admin listener's")
	}
	used := []string{m.service.Spec.Ports[0].TargetPort, c.StartupProbe.HTTPGet.Port, c.ReadinessProbe.HTTPGet.Port, c.LivenessProbe.HTTPGet.Port}
	for _, rule := range m.policy.Spec.Ingress {
		used = append(used, rule.Ports[0].Port)
	}
	for _, name := range used {
		if ports[name] == "" {
			t.Errorf("no port is called %q", name)
		}
	}
	mounted := c.VolumeMounts[0].MountPath == c.WorkingDir && m.pod().Volumes[0].ConfigMap.Name == "sluice"
	if _, exists := m.configuration.Data[c.Args[len(c.Args)-1]]; !exists || !mounted {
		t.Errorf("%v in %s is not the file of the config map", c.Args, c.WorkingDir)
	}
}

func TestProbesAreAnswered(t *testing.T) {
	c := readManifests(t).pod().Containers[0]
	handler := admin.Handler(gatewaytest.Start(t, gateway.Config{}).Gateway, "v1.2.3")
	for _, p := range []probe{c.StartupProbe, c.ReadinessProbe, c.LivenessProbe} {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest("GET", p.HTTPGet.Path, nil))
		if answer.Code != http.StatusOK {
			t.Errorf("GET %s: %d", p.HTTPGet.Path, answer.Code)
		}
	}
}

func TestEveryManifestIsListed(t *testing.T) {
	files, err := filepath.Glob("kubernetes/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	list := read(t, "kubernetes/kustomization.yaml")
	for _, file := range files {
		if name := filepath.Base(file); name != "kustomization.yaml" && !strings.Contains(list, "- "+name) && !strings.Contains(list, "path: "+name) {
			t.Errorf("the kustomization does not list %s", name)
		}
	}
	if !slices.Contains(files, "kubernetes/deployment.yaml") {
		t.Errorf("no deployment among %v", files)
	}
}
