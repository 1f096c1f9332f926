package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	directory := t.TempDir()
	at := func(name string) string { return filepath.Join(directory, name) }
	var stdout, stderr bytes.Buffer
	if code := run(context.Background(), shortRate(echoServer(t), "--out", at("first.ndjson"), "--json"), &stdout, &stderr); code != exitOK {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	recorded, err := os.ReadFile(at("first.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"document.json": stdout.Bytes(),
		"killed.ndjson": recorded[:len(recorded)/2],
		"broken.ndjson": []byte("no record"),
	} {
		if err := os.WriteFile(at(name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name string
		args []string
		code int
		page []string // what it says
		said string   // on stderr
	}{
		{"all kinds", []string{at("first.ndjson"), at("document.json"), at("killed.ndjson")}, exitOK, []string{"<b>A</b>", "document", "C: the run was cut off"}, ""},
		{"met", []string{at("first.ndjson"), "--require", "loss=0"}, exitOK, []string{"✓ passed"}, ""},
		{"not met", []string{at("first.ndjson"), "--require", "p50<1ns"}, exitFellShort, []string{"A: required p50&lt;1ns: p50 is"}, "first.ndjson: required p50<1ns: p50 is"},
		{"not met for want of figures", []string{at("killed.ndjson"), "--require", "p50<1s"}, exitFellShort, []string{"✗ fell short"}, "this run of rate has no p50"},
		{"no run", []string{at("broken.ndjson")}, exitUsage, nil, "broken.ndjson: record 1: "},
		{"no file", []string{at("nowhere")}, exitUsage, nil, "nowhere: no such file"},
		{"no place for the page", []string{at("first.ndjson"), "-o", directory}, exitUsage, nil, "--output: open"},
		{"nothing", nil, exitUsage, nil, "<file>"},
	} {
		t.Run(test.name, func(t *testing.T) {
			stdout.Reset()
			stderr.Reset()
			args := append([]string{"report"}, test.args...)
			if test.page != nil {
				args = append(args, "-o", "-")
			}
			if code := run(context.Background(), args, &stdout, &stderr); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			for _, want := range test.page {
				if !strings.Contains(stdout.String(), want) {
					t.Errorf("the page does not say %q", want)
				}
			}
			if !strings.Contains(stderr.String(), test.said) || test.said == "" && stderr.Len() > 0 {
				t.Errorf("said %q, want %q", stderr.String(), test.said)
			}
		})
	}

	stdout.Reset()
	if code := run(context.Background(), []string{"report", at("first.ndjson"), "-o", at("page.html")}, &stdout, &stderr); code != exitOK || stdout.Len() > 0 {
		t.Errorf("exit code %d, said %q", code, stdout.String())
	}
	if page, err := os.ReadFile(at("page.html")); err != nil || !bytes.HasPrefix(page, []byte("<!doctype html>")) {
		t.Errorf("the page in a file: %v", err)
	}
}
