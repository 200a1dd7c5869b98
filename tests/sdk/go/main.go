// Runs the Go SDK for tests/e2e/test_sdk.py: `driver verify|publish|journey …`.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"postrider.dev/go/postrider"
)

var ctx = context.Background()

const resource = "019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11"

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func verify() {
	var cases []struct {
		Body    string
		Headers map[string]string
		Secrets []string
		Now     float64
	}
	check(json.NewDecoder(os.Stdin).Decode(&cases))
	reasons := map[error]string{postrider.ErrMissingHeader: "missing-header", postrider.ErrBadTimestamp: "bad-timestamp",
		postrider.ErrTooOld: "too-old", postrider.ErrTooNew: "too-new", postrider.ErrNoMatch: "no-match",
		postrider.ErrNotAnEvent: "not-an-event"}
	for _, each := range cases {
		header := http.Header{}
		for name, value := range each.Headers {
			header.Set(name, value)
		}
		event, err := postrider.VerifyAt(time.Unix(int64(each.Now), 0), []byte(each.Body), header, each.Secrets...)
		if err != nil {
			fmt.Println(reasons[err])
			continue
		}
		if event.Event == postrider.EventUserCreated {
			_, err := postrider.DataOf[postrider.UserCreated](event)
			check(err)
		}
		fmt.Println("ok", event.ID, event.Event)
	}
}

func client(realm string) *postrider.Client {
	made, err := postrider.New(postrider.Options{Realm: realm})
	check(err)
	return made
}

func event(n int) postrider.NewEvent {
	return postrider.NewEvent{Event: "order.paid", ResourceID: resource, Data: map[string]int{"n": n}}
}

func publish(realm, count string) {
	c, numbers := client(realm), make(chan int)
	var ids sync.Map
	var group sync.WaitGroup
	for i := 0; i < 8; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := range numbers {
				published, err := c.Publish(ctx, event(n))
				check(err)
				ids.Store(published.ID, true)
			}
		}()
	}
	total, err := strconv.Atoi(count)
	check(err)
	for n := 0; n < total; n++ {
		numbers <- n
	}
	close(numbers)
	group.Wait()
	different := 0
	ids.Range(func(any, any) bool { different++; return true })
	fmt.Println(different)
}

func journey(realm, target string) {
	c := client(realm)
	hook, err := c.CreateWebhook(ctx, postrider.WebhookWrite{URL: target, Events: []string{"order.*"}})
	check(err)
	secret, err := c.WebhookSecret(ctx, hook.ID)
	check(err)
	if secret.Secret != hook.Secret.Secret {
		check(errors.New("another secret"))
	}
	first, err := c.PublishWithKey(ctx, event(1), "k")
	check(err)
	again, err := c.PublishWithKey(ctx, event(1), "k")
	check(err)
	if first.ID != again.ID {
		check(errors.New("published twice"))
	}
	_, err = c.PublishBatch(ctx, []postrider.NewEvent{event(2), event(3), event(4), event(5)})
	check(err)
	var seen []int
	for each, err := range c.Events(ctx, url.Values{"event": {"order.paid"}, "limit": {"2"}}) {
		check(err)
		var data struct{ N int }
		check(json.Unmarshal(each.Data, &data))
		seen = append(seen, data.N)
	}
	if !reflect.DeepEqual(seen, []int{5, 4, 3, 2, 1}) {
		check(fmt.Errorf("seen: %v", seen))
	}
	refusals := []string{}
	refused := func(_ any, err error) {
		var problem *postrider.Problem
		if errors.As(err, &problem) {
			refusals = append(refusals, problem.Slug())
		} else if errors.As(err, new(*postrider.ArgumentError)) {
			refusals = append(refusals, "not sent")
		}
	}
	wrong := event(1)
	wrong.Event = "order.payd"
	refused(c.Publish(ctx, wrong))
	wrong = event(1)
	wrong.ResourceID = "x"
	refused(c.Publish(ctx, wrong))
	wrong = event(1)
	wrong.Data = []int{}
	refused(c.Publish(ctx, wrong))
	refused(c.GetWebhook(ctx, resource))
	made, err := c.CreateWebhook(ctx, postrider.WebhookWrite{URL: target, Events: []string{"order.*"},
		Filter: map[string]any{"data": map[string]any{"n": map[string]int{"$gte": 100}}}, Format: "template",
		Template: map[string]string{"n": "{{data.n}}"}, RateLimit: &postrider.RateLimit{Count: 100, Per: "1s"},
		Authentication: &postrider.Authentication{Type: "bearer", Token: "sesame"}})
	check(err)
	controls := []any{made.Filter, made.Format, made.Template, made.RateLimit, made.Authentication}
	changed, err := c.UpdateWebhook(ctx, made.ID, map[string]any{"filter": nil})
	check(err)
	got, err := c.GetWebhook(ctx, made.ID)
	check(err)
	if changed.Filter != nil || *got.Authentication != *made.Authentication {
		check(errors.New("filter or authentication"))
	}
	waits := map[*string]bool{}
	for each, err := range c.Deliveries(ctx, url.Values{"state": {"delivered"}}) {
		check(err)
		waits[each.WaitingFor] = true
	}
	check(c.DeleteWebhook(ctx, hook.ID))
	check(c.DeleteWebhook(ctx, made.ID))
	webhooks := 0
	for _, err := range c.Webhooks(ctx) {
		check(err)
		webhooks++
	}
	check(json.NewEncoder(os.Stdout).Encode(map[string]any{"refusals": refusals, "webhooks": webhooks, "secret": hook.Secret.Secret,
		"controls": controls, "waits": slices.Collect(maps.Keys(waits))}))
}

