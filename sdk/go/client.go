// Package postrider publishes events to Postrider, reads its log, and verifies its webhooks.
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
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Options of a client. What is left out has its default.
type Options struct {
	URL      string        // POSTRIDER_URL
	Token    string        // an API key; POSTRIDER_TOKEN
	Realm    string        // its name or id; POSTRIDER_REALM, else "master"
	Timeout  time.Duration // of one request; 30 s
	RetryFor time.Duration // for how long a call is repeated in all; 60 s; negative: never
	HTTP     *http.Client  // redirects are not followed, whatever it says
}

// Client of one realm. Any number of goroutines may use it.
type Client struct {
	url, token, realm string
	retryFor          time.Duration
	http              *http.Client
}

// New makes a client.
func New(options Options) (*Client, error) {
	or := func(value, fallback string) string {
		if value != "" {
			return value
		}
		return fallback
	}
	c := &Client{
		url:      strings.TrimRight(or(options.URL, os.Getenv("POSTRIDER_URL")), "/"),
		token:    or(options.Token, os.Getenv("POSTRIDER_TOKEN")),
		realm:    or(options.Realm, or(os.Getenv("POSTRIDER_REALM"), "master")),
		retryFor: options.RetryFor,
	}
	if c.url == "" {
		return nil, errors.New("there is no URL: give it, or set POSTRIDER_URL")
	}
	if parsed, err := url.Parse(c.url); err != nil || (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.Host == "" {
		return nil, fmt.Errorf("the URL must begin with http:// or https://, not %q", c.url)
	}
	if c.token == "" {
		return nil, errors.New("there is no token: give it, or set POSTRIDER_TOKEN")
	}
	if c.retryFor == 0 {
		c.retryFor = time.Minute
	}
	own := http.Client{}
	if options.HTTP != nil {
		own = *options.HTTP
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if own.Timeout = options.Timeout; own.Timeout == 0 {
		own.Timeout = 30 * time.Second
	}
	c.http = &own
	return c, nil
}

// NewEvent is what is published.
type NewEvent struct {
	Event      string     `json:"event"`
	ResourceID string     `json:"resource_id"` // the UUID of the resource that the event is about
	Data       any        `json:"data"`        // what becomes a JSON object
	Timestamp  *time.Time `json:"timestamp,omitempty"`
}

// Published is what became of it.
type Published struct {
	ID         string    `json:"id"`
	Event      string    `json:"event"`
	Timestamp  time.Time `json:"timestamp"`
	ResourceID string    `json:"resource_id"`
	Deliveries int       `json:"deliveries"`
}

// LoggedEvent is an event of the log.
type LoggedEvent struct {
	ID         string          `json:"id"`
	Event      string          `json:"event"`
	Timestamp  time.Time       `json:"timestamp"`
	ResourceID string          `json:"resource_id"`
	Data       json.RawMessage `json:"data"`
	AcceptedAt time.Time       `json:"accepted_at"`
	Origin     string          `json:"origin"`
}

// Webhook is a webhook; its secrets are there when it was made.
type Webhook struct {
	ID             string            `json:"id"`
	Name           string            `json:"name"`
	Description    string            `json:"description"`
	URL            string            `json:"url"`
	Headers        map[string]string `json:"headers"`
	Events         []string          `json:"events"`
	Enabled        bool              `json:"enabled"`
	DisabledReason *string           `json:"disabled_reason"`
	Timeout        *string           `json:"timeout"`
	RetrySchedule  []string          `json:"retry_schedule"`
	Signing        []string          `json:"signing"`
	Version        int               `json:"version"`
	Secret         string            `json:"secret,omitempty"`
	PublicKey      string            `json:"public_key,omitempty"`
}

var (
	isUUID = regexp.MustCompile(`(?i)^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	isKey  = regexp.MustCompile(`^[\x21-\x7e]{1,255}$`)
)

// body is the event as it is sent; an error before anything is sent when it has the wrong types.
func (e NewEvent) body() ([]byte, error) {
	if e.Event == "" {
		return nil, errors.New("Event must be the name of an event type")
	}
	if !isUUID.MatchString(e.ResourceID) {
		return nil, errors.New("ResourceID must be a UUID")
	}
	data, err := json.Marshal(e.Data)
	if err != nil {
		return nil, fmt.Errorf("Data: %w", err)
	}
	if !bytes.HasPrefix(data, []byte("{")) {
		return nil, errors.New("Data must become a JSON object")
	}
	e.Data = json.RawMessage(data)
	return json.Marshal(e)
}

// NewKey makes an Idempotency-Key.
func NewKey() string {
	var raw [16]byte
	if _, err := rand.Read(raw[:]); err != nil {
		panic(err)
	}
	return fmt.Sprintf("%x", raw)
}

// Publish publishes one event. When it returns, the event is on stable storage: once, however often it was sent.
func (c *Client) Publish(ctx context.Context, event NewEvent) (Published, error) {
	return c.PublishWithKey(ctx, event, NewKey())
}

// PublishWithKey is Publish with an Idempotency-Key of the caller's, new for every event.
func (c *Client) PublishWithKey(ctx context.Context, event NewEvent, key string) (Published, error) {
	body, err := event.body()
	if err != nil {
		return Published{}, err
	}
	return c.publish(ctx, body, key)
}

func (c *Client) publish(ctx context.Context, body []byte, key string) (Published, error) {
	if !isKey.MatchString(key) {
		return Published{}, errors.New("an Idempotency-Key is 1 to 255 visible ASCII characters")
	}
	var published Published
	err := c.call(ctx, http.MethodPost, "/events", nil, body, key, &published)
	return published, err
}

// PublishBatch publishes up to 1,000 events: all, or none.
func (c *Client) PublishBatch(ctx context.Context, events []NewEvent) ([]Published, error) {
	if len(events) < 1 || len(events) > 1000 {
		return nil, errors.New("a batch has 1 to 1,000 events")
	}
	var bodies []json.RawMessage
	for _, event := range events {
		body, err := event.body()
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, body)
	}
	body, err := json.Marshal(map[string]any{"events": bodies})
	if err != nil {
		return nil, err
	}
	var answer struct{ Items []Published }
	err = c.call(ctx, http.MethodPost, "/events/batch", nil, body, NewKey(), &answer)
	return answer.Items, err
}

// Events calls each with the events of the log, newest first, until it returns false; pages are fetched as they are needed.
func (c *Client) Events(ctx context.Context, query url.Values, each func(LoggedEvent) bool) error {
	return List(ctx, c, "/events", query, each)
}

// Webhooks calls each with the webhooks, newest first, until it returns false.
func (c *Client) Webhooks(ctx context.Context, each func(Webhook) bool) error {
	return List(ctx, c, "/webhooks", nil, each)
}

// List calls each with the items of a list below the realm, page by page, until it returns false.
func List[Item any](ctx context.Context, c *Client, path string, query url.Values, each func(Item) bool) error {
	asked := url.Values{}
	for name, values := range query {
		asked[name] = values
	}
	for {
		var page struct {
			Items []Item  `json:"items"`
			Next  *string `json:"next_cursor"`
		}
		if err := c.Call(ctx, http.MethodGet, path, asked, nil, &page); err != nil {
			return err
		}
		for _, item := range page.Items {
			if !each(item) {
				return nil
			}
		}
		if page.Next == nil {
			return nil
		}
		asked.Set("cursor", *page.Next)
	}
}

// CreateWebhook makes a webhook; body has `url`, `events` and what else the API takes. The answer has the secret, this once.
func (c *Client) CreateWebhook(ctx context.Context, body map[string]any) (Webhook, error) {
	var made Webhook
	err := c.Call(ctx, http.MethodPost, "/webhooks", nil, body, &made)
	return made, err
}

// DeleteWebhook deletes a webhook.
func (c *Client) DeleteWebhook(ctx context.Context, id string) error {
	return c.Call(ctx, http.MethodDelete, "/webhooks/"+url.PathEscape(id), nil, nil, nil)
}

// Call is one call of the API, path from below the realm. It is repeated after 429, 503 and 507, by which nothing was
// accepted, as long as Retry-After says; and when no answer came or a proxy's error, if it may be: with a method that may be
// repeated, or an Idempotency-Key.
func (c *Client) Call(ctx context.Context, method, path string, query url.Values, body, answer any) error {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return err
		}
	}
	return c.call(ctx, method, path, query, raw, "", answer)
}

func (c *Client) call(ctx context.Context, method, path string, query url.Values, body []byte, key string, answer any) error {
	target := c.url + "/api/v1/realms/" + url.PathEscape(c.realm) + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	repeatable := method == http.MethodGet || method == http.MethodPut || method == http.MethodDelete || key != ""
	until := time.Now().Add(c.retryFor)
	for attempt := 0; ; attempt++ {
		err := c.once(ctx, method, target, body, key, answer)
		var problem *Problem
		// Gone already, by the attempt that was not answered.
		if method == http.MethodDelete && attempt > 0 && errors.As(err, &problem) && problem.Status == http.StatusNotFound {
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

func (c *Client) once(ctx context.Context, method, target string, body []byte, key string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
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
	return read(response, raw, answer)
}

func read(response *http.Response, raw []byte, answer any) error {
	status := response.StatusCode
	if status == http.StatusNoContent {
		return nil
	}
	refuse := func(what string) error {
		return &ProtocolError{Status: status, What: what, Body: string(raw[:min(len(raw), 200)])}
	}
	if status >= 300 && status < 400 {
		return refuse("a redirect to " + response.Header.Get("Location"))
	}
	if kind := response.Header.Get("Content-Type"); !strings.Contains(kind, "json") {
		return refuse(kind + ", which is not JSON: is it a proxy that answers?")
	}
	if status < 300 {
		if answer == nil {
			return nil
		}
		if err := json.Unmarshal(raw, answer); err != nil {
			return refuse("something that is not the JSON that was asked for: " + err.Error())
		}
		return nil
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
