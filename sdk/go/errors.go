package postrider

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// ArgumentError says that a call was not made, since something has the wrong type or value.
type ArgumentError struct{ Err error }

func (e *ArgumentError) Error() string { return e.Err.Error() }
func (e *ArgumentError) Unwrap() error { return e.Err }

func wrong(format string, values ...any) error { return &ArgumentError{fmt.Errorf(format, values...)} }

// both is one of two errors as it is, or both of them.
func both(first, second error) error {
	if first == nil || second == nil {
		return or(first, second)
	}
	return errors.Join(first, second)
}

// Problem is the server's refusal: a problem document (RFC 9457).
type Problem struct {
	Type      string       `json:"type"`
	Title     string       `json:"title"`
	Status    int          `json:"status"`
	Detail    string       `json:"detail"`
	RequestID string       `json:"request_id"`
	Errors    []FieldError `json:"errors"`

	OldestPosition    string `json:"oldest_position"`    // of position-gone
	CommittedPosition string `json:"committed_position"` // of position-behind

	RetryAfter time.Duration `json:"-"`
}

// FieldError is one bad field: a JSON pointer into the body, a query parameter or a header.
type FieldError struct {
	Pointer   string `json:"pointer"`
	Parameter string `json:"parameter"`
	Header    string `json:"header"`
	Detail    string `json:"detail"`
}

func (p *Problem) Error() string { return fmt.Sprintf("%d %s: %s", p.Status, p.Title, p.Detail) }

// Slug is the last part of Type: "unknown-event-type".
func (p *Problem) Slug() string { return p.Type[strings.LastIndex(p.Type, "/")+1:] }

// refused: certainly nothing was accepted, and the same call may be made again.
func (p *Problem) refused() bool {
	return p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable || p.Status == http.StatusInsufficientStorage
}

// TransportError says that no answer came: what became of the request is not known.
type TransportError struct{ Err error }

func (e *TransportError) Error() string { return "no answer: " + e.Err.Error() }
func (e *TransportError) Unwrap() error { return e.Err }

// ProtocolError says that the answer is not the server's: a redirect, a proxy's page, something that is not JSON.
type ProtocolError struct {
	Status int
	What   string
	Body   string // its first 200 bytes
}

func (e *ProtocolError) Error() string { return fmt.Sprintf("answered %d with %s", e.Status, e.What) }
