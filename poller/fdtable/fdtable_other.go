//go:build !linux

package fdtable

import "errors"

var errUnsupported = errors.New("private descriptor tables need Linux")

// Prepare reports that there are no private tables here.
func Prepare() error { return errUnsupported }

// Grow does nothing here.
func Grow() {}

// Run calls f on a goroutine. It does not wait.
func Run(f func()) { go f() }

// Leave reports that there are no private tables here.
func Leave(...int) error { return errUnsupported }
