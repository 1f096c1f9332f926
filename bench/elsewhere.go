//go:build !linux

package bench

import (
	"context"
	"errors"
	"runtime"
)

var errNeedsLinux = errors.New("the load generator needs Linux; this is " + runtime.GOOS)

// Run returns an error: the engine needs Linux.
func (i Idle) Run(context.Context) (*Report, error) { return nil, errNeedsLinux }

// Run returns an error: the engine needs Linux.
func (e Echo) Run(context.Context) (*Report, error) { return nil, errNeedsLinux }

// Run returns an error: the engine needs Linux.
func (r Rate) Run(context.Context) (*Report, error) { return nil, errNeedsLinux }

// Run returns an error: the engine needs Linux.
func (a Attack) Run(context.Context) (*Report, error) { return nil, errNeedsLinux }

// Run returns an error: the engine needs Linux.
func (a Assault) Run(context.Context) (*AttackerFigures, error) { return nil, errNeedsLinux }

// Run returns an error: the engine needs Linux.
func (b Broadcast) Run(context.Context) (*Report, error) { return nil, errNeedsLinux }

// Run returns an error: the engine needs Linux.
func (r Rooms) Run(context.Context) (*Report, error) { return nil, errNeedsLinux }

// Run returns an error: the engine needs Linux.
func (c Capacity) Run(context.Context) (*Report, error) { return nil, errNeedsLinux }

// Run returns an error: the engine needs Linux.
func (s Storm) Run(context.Context) (*Report, error) { return nil, errNeedsLinux }

// Run returns an error: the engine needs Linux.
func (c Churn) Run(context.Context) (*Report, error) { return nil, errNeedsLinux }

// Run returns an error: the engine needs Linux.
func (s Soak) Run(context.Context) (*Report, error) { return nil, errNeedsLinux }

// Run returns an error: the engine needs Linux.
func (c Connect) Run(context.Context) (*Report, error) { return nil, errNeedsLinux }

func kernelRelease() string { return "" }