func nameOf(err error) string {
	if err == nil {
		return "nothing"
	}
	return reflect.TypeOf(err).Elem().Name()
}

func answered(target string) {
	c, err := postrider.New(postrider.Options{URL: target, Token: "t", Timeout: time.Second, RetryFor: -1})
	check(err)
	_, err = c.Publish(ctx, event(1))
	fmt.Println(nameOf(err))
	err = nil
	for _, err = range c.Webhooks(ctx) {
	}
	fmt.Println(nameOf(err))
	fmt.Println(nameOf(c.Feed(ctx, postrider.FeedOptions{}, func(postrider.FeedEvent) bool { return false })))
}

func wrong(target string) {
	c, err := postrider.New(postrider.Options{URL: target, Token: "t", RetryFor: -1})
	check(err)
	say := func(_ any, err error) {
		if errors.As(err, new(*postrider.ArgumentError)) {
			fmt.Println("not sent")
		} else {
			fmt.Println(err)
		}
	}
	for _, each := range []postrider.NewEvent{
		{}, {Event: "order.paid"}, {Event: "order.paid", ResourceID: "x", Data: struct{}{}}, {Event: "order.paid", ResourceID: resource},
		{Event: "order.paid", ResourceID: resource, Data: []int{}}, {Event: "order.paid", ResourceID: resource, Data: "{}"},
		{Event: "order.paid", ResourceID: resource, Data: map[string]any{"n": func() {}}},
		{Event: "order.paid", ResourceID: resource, Data: map[string]any{"n": math.NaN()}},
	} {
		say(c.Publish(ctx, each))
		say(c.PublishBatch(ctx, []postrider.NewEvent{event(1), each}))
	}
	for _, key := range []string{"", "é", "a b"} {
		say(c.PublishWithKey(ctx, event(1), key))
		say(c.PublishBatchWithKey(ctx, []postrider.NewEvent{event(1)}, key))
	}
	say(c.PublishBatch(ctx, nil))
	say(c.CreateWebhook(ctx, postrider.WebhookWrite{Events: []string{"*"}}))
	say(c.CreateWebhook(ctx, postrider.WebhookWrite{URL: "https://a.example"}))
	say(c.CreateWebhook(ctx, postrider.WebhookWrite{URL: "https://a.example", Events: []string{"*"}, Template: func() {}}))
	for _, id := range []string{"", "x", "../../users"} {
		say(c.GetWebhook(ctx, id))
		say(c.UpdateWebhook(ctx, id, map[string]any{}))
		say(nil, c.DeleteWebhook(ctx, id))
		say(c.WebhookSecret(ctx, id))
	}
	say(nil, c.Feed(ctx, postrider.FeedOptions{Events: []string{""}}, nil))
	say(nil, c.Call(ctx, http.MethodPost, "/webhooks", nil, func() {}, nil))
	for _, options := range []postrider.Options{{URL: "ftp://a", Token: "t"}, {URL: "http://", Token: "t"}, {URL: target, Token: "t\n"}} {
		say(postrider.New(options))
	}
	say(nil, postrider.Outbox{Dialect: "oracle"}.CreateTable(ctx, nil))
	say(nil, postrider.Outbox{Dialect: postrider.SQLite}.Add(ctx, nil, postrider.NewEvent{}))
}

func pages(realm string) {
	c := client(realm)
	var seen [2][]int
	note := func(at int, data json.RawMessage) {
		var each struct{ N int }
		check(json.Unmarshal(data, &each))
		seen[at] = append(seen[at], each.N)
	}
	for each, err := range c.Events(ctx, url.Values{"event": {"order.paid"}, "limit": {"5"}}) {
		check(err)
		note(0, each.Data)
	}
	options := postrider.FeedOptions{Consumer: "pages", After: "oldest", Events: []string{"order.*"}, Wait: -1, Limit: 5}
	check(c.Feed(ctx, options, func(each postrider.FeedEvent) bool { note(1, each.Data); return true }))
	for _, each := range seen {
		fmt.Println(strings.Trim(fmt.Sprint(each), "[]"))
	}
}

func follow(realm, consumer, count string) {
	c, err := postrider.New(postrider.Options{Realm: realm})
	check(err)
	options, most, seen := postrider.FeedOptions{Consumer: consumer}, 0, 0
	if consumer == "new" {
		options.After, options.Events = "oldest", []string{"order.*"}
	}
	_, err = fmt.Sscan(count, &most)
	check(err)
	if most == 0 {
		options.Wait = -1
	}
	check(c.Feed(ctx, options, func(each postrider.FeedEvent) bool {
		var data struct{ N int }
		check(json.Unmarshal(each.Data, &data))
		fmt.Println(data.N)
		seen++
		return seen != most
	}))
}

func main() {
	rest := append(os.Args[2:], "", "")
	switch os.Args[1] {
	case "verify":
		verify()
	case "publish":
		publish(rest[0], rest[1])
	case "journey":
		journey(rest[0], rest[1])
	case "answered":
		answered(rest[0])
	case "wrong":
		wrong(rest[0])
	case "pages":
		pages(rest[0])
	case "follow":
		follow(rest[0], rest[1], rest[2])
	}
}
