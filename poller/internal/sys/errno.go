package sys

import "syscall"

// EAGAIN is the error of a call that would have to wait.
const EAGAIN = syscall.EAGAIN
