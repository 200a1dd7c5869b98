"""Creates a webhook, publishes, lists and deletes, all with the generated client."""

import json
import sys
import uuid

from postrider_client import AuthenticatedClient
from postrider_client.api.deliveries import list_deliveries
from postrider_client.api.events import list_events, publish_event
from postrider_client.api.webhooks import create_webhook, delete_webhook
from postrider_client.models import EventWrite, EventWriteData, WebhookWrite

url, token, realm, receiver, resource = sys.argv[1:]
client = AuthenticatedClient(base_url=url, token=token, raise_on_unexpected_status=True)

hook = create_webhook.sync(realm, client=client, body=WebhookWrite(url=receiver, events=["order.*"]))
data = EventWriteData.from_dict({"number": "A-1042"})
event = publish_event.sync(realm, client=client, idempotency_key="python",
                           body=EventWrite(event="order.paid", resource_id=uuid.UUID(resource), data=data))
events = list_events.sync(realm, client=client, event="order.paid", limit=1)
deliveries = list_deliveries.sync(realm, client=client, event_id=event.id)
gone = delete_webhook.sync_detailed(realm, hook.id, client=client)
assert gone.status_code == 204, gone
print(json.dumps({"webhook": str(hook.id), "event": str(event.id), "listed": [str(each.id) for each in events.items],
                  "delivered_to": [str(each.webhook_id) for each in deliveries.items],
                  "disabled_reason": hook.disabled_reason}))
