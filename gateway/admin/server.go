package admin

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"
)

// Server serves a handler on a listener of its own. A nil Server serves nothing
// and has no address. Any goroutine may call its methods.
type Server struct {
	// Fixed after Listen.
	http     http.Server
	listener net.Listener
	done     chan struct{}
}

// Listen opens address, "host:port", and serves h there until Close, as [Serve] does.
// The caller owns the Server.
func Listen(address string, h http.Handler, logger *slog.Logger) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	return Serve(listener, h, logger), nil
}

// Serve serves h on listener, which it takes, until Close. The logger gets what fails,
// such as to accept a connection. The caller owns the Server.
func Serve(listener net.Listener, h http.Handler, logger *slog.Logger) *Server {
	s := &Server{
		http: http.Server{
			Handler:           h,
			ReadHeaderTimeout: 5 * time.Second,
			IdleTimeout:       2 * time.Minute,
			MaxHeaderBytes:    16 << 10,
			ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
			// No WriteTimeout: a profile takes as long as it is asked to.
		},
		listener: listener,
		done:     make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		s.http.Serve(listener) // always http.ErrServerClosed, after Close
	}()
	return s
}

// Socket returns a duplicate of the listening socket, which the caller owns; nil
// for a nil Server.
func (s *Server) Socket() (*os.File, error) {
	if s == nil {
		return nil, nil
	}
	listener, ok := s.listener.(interface{ File() (*os.File, error) })
	if !ok {
		return nil, fmt.Errorf("admin: a %T has no socket", s.listener)
	}
	return listener.File()
}

// Addr returns the bound address, nil for a nil Server.
func (s *Server) Addr() net.Addr {
	if s == nil {
		return nil
	}
	return s.listener.Addr()
}

// Close ends the listener and every connection, and waits for the accept loop
// to end.
func (s *Server) Close() error {
	if s == nil {
		return nil
	}
	err := s.http.Close()
	<-s.done
	return err
}
