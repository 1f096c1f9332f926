package main

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/sluicegate/sluice/gateway/gatewaytest"
)

// What is in deploy/ must be accepted by the program that it is shipped with.
func TestDeployedConfigurationsAreAccepted(t *testing.T) {
	files, err := filepath.Glob("../../deploy/examples/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	configurations := make(map[string]string)
	for _, file := range files {
		configurations[filepath.Base(file)] = readFile(t, file)
	}
	var manifest struct{ Data map[string]string }
	if err := yaml.Unmarshal([]byte(readFile(t, "../../deploy/kubernetes/configmap.yaml")), &manifest); err != nil || len(manifest.Data) == 0 {
		t.Fatalf("the manifest has %d files: %v", len(manifest.Data), err)
	}
	for name, content := range manifest.Data {
		configurations["kubernetes "+name] = content
	}
	t.Chdir(namedFiles(t))
	for name, content := range configurations {
		t.Run(name, func(t *testing.T) {
			if got := runSluice(t, nil, "config", "check", write(t, "sluice.yaml", content)); got.code != exitClean {
				t.Errorf("exit code %d:\n%s%s", got.code, got.stdout, got.stderr)
			}
		})
	}
}

// namedFiles makes the files that the examples name and returns the directory.
func namedFiles(t *testing.T) string {
	t.Helper()
	pair, _ := gatewaytest.Certificate(t, "www.example.com")
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "tls"), 0o755); err != nil {
		t.Fatal(err)
	}
	certificate := block("CERTIFICATE", pair.Certificate[0])
	for name, content := range map[string]string{"www.pem": certificate, "www.key": block("PRIVATE KEY", key), "tokens.pem": certificate} {
		if err := os.WriteFile(filepath.Join(dir, "tls", name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
