package main

import (
	"math"
	"strings"
	"testing"
)

const compared = `goos: linux
pkg: github.com/sluicegate/sluice/codec
,old.txt,,new.txt,,,
,sec/op,CI,sec/op,CI,vs base,P
Slower-2,1.00e-07,2%,1.20e-07,2%,+20.00%,p=0.002 n=6
Noisy-2,1.00e-08,5%,2.00e-08,5%,~,p=1.000 n=6
Faster-2,2.00e-08,5%,1.05e-08,5%,-47.50%,p=0.002 n=6
Gone-2,2.00e-08,5%,,,,
geomean,3.2e-08,,4.0e-08,,+21.78%,

,old.txt,,new.txt,,,
,allocs/op,CI,allocs/op,CI,vs base,P
Slower-2,0,0%,1,0%,?,p=0.002 n=6
Noisy-2,0,0%,0,0%,~,p=1.000 n=6
geomean,,,,,+0.00%,

,old.txt,,new.txt,,,
,B/s,CI,B/s,CI,vs base,P
Slower-2,5e+06,0%,4e+06,0%,-20.00%,p=0.002 n=6
`

func TestParse(t *testing.T) {
	figures, err := parse([]byte(compared))
	if err != nil {
		t.Fatal(err)
	}
	if len(figures) != 5 {
		t.Fatalf("got %d figures, want 5: %+v", len(figures), figures)
	}
	slower, grown := figures[0], figures[3]
	if slower.pkg != "codec" || slower.unit != "sec/op" || math.Abs(slower.ratio()-1.2) > 1e-9 || !slower.significant {
		t.Errorf("got %+v", slower)
	}
	if !math.IsInf(grown.ratio(), 1) || figures[4].ratio() != 1 {
		t.Errorf("got the ratios %v and %v of figures that were 0", grown.ratio(), figures[4].ratio())
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "compared nothing",
		"a\"b":                     "benchstat: ",
		",sec/op,,,,,\nA,x,,2,,~,": "benchstat: A, sec/op: ",
	} {
		if _, err := parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
	}
}

func TestWorse(t *testing.T) {
	for _, test := range []struct {
		old, new    float64
		significant bool
		want        bool
	}{
		{100, 110, true, true},
		{100, 109, true, false},
		{100, 200, false, false},
		{100, 50, true, false},
		{0, 1, true, true},
		{0, 0, true, false},
	} {
		f := figure{old: test.old, new: test.new, significant: test.significant}
		if got := f.worse(1.10); got != test.want {
			t.Errorf("%v to %v, significant: %t: worse is %t", test.old, test.new, test.significant, got)
		}
	}
}

func TestWrite(t *testing.T) {
	figures, err := parse([]byte(compared))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if !write(&out, figures, 1.15) {
		t.Error("nothing is worse")
	}
	want := `| package | benchmark | unit | old | new | ratio | |
|---|---|---|---:|---:|---:|---|
| codec | Slower-2 | ns/op | 100.0 | 120.0 | 1.20 | **worse** |
| codec | Noisy-2 | ns/op | 10.0 | 20.0 | 2.00 | within noise |
| codec | Faster-2 | ns/op | 20.0 | 10.5 | 0.53 |  |
| codec | Slower-2 | allocs/op | 0 | 1 | +Inf | **worse** |

Worse: 1.15 times as much or more, with p < 0.01.
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	if write(&out, figures[1:3], 1.15) {
		t.Error("noise is worse")
	}
}
