// Creates a webhook, publishes, lists and deletes, all with the generated client.
import { createClient } from './generated/client/index.js'
import { createWebhook, deleteWebhook, listDeliveries, listEvents, publishEvent } from './generated/sdk.gen.js'

const [url, token, realm, receiver, resource] = process.argv.slice(2) as [string, string, string, string, string]
const client = createClient({ baseUrl: url, auth: token, throwOnError: true })

const hook = await createWebhook({ client, path: { realm }, body: { url: receiver, events: ['order.*'] }, throwOnError: true })
const event = await publishEvent({
  client,
  path: { realm },
  headers: { 'Idempotency-Key': 'typescript' },
  body: { event: 'order.paid', resource_id: resource, data: { number: 'A-1042' } },
  throwOnError: true,
})
const events = await listEvents({ client, path: { realm }, query: { event: 'order.paid', limit: 1 }, throwOnError: true })
const deliveries = await listDeliveries({ client, path: { realm }, query: { event_id: event.data.id }, throwOnError: true })
// Null, and typed so: the union must have it.
const reason: 'by_hand' | 'gone' | 'failing' | 'corrupt' | null = hook.data.disabled_reason
await deleteWebhook({ client, path: { realm, webhook_id: hook.data.id }, throwOnError: true })
console.log(
  JSON.stringify({
    webhook: hook.data.id,
    event: event.data.id,
    listed: events.data.items.map((each) => each.id),
    delivered_to: deliveries.data.items.map((each) => each.webhook_id),
    disabled_reason: reason,
  }),
)
