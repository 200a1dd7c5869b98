// Package postrider publishes events to Postrider, reads its log, and verifies its webhooks.
package postrider

import (
	"context"
	"encoding/json"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
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
	timeout, retryFor time.Duration
	http              *http.Client
}

var (
	isUUID  = regexp.MustCompile(`(?i)^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	isKey   = regexp.MustCompile(`^[\x21-\x7e]{1,255}$`)
	isToken = regexp.MustCompile(`^[\x21-\x7e]+$`)
)

func or[Value comparable](value, fallback Value) Value {
	if value != *new(Value) {
		return value
	}
	return fallback
}

// New makes a client.
func New(options Options) (*Client, error) {
	c := &Client{
		url:      strings.TrimRight(or(options.URL, os.Getenv("POSTRIDER_URL")), "/"),
		token:    or(options.Token, os.Getenv("POSTRIDER_TOKEN")),
		realm:    or(options.Realm, or(os.Getenv("POSTRIDER_REALM"), "master")),
		timeout:  or(options.Timeout, 30*time.Second),
		retryFor: or(options.RetryFor, time.Minute),
		http:     &http.Client{},
	}
	if c.url == "" {
		return nil, wrong("there is no URL: give it, or set POSTRIDER_URL")
	}
	if parsed, err := url.Parse(c.url); err != nil || (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.Host == "" {
		return nil, wrong("the URL must begin with http:// or https:// and a host, not be %q", c.url)
	}
	if c.token == "" {
		return nil, wrong("there is no token: give it, or set POSTRIDER_TOKEN")
	}
	if !isToken.MatchString(c.token) {
		return nil, wrong("the token has a character that no token has: is there a line break at its end?")
	}
	if options.HTTP != nil {
		*c.http = *options.HTTP
	}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c, nil
}

// NewEvent is what is published.
type NewEvent = EventWrite

// body is the event as it is sent; an error before anything is sent when it has the wrong types.
func (e EventWrite) body() ([]byte, error) {
	if e.Event == "" {
		return nil, wrong("Event must be the name of an event type")
	}
	if !isUUID.MatchString(e.ResourceID) {
		return nil, wrong("ResourceID must be a UUID")
	}
	data, err := json.Marshal(e.Data)
	if err != nil {
		return nil, wrong("Data does not become JSON: %w", err)
	}
	if data[0] != '{' {
		return nil, wrong("Data must become a JSON object")
	}
	e.Data = json.RawMessage(data)
	return json.Marshal(e)
}

// Publish publishes one event. When it returns, the event is on stable storage: once, however often it was sent.
func (c *Client) Publish(ctx context.Context, event NewEvent) (PublishedEvent, error) {
	return c.PublishWithKey(ctx, event, NewKey())
}

// PublishWithKey is Publish with an Idempotency-Key of the caller's, new for every event.
func (c *Client) PublishWithKey(ctx context.Context, event NewEvent, key string) (PublishedEvent, error) {
	body, err := event.body()
	if err != nil {
		return PublishedEvent{}, err
	}
	return c.publish(ctx, body, key)
}

func (c *Client) publish(ctx context.Context, body []byte, key string) (PublishedEvent, error) {
	if !isKey.MatchString(key) {
		return PublishedEvent{}, wrong("an Idempotency-Key is 1 to 255 visible ASCII characters")
	}
	var published PublishedEvent
	err := c.call(ctx, request{method: http.MethodPost, path: "/events", body: body, key: key, member: "id"}, &published)
	return published, err
}

// PublishBatch publishes up to 1,000 events: all, or none.
func (c *Client) PublishBatch(ctx context.Context, events []NewEvent) ([]PublishedEvent, error) {
	return c.PublishBatchWithKey(ctx, events, NewKey())
}

// PublishBatchWithKey is PublishBatch with an Idempotency-Key of the caller's, new for every batch.
func (c *Client) PublishBatchWithKey(ctx context.Context, events []NewEvent, key string) ([]PublishedEvent, error) {
	if len(events) < 1 || len(events) > 1000 {
		return nil, wrong("a batch has 1 to 1,000 events")
	}
	if !isKey.MatchString(key) {
		return nil, wrong("an Idempotency-Key is 1 to 255 visible ASCII characters")
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
	var answer struct{ Items []PublishedEvent }
	err = c.call(ctx, request{method: http.MethodPost, path: "/events/batch", body: body, key: key, member: "items"}, &answer)
	return answer.Items, err
}

// Events gives the events of the log, newest first; pages are fetched as they are needed. The query has event, resource_id,
// since, until or limit. An error is the last thing that is given.
func (c *Client) Events(ctx context.Context, query url.Values) iter.Seq2[LoggedEvent, error] {
	return List[LoggedEvent](ctx, c, "/events", query)
}

// Deliveries gives the deliveries, newest first. The query has state, event_id, event, since or until.
func (c *Client) Deliveries(ctx context.Context, query url.Values) iter.Seq2[Delivery, error] {
	return List[Delivery](ctx, c, "/deliveries", query)
}

// Webhooks gives the webhooks, newest first.
func (c *Client) Webhooks(ctx context.Context) iter.Seq2[Webhook, error] {
	return List[Webhook](ctx, c, "/webhooks", nil)
}

// List gives the items of a list below the realm, page by page. An error is the last thing that is given.
func List[Item any](ctx context.Context, c *Client, path string, query url.Values) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		asked := maps.Clone(query)
		if asked == nil {
			asked = url.Values{}
		}
		for {
			var page struct {
				Items []Item  `json:"items"`
				Next  *string `json:"next_cursor"`
			}
			if err := c.call(ctx, request{method: http.MethodGet, path: path, query: asked, member: "items"}, &page); err != nil {
				yield(*new(Item), err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if page.Next == nil {
				return
			}
			asked.Set("cursor", *page.Next)
		}
	}
}

// WebhookWithSecret is a webhook when it is made, or its secret changes.
type WebhookWithSecret struct {
	Webhook
	Secret
}

// CreateWebhook makes a webhook. The answer has the secret, this once.
func (c *Client) CreateWebhook(ctx context.Context, webhook WebhookWrite) (WebhookWithSecret, error) {
	if webhook.URL == "" || len(webhook.Events) == 0 {
		return WebhookWithSecret{}, wrong(`a webhook has a URL and Events: "user.*"`)
	}
	return c.webhook(ctx, http.MethodPost, "/webhooks", webhook)
}

// GetWebhook gives a webhook.
func (c *Client) GetWebhook(ctx context.Context, id string) (Webhook, error) {
	made, err := c.webhook(ctx, http.MethodGet, "/webhooks/"+url.PathEscape(id), nil)
	return made.Webhook, err
}

// UpdateWebhook changes members of a webhook, by their names in the API; nil resets one to its default. After a change of the
// URL's origin the answer has the new secret, once.
func (c *Client) UpdateWebhook(ctx context.Context, id string, change map[string]any) (WebhookWithSecret, error) {
	return c.webhook(ctx, http.MethodPatch, "/webhooks/"+url.PathEscape(id), change)
}

// DeleteWebhook deletes a webhook.
func (c *Client) DeleteWebhook(ctx context.Context, id string) error {
	if !isUUID.MatchString(id) {
		return wrong("the id of a webhook is a UUID")
	}
	return c.Call(ctx, http.MethodDelete, "/webhooks/"+id, nil, nil, nil)
}

// WebhookSecret gives what a receiver verifies with; needs `reveal_secrets`.
func (c *Client) WebhookSecret(ctx context.Context, id string) (Secret, error) {
	var secret Secret
	if !isUUID.MatchString(id) {
		return secret, wrong("the id of a webhook is a UUID")
	}
	err := c.Call(ctx, http.MethodGet, "/webhooks/"+id+"/secret", nil, nil, &secret)
	return secret, err
}

func (c *Client) webhook(ctx context.Context, method, path string, body any) (made WebhookWithSecret, err error) {
	if id, ok := strings.CutPrefix(path, "/webhooks/"); ok && !isUUID.MatchString(id) {
		return made, wrong("the id of a webhook is a UUID")
	}
	var raw []byte
	if body != nil {
		if raw, err = json.Marshal(body); err != nil {
			return made, wrong("the webhook does not become JSON: %w", err)
		}
	}
	err = c.call(ctx, request{method: method, path: path, body: raw, member: "id"}, &made)
	return made, err
}

// Call is one call of the API, path from below the realm. It is repeated after 429, 503 and 507, by which nothing was
// accepted, as long as Retry-After says; and when no answer came or a proxy's error, if it may be: with a method that may be
// repeated, or an Idempotency-Key.
func (c *Client) Call(ctx context.Context, method, path string, query url.Values, body, answer any) error {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return wrong("the body does not become JSON: %w", err)
		}
	}
	return c.call(ctx, request{method: method, path: path, query: query, body: raw}, answer)
}
