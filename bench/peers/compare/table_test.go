package main

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	s := &summary{
		Title:    "echo: 1000 connections × 64 B, 8 in flight",
		Baseline: "bareloop",
		Rows: []row{
			{Name: "bareloop", Figures: []float64{1.2345, 900, 2100, 740000.4, 2.45}, Ratio: &spread{1, 1, 1}},
			{Name: "gone", Failed: "ended without saying where it listens"},
			{Name: "sluice", Figures: []float64{1.37, 950, 2300, 699999.6, 12}, Ratio: &spread{1.071, 1.114, 1.2}, Cipher: "TLS 1.3 TLS_AES_128_GCM_SHA256"},
			{Name: "unknown", Figures: []float64{0, 1, 2, 3, 4}},
		},
		Rounds:   append(make([]round, 4), round{Saturated: []string{"bareloop", "sluice"}, Overloaded: []string{"sluice"}}),
		Repeated: 2,
		Noisy:    1,
		Worst:    noise{0.012, 0.34},
		figures:  echoFigures,
	}
	var got strings.Builder
	if err := writeTable(&got, s); err != nil {
		t.Fatal(err)
	}
	checkGolden(t, "testdata/table.md", got.String())
}
