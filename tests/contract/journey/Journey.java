import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.openapitools.client.ApiClient;
import org.openapitools.client.api.DeliveriesApi;
import org.openapitools.client.api.EventsApi;
import org.openapitools.client.api.WebhooksApi;
import org.openapitools.client.model.EventWrite;
import org.openapitools.client.model.WebhookWrite;

/** Creates a webhook, publishes, lists and deletes, all with the generated client. */
class Journey {
    public static void main(String[] arguments) throws Exception {
        String realm = arguments[2];
        ApiClient client = new ApiClient();
        client.updateBaseUri(arguments[0]);
        client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + arguments[1]));

        WebhooksApi webhooks = new WebhooksApi(client);
        var hook = webhooks.createWebhook(realm, new WebhookWrite().url(java.net.URI.create(arguments[3])).events(List.of("order.*")));
        var event = new EventsApi(client).publishEvent(realm, new EventWrite().event("order.paid")
            .resourceId(UUID.fromString(arguments[4])).data(Map.of("number", "A-1042")), "java", null, null);
        var events = new EventsApi(client).listEvents(realm, 1, null, "order.paid", null, null, null);
        var deliveries = new DeliveriesApi(client).listDeliveries(realm, 50, null, null, event.getId(), null, null, null, null, null, null, null, null);
        webhooks.deleteWebhook(realm, hook.getId(), null);
        System.out.println(client.getObjectMapper().writeValueAsString(Map.of(
            "webhook", hook.getId(), "event", event.getId(),
            "listed", events.getItems().stream().map(each -> each.getId()).toList(),
            "delivered_to", deliveries.getItems().stream().map(each -> each.getWebhookId()).toList(),
            "disabled_reason", hook.getDisabledReason() == null ? "null" : hook.getDisabledReason())));
    }
}
