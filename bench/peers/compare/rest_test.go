package main

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestBearer(t *testing.T) {
	claimed := map[string]any{"aud": "http://h/api", "webpubsub.group": []string{"g1"}}
	parts := strings.Split(bearer("key", claimed), ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Audience string   `json:"aud"`
		Groups   []string `json:"webpubsub.group"`
		Expires  int64    `json:"exp"`
	}
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	if claims.Audience != "http://h/api" || len(claims.Groups) != 1 || claims.Groups[0] != "g1" || time.Until(time.Unix(claims.Expires, 0)) < 59*time.Minute {
		t.Errorf("claims %s", text)
	}
	if bearer("another", claimed) == strings.Join(parts, ".") {
		t.Error("the key does not matter")
	}
}

func TestSpectrum(t *testing.T) {
	s := new(spectrum)
	if s.at(0.99) != 0 {
		t.Error("without any times there is a percentile")
	}
	for n := range 100 {
		s.add(time.Duration(n) * time.Millisecond)
	}
	s.add(-time.Second)
	s.add(time.Hour)
	for q, want := range map[float64]time.Duration{0.5: 49*time.Millisecond + spectrumStep, 1: 2 * time.Second} {
		if got := s.at(q); got != want {
			t.Errorf("share %v below %v, want %v", q, got, want)
		}
	}
	s.reset()
	if s.at(1) != 0 {
		t.Error("it is not empty after reset")
	}
}

func TestRESTTable(t *testing.T) {
	rows := []restRow{{"to nobody", 1, 0, 8}, {"to many", 1, 10, 1}}
	ours := func(figures ...float64) round { return round{Figures: map[string][]float64{"ours": figures}} }
	noisy := ours(80, 8, 5, 1.25)
	noisy.Noise = noise{Steal: 0.01, Others: 0.123}
	alone := restTable([]string{"ours"}, rows, [][]round{
		{ours(10, 0, 100, 0), ours(30, 0, 300, 0), ours(20, 0, 200, 0)},
		{noisy},
	})
	both := func(ours, theirs []float64) round {
		return round{Figures: map[string][]float64{"ours": ours, "theirs": theirs}}
	}
	beside := restTable([]string{"ours", "theirs"}, rows, [][]round{
		{both([]float64{10, 0, 100, 0}, []float64{15, 0, 50, 0}), both([]float64{30, 0, 300, 0}, []float64{60, 0, 150, 0})},
		{both([]float64{80, 8, 5, 1.25}, []float64{160, 16, 2.5, 5})},
	})
	checkGolden(t, "testdata/rest.md", alone+"\n"+beside)
}
