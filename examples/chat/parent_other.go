//go:build !linux

package main

import "syscall"

// endWithParent does nothing: only Linux can end a child whose parent has gone.
func endWithParent(*syscall.SysProcAttr) {}
