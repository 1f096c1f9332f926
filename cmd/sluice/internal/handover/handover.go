// Package handover passes listening sockets to the process that is to serve
// next: from a service manager to the program, and from the program to its
// successor.
//
// A successor is started with the sockets as its first descriptors behind the
// standard streams, and behind them the end of a pipe. It writes to the pipe once
// it serves; until then its predecessor goes on as if nothing had happened. The
// environment variable SLUICE_HANDOVER tells the successor what it has got.
//
// A service manager passes sockets as sd_listen_fds(3) has it. A socket named
// "admin" (FileDescriptorName= of its unit) is for the admin listener, every
// other one for the public port.
package handover

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/coreos/go-systemd/v22/activation"
)

// Sockets are listening sockets. Whoever has them owns them.
type Sockets struct {
	// Public are those of the public port; there may be none.
	Public []*os.File
	// Admin is that of the admin listener, or nil.
	Admin *os.File
}

// Inheritance is what this process was started with.
type Inheritance struct {
	Sockets
	ready *os.File // nil: nobody waits
}

const (
	variable = "SLUICE_HANDOVER"
	first    = 3 // the first descriptor behind the standard streams
	// adminName is what a service manager calls the socket of the admin listener.
	adminName = "admin"
)

// Receive returns what this process was started with. It may be called once: what
// it has returned is taken from the environment, for no other child to find.
func Receive() (*Inheritance, error) {
	told, succeeds := os.LookupEnv(variable)
	if !succeeds {
		return fromManager(), nil
	}
	os.Unsetenv(variable)
	return fromPredecessor(told)
}

func fromManager() *Inheritance {
	var in Inheritance
	for _, file := range activation.Files(true) {
		if file.Name() == adminName && in.Admin == nil {
			in.Admin = file
		} else {
			in.Public = append(in.Public, file)
		}
	}
	return &in
}

// fromPredecessor reads "<public sockets> <admin sockets>".
func fromPredecessor(told string) (*Inheritance, error) {
	public, admins, _ := strings.Cut(told, " ")
	count, err := strconv.ParseUint(public, 10, 16)
	if err != nil || admins != "0" && admins != "1" {
		return nil, fmt.Errorf("%s=%q: want two numbers of sockets; it is set by a predecessor only, so unset it", variable, told)
	}
	next := uintptr(first)
	take := func(name string) *os.File {
		syscall.CloseOnExec(int(next))
		next++
		return os.NewFile(next-1, name)
	}
	var in Inheritance
	for range count {
		in.Public = append(in.Public, take("of the predecessor"))
	}
	if admins == "1" {
		in.Admin = take("of the predecessor's admin listener")
	}
	in.ready = take("readiness")
	return &in, nil
}

// Ready tells the predecessor that this process serves. It may be called once.
func (in *Inheritance) Ready() error {
	if in.ready == nil {
		return nil
	}
	_, err := in.ready.Write([]byte{1})
	return errors.Join(err, in.ready.Close())
}

// Close closes what was not taken.
func (s *Sockets) Close() {
	for _, file := range s.all() {
		file.Close()
	}
}

func (s *Sockets) all() []*os.File {
	if s.Admin == nil {
		return s.Public
	}
	return append(s.Public[:len(s.Public):len(s.Public)], s.Admin)
}
