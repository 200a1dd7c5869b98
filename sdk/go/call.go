package postrider

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// NewKey makes an Idempotency-Key.
func NewKey() string {
	var raw [16]byte
	if _, err := rand.Read(raw[:]); err != nil {
		panic(err)
	}
	return fmt.Sprintf("%x", raw)
}

type request struct {
	method, path string
	query        url.Values
	body         []byte
	key          string        // the Idempotency-Key
	wait         time.Duration // how much longer than usual it may take
	member       string        // what the answer must have: a gateway's JSON is not taken for the server's
}

func (c *Client) call(ctx context.Context, r request, answer any) error {
	target := c.url + "/api/v1/realms/" + url.PathEscape(c.realm) + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	repeatable := r.method == http.MethodGet || r.method == http.MethodPut || r.method == http.MethodDelete || r.key != ""
	until := time.Now().Add(c.retryFor)
	for attempt := 0; ; attempt++ {
		err := c.once(ctx, r, target, answer)
		var problem *Problem
		// Gone already, by the attempt that was not answered.
		if r.method == http.MethodDelete && attempt > 0 && errors.As(err, &problem) && problem.Status == http.StatusNotFound {
			return nil
		}
		wait, again := waitBefore(err, attempt, repeatable)
		if err == nil || !again || ctx.Err() != nil || time.Now().Add(wait).After(until) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}

func (c *Client) once(ctx context.Context, r request, target string, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout+r.wait)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, r.method, target, bytes.NewReader(r.body))
	if err != nil {
		return wrong("%w", err)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Accept", "application/json")
	if r.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if r.key != "" {
		request.Header.Set("Idempotency-Key", r.key)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return &TransportError{err}
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return &TransportError{err}
	}
	return read(response, raw, r.member, answer)
}

func read(response *http.Response, raw []byte, member string, answer any) error {
	status := response.StatusCode
	refuse := func(what string) error {
		return &ProtocolError{Status: status, What: what, Body: string(raw[:min(len(raw), 200)])}
	}
	if status == http.StatusNoContent && member == "" {
		return nil
	}
	if status >= 300 && status < 400 {
		return refuse("a redirect to " + response.Header.Get("Location"))
	}
	if kind := response.Header.Get("Content-Type"); !strings.Contains(kind, "json") {
		return refuse(or(kind, "no content type") + ", which is not JSON: is it a proxy that answers?")
	}
	if status < 300 {
		return decode(raw, member, answer, refuse)
	}
	problem := &Problem{Status: status}
	if err := json.Unmarshal(raw, problem); err != nil || problem.Type == "" {
		return refuse("no problem document")
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil {
		problem.RetryAfter = time.Duration(seconds) * time.Second
	}
	return problem
}

func decode(raw []byte, member string, answer any, refuse func(string) error) error {
	var members map[string]json.RawMessage
	if member != "" {
		_ = json.Unmarshal(raw, &members)
		if _, ok := members[member]; !ok {
			return refuse(fmt.Sprintf("something without %q: is it Postrider that answers?", member))
		}
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(raw, answer); err != nil {
		return refuse("something that is not the JSON that was asked for: " + err.Error())
	}
	return nil
}

func waitBefore(err error, attempt int, repeatable bool) (time.Duration, bool) {
	backoff := min(5*time.Second, 100*time.Millisecond<<min(attempt, 10))
	backoff = backoff/2 + time.Duration(mathrand.Int63n(int64(backoff/2)))
	var problem *Problem
	var transport *TransportError
	var protocol *ProtocolError
	switch {
	case errors.As(err, &problem):
		if problem.refused() {
			return max(backoff, problem.RetryAfter), true
		}
		return backoff, problem.Status >= 500 && repeatable
	case errors.As(err, &transport):
		return backoff, repeatable
	case errors.As(err, &protocol):
		return backoff, protocol.Status >= 500 && repeatable
	}
	return 0, false
}
