// Package fdtable gives a thread a table of file descriptors of its own.
//
// Threads normally share one table, whose size RLIMIT_NOFILE bounds. A thread
// that has left it can hold as many descriptors again, and opens and closes them
// without contending for the table's lock. In return a descriptor is a number in
// one table only: what runs on such a thread must not use files or sockets that
// were opened elsewhere, whose numbers mean something else here.
//
// The Go runtime allows it: it starts new threads from one that shares the
// common table, as long as the goroutine is locked to its thread.
package fdtable
