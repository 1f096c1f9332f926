package main

import (
	"os"
	"os/signal"
	"syscall"
)

// signals are what steers a gateway from outside. Each kind has a channel of its
// own: the runtime drops what finds no room, and a burst of one kind must not keep
// out another.
type signals struct {
	end     <-chan os.Signal // room for two
	reload  <-chan os.Signal
	succeed <-chan os.Signal
}

// catchSignals has signals steer the program, which would end at once of them.
func catchSignals() signals {
	caught := func(room int, kinds ...os.Signal) <-chan os.Signal {
		c := make(chan os.Signal, room)
		signal.Notify(c, kinds...)
		return c
	}
	// A write to a standard stream that nobody reads any more is an error like
	// another, and no reason to cut off every session.
	signal.Ignore(syscall.SIGPIPE)
	return signals{
		end:     caught(2, os.Interrupt, syscall.SIGTERM),
		reload:  caught(1, syscall.SIGHUP),
		succeed: caught(1, syscall.SIGUSR2),
	}
}
