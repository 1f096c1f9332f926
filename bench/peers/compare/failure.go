package main

import "fmt"

// failure is what went wrong with connections of the load tool, and how often.
type failure struct {
	Stage string `json:"stage"`
	Cause string `json:"cause"`
	Count uint64 `json:"count"`
}

func (f failure) String() string { return fmt.Sprintf("%d × %s: %s", f.Count, f.Stage, f.Cause) }
