package settings

import (
	"io"
	"log/slog"
)

// Format is the form of log records.
type Format uint8

const (
	// Text writes key=value pairs.
	Text Format = iota
	// JSON writes one object per line.
	JSON
)

// Logger returns a logger of l's format that writes to w what is of level or above.
func (l Log) Logger(w io.Writer, level slog.Leveler) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if l.Format == JSON {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
