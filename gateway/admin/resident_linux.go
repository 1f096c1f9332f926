package admin

import (
	"fmt"
	"os"
)

// residentBytes reads the resident set size of this process; 0 if it cannot.
func residentBytes() int64 {
	content, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var total, resident int64
	if _, err := fmt.Sscan(string(content), &total, &resident); err != nil {
		return 0
	}
	return resident * int64(os.Getpagesize())
}
