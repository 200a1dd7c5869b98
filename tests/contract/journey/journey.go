// Creates a webhook, publishes, lists and deletes, all with the generated client.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	"github.com/google/uuid"

	"journey/generated"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	url, token, realm, receiver, resource := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	ctx := context.Background()
	client, err := generated.NewClientWithResponses(url, generated.WithRequestEditorFn(
		func(_ context.Context, request *http.Request) error {
			request.Header.Set("Authorization", "Bearer "+token)
			return nil
		}))
	check(err)
	hook, err := client.CreateWebhookWithResponse(ctx, realm,
		generated.WebhookWrite{Url: receiver, Events: []string{"order.*"}})
	check(err)
	key := "go"
	event, err := client.PublishEventWithResponse(ctx, realm, &generated.PublishEventParams{IdempotencyKey: &key},
		generated.EventWrite{Event: "order.paid", ResourceId: uuid.MustParse(resource),
			Data: map[string]any{"number": "A-1042"}})
	check(err)
	kind, limit := "order.paid", 1
	events, err := client.ListEventsWithResponse(ctx, realm,
		&generated.ListEventsParams{Event: &kind, Limit: &limit})
	check(err)
	deliveries, err := client.ListDeliveriesWithResponse(ctx, realm,
		&generated.ListDeliveriesParams{EventId: &event.JSON202.Id})
	check(err)
	gone, err := client.DeleteWebhookWithResponse(ctx, realm, hook.JSON201.Id, nil)
	check(err)
	if gone.StatusCode() != http.StatusNoContent {
		check(fmt.Errorf("deleting answered %s", gone.Status()))
	}
	listed, deliveredTo := []uuid.UUID{}, []uuid.UUID{}
	for _, each := range events.JSON200.Items {
		listed = append(listed, each.Id)
	}
	for _, each := range deliveries.JSON200.Items {
		deliveredTo = append(deliveredTo, each.WebhookId)
	}
	check(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"webhook": hook.JSON201.Id, "event": event.JSON202.Id, "listed": listed,
		"delivered_to": deliveredTo, "disabled_reason": hook.JSON201.DisabledReason}))
}
