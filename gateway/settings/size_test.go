package settings

import "testing"

func TestSizes(t *testing.T) {
	for _, tc := range []struct {
		text  string
		bytes int
		shown string
	}{
		{"1", 1, "1"}, {"1023", 1023, "1023"}, {"1024", 1024, "1KiB"}, {"64KiB", 65536, "64KiB"}, {"64kB", 64000, "64000"},
		{"1536KiB", 1536 << 10, "1536KiB"}, {"1MB", 1e6, "1000000"}, {"1MiB", 1 << 20, "1MiB"}, {"1GiB", 1 << 30, "1GiB"}, {"1GB", 1e9, "1000000000"},
	} {
		var got int
		if err := (size{&got}).set(tc.text); err != nil || got != tc.bytes {
			t.Errorf("%s is %d, %v; want %d", tc.text, got, err, tc.bytes)
		}
		if shown := (size{&got}).String(); shown != tc.shown {
			t.Errorf("%d shows as %s, want %s", got, shown, tc.shown)
		}
	}
}

func TestRefusedSizesChangeNothing(t *testing.T) {
	for _, text := range []string{"", "KiB", "64 KiB", "64kib", "64K", "64k", "1.5MiB", "+1", "-1", "0", "0x10", "1_000", "64KiBs", "99999999999999999999"} {
		got := 7
		if err := (size{&got}).set(text); err == nil || got != 7 {
			t.Errorf("%q gave %d and error %v; want 7 and an error", text, got, err)
		}
	}
}
