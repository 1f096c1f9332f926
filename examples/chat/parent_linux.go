package main

import "syscall"

// endWithParent has the kernel end a child whose parent has gone. What it watches is the
// thread that starts the child, and the threads of a Go program live as long as it does.
func endWithParent(child *syscall.SysProcAttr) { child.Pdeathsig = syscall.SIGTERM }
