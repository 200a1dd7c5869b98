// Runs the TypeScript SDK for tests/e2e/test_sdk.py: `driver.js verify|publish|journey …`.
import { readFileSync } from 'node:fs'
import { Postrider, PostriderError, PostriderProblem, WebhookVerificationError, isEvent, verify } from 'postrider'
import type { NewEvent } from 'postrider'

async function verifyAll() {
  for (const each of JSON.parse(readFileSync(0, 'utf8'))) {
    try {
      const got = await verify(Buffer.from(each.body), each.headers, each.secrets, { now: each.now })
      // Narrowed: the compiler knows the type's members.
      if (isEvent(got.event, 'user.created')) got.event.data.username.toUpperCase()
      console.log('ok', got.id, got.event.event)
    } catch (error) {
      if (!(error instanceof WebhookVerificationError)) throw error
      console.log(error.reason)
    }
  }
}

async function publish(realm: string, count: string) {
  const client = new Postrider({ realm })
  const ids = new Set<string>()
  let next = 0
  const work = async () => {
    while (next < Number(count)) {
      const n = next++
      ids.add((await client.publish({ event: 'order.paid', resource_id: crypto.randomUUID(), data: { n } })).id)
    }
  }
  await Promise.all(Array.from({ length: 8 }, work))
  console.log(ids.size)
}

async function journey(realm: string, url: string) {
  const client = new Postrider({ realm })
  const hook = await client.createWebhook({ url, events: ['order.*'] })
  if ((await client.webhookSecret(hook.id)).secret !== hook.secret) throw new Error('secret')
  const event: NewEvent = { event: 'order.paid', resource_id: crypto.randomUUID(), data: { n: 1 } }
  const first = await client.publish(event, { idempotencyKey: 'k' })
  if ((await client.publish(event, { idempotencyKey: 'k' })).id !== first.id) throw new Error('published twice')
  await client.publishBatch([2, 3, 4, 5].map((n) => ({ ...event, data: { n } })))
  const seen: unknown[] = []
  for await (const each of client.events({ event: 'order.paid', limit: 2 })) seen.push(each.data.n)
  if (seen.join() !== '5,4,3,2,1') throw new Error(`seen: ${seen}`)
  const refusals: string[] = []
  const wrong: NewEvent[] = [{ ...event, event: 'order.payd' }, { ...event, resource_id: 'x' }, { ...event, data: [] }]
  for (const call of [...wrong.map((each) => () => client.publish(each)), () => client.getWebhook(crypto.randomUUID())]) {
    await (call as () => Promise<unknown>)().catch((error) => refusals.push(error instanceof PostriderProblem ? error.slug : error instanceof PostriderError ? 'not sent' : String(error)))
  }
  await client.deleteWebhook(hook.id)
  let webhooks = 0
  for await (const _ of client.webhooks()) ++webhooks
  console.log(JSON.stringify({ refusals, webhooks, secret: hook.secret }))
}

async function answered(url: string) {
  const client = new Postrider({ url, token: 't'.repeat(40), retryFor: 0 })
  await client
    .publish({ event: 'order.paid', resource_id: crypto.randomUUID(), data: {} })
    .catch((error: Error) => console.log(error.name.replace('Postrider', '')))
}

async function follow(realm: string, consumer: string, count: string) {
  const start = consumer === 'new' ? { after: 'oldest', events: ['order.*'] } : {}
  let seen = 0
  for await (const event of new Postrider({ realm }).feed({ consumer, ...start, wait: count === '0' ? null : 20_000 })) {
    console.log(event.data.n)
    if (++seen === Number(count)) break
  }
}

const [verb, ...rest] = process.argv.slice(2) as [string, ...string[]]
const verbs: Record<string, (...each: string[]) => Promise<void>> = { verify: verifyAll, publish, journey, answered, follow } as never
await verbs[verb]!(...rest)
