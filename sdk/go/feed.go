package postrider

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// FeedOptions say where the log is read forward, and what of it.
type FeedOptions struct {
	Consumer string        // whose position the server keeps; made if it is new
	After    string        // a position, "oldest" or "newest" (the default); sets an existing consumer, too
	Events   []string      // types and prefixes, "user.*"
	Wait     time.Duration // of one call; 20 s. Negative: end where the log does
	Limit    int           // events of one call; 100
}

// After so long the position of empty answers is committed, too: a realm forgets its oldest events.
const idleCommit = 10 * time.Minute

type feedPage struct {
	Items    []FeedEvent `json:"items"`
	Position string      `json:"position"`
	HasMore  bool        `json:"has_more"`
}

// Feed calls each with the events of the log in the order of commits, with no gap, and waits for the next one, until each
// returns false or the context ends. With a consumer it goes on where that one was: what each has returned from is committed
// page by page, and at the end; after a crash the rest of a page comes again. It is no iterator, for its last commit may fail.
func (c *Client) Feed(ctx context.Context, options FeedOptions, each func(FeedEvent) bool) (err error) {
	for _, name := range options.Events {
		if name == "" {
			return wrong("Events are event types and prefixes: \"user.*\"")
		}
	}
	reader := feedReader{client: c, options: options, after: options.After, events: options.Events}
	if err := reader.open(ctx); err != nil {
		return err
	}
	defer func() {
		// What was done does not come again, also when the context has ended.
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = both(err, reader.commit(last))
	}()
	for {
		page, err := reader.next(ctx)
		if err != nil {
			return err
		}
		for _, event := range page.Items {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			goOn := each(event)
			reader.done = event.Position
			if !goOn {
				return nil
			}
		}
		reader.after, reader.done = page.Position, page.Position
		if len(page.Items) > 0 || time.Since(reader.committedAt) > idleCommit {
			if err := reader.commit(ctx); err != nil {
				return err
			}
		}
		if options.Wait < 0 && !page.HasMore {
			return nil
		}
	}
}

type feedReader struct {
	client                 *Client
	options                FeedOptions
	after, done, committed string
	committedAt            time.Time
	events                 []string
}

func (r *feedReader) path() string { return "/consumers/" + url.PathEscape(r.options.Consumer) }

func (r *feedReader) open(ctx context.Context) error {
	if r.options.Consumer != "" {
		// One that exists keeps its position, unless it is set here.
		body := map[string]any{}
		if len(r.events) > 0 {
			body["events"] = r.events
		}
		if r.after != "" {
			body["position"] = r.after
		}
		var kept struct {
			Position string   `json:"position"`
			Events   []string `json:"events"`
		}
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		if err := r.client.call(ctx, request{method: http.MethodPut, path: r.path(), body: raw, member: "position"}, &kept); err != nil {
			return err
		}
		r.after, r.committed, r.events = kept.Position, kept.Position, kept.Events
	}
	if r.after == "" {
		r.after = "newest"
	}
	r.done, r.committedAt = r.after, time.Now()
	return nil
}

func (r *feedReader) next(ctx context.Context) (page feedPage, err error) {
	query := url.Values{"after": {r.after}}
	if len(r.events) > 0 {
		query.Set("event", strings.Join(r.events, ","))
	}
	if r.options.Limit > 0 {
		query.Set("limit", strconv.Itoa(r.options.Limit))
	}
	wait := max(0, or(r.options.Wait, 20*time.Second))
	if r.after == "newest" {
		wait = 0 // a moment's call first: whatever is wrong shows at once
	}
	if wait > 0 {
		query.Set("wait", fmt.Sprintf("%dms", wait.Milliseconds()))
	}
	err = r.client.call(ctx, request{method: http.MethodGet, path: "/feed", query: query, wait: wait, member: "position"}, &page)
	return page, err
}

func (r *feedReader) commit(ctx context.Context) error {
	if r.options.Consumer == "" || r.done == r.committed || r.done == "newest" {
		return nil
	}
	body, err := json.Marshal(map[string]any{"position": r.done})
	if err != nil {
		return err
	}
	// Harmless when it is repeated, which the key says.
	err = r.client.call(ctx, request{method: http.MethodPost, path: r.path() + "/commit", body: body, key: NewKey()}, nil)
	if err == nil {
		r.committed, r.committedAt = r.done, time.Now()
	}
	return err
}
