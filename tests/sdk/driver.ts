// Runs the TypeScript SDK for tests/e2e/test_sdk.py: `driver.js verify|publish|journey …`.
import { readFileSync } from 'node:fs'
import { Outbox, Postrider, PostriderError, PostriderProblem, WebhookVerificationError, isEvent, verify } from 'postrider'
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
  const made = await client.createWebhook({
    url, events: ['order.*'], filter: { data: { n: { $gte: 100 } } }, format: 'template', template: { n: '{{data.n}}' },
    rate_limit: { count: 100, per: '1s' }, authentication: { type: 'bearer', token: 'sesame' },
  })
  const controls = [made.filter, made.format, made.template, made.rate_limit, made.authentication]
  if ((await client.updateWebhook(made.id, { filter: null })).filter !== null) throw new Error('filter')
  if ((await client.getWebhook(made.id)).authentication?.token !== made.authentication?.token) throw new Error('authentication')
  const waits = new Set<string | null>()
  for await (const each of client.deliveries({ state: 'delivered' })) waits.add(each.waiting_for)
  for (const each of [hook, made]) await client.deleteWebhook(each.id)
  let webhooks = 0
  for await (const _ of client.webhooks()) ++webhooks
  console.log(JSON.stringify({ refusals, webhooks, secret: hook.secret, controls, waits: [...waits] }))
}

async function answered(url: string) {
  const client = new Postrider({ url, token: 't'.repeat(40), timeout: 1_000, retryFor: 0 })
  const publish = () => client.publish({ event: 'order.paid', resource_id: crypto.randomUUID(), data: {} })
  for (const call of [publish, () => client.webhooks().next(), () => client.feed().next()]) {
    await (call as () => Promise<unknown>)().then(() => console.log('nothing'), (error: Error) => console.log(error.name.replace('Postrider', '')))
  }
}

async function wrong(url: string) {
  // As from JavaScript, without a compiler that would find these.
  // eslint-disable-next-line
  const client: any = new Postrider({ url, token: 't'.repeat(40), retryFor: 0 })
  const event = { event: 'order.paid', resource_id: crypto.randomUUID(), data: {} }
  const id = 'webhook-id'
  const headers = { [id]: 'a', 'webhook-timestamp': String(Math.trunc(Date.now() / 1000)), 'webhook-signature': 'v1,AAAA' }
  const create = (options: unknown) => async () => new Postrider(options as object)
  const check = (...given: unknown[]) => async () => (verify as (...each: unknown[]) => Promise<unknown>)(...given)
  const calls: Array<() => Promise<unknown>> = [
    ...[undefined, null, {}, { ...event, event: 5 }, { ...event, event: '' }, { ...event, resource_id: undefined }, { ...event, resource_id: 'x' },
      { ...event, data: [] }, { ...event, data: null }, { ...event, data: '{}' }, { ...event, data: { n: 1n } }, { ...event, timestamp: 'yesterday' },
      { ...event, timestamp: new Date(NaN) }].map((each) => () => client.publish(each)),
    ...['', 'é', 5, 'a b'].map((idempotencyKey) => () => client.publish(event, { idempotencyKey })),
    ...[undefined, [], ['order.paid'], [event, {}], {}].map((each) => () => client.publishBatch(each)),
    ...[undefined, {}, { url: 5, events: ['*'] }, { url: 'https://a.example', events: 'user.*' }, { url: 'https://a.example', events: [] }].map(
      (each) => () => client.createWebhook(each)),
    ...[undefined, null, '', 'x', '../../users'].map((each) => () => client.getWebhook(each)),
    () => client.deleteWebhook(''), () => client.webhookSecret('x'), () => client.updateWebhook('x', {}), () => client.updateWebhook(event.resource_id, null),
    () => client.feed({ events: 'user.*' }).next(), () => client.feed({ consumer: '' }).next(), () => client.feed({ wait: -1 }).next(),
    create({ url, token: 't\n' }), create({ url: 'ftp://a', token: 't' }), create({ url: 'http://', token: 't' }), create({ url, token: 't', timeout: NaN }),
    async () => new Outbox('oracle' as never), async () => new Outbox('sqlite').add(() => [], { ...event, resource_id: 'x' }),
    check({ event: 'a' }, {}, 'whsec_'), check('', headers, undefined), check('', headers, [undefined]), check('', headers, 'password')]
  for (const call of calls) {
    await call().then(() => console.log('nothing'), (error) => console.log(error?.constructor === PostriderError ? 'not sent' : String(error)))
  }
  // A transaction of a driver that does not wait ends when add() throws: it must not be a promise that nobody awaits.
  let thrown = false
  try {
    void new Outbox('sqlite').add(() => [], { ...event, resource_id: 'x' })
  } catch {
    thrown = true
  }
  console.log(thrown ? 'not sent' : 'not thrown at once')
}

async function pages(realm: string) {
  // As in a browser, whose fetch must not be a member of something else.
  const client = new Postrider({ realm, fetch: function (this: unknown, ...given: Parameters<typeof fetch>) {
    if (this !== undefined) throw new TypeError('Illegal invocation')
    return fetch(...given)
  } })
  const seen: unknown[][] = [[], []]
  for await (const each of client.events({ event: 'order.paid', limit: 5 })) seen[0]!.push(each.data.n)
  for await (const each of client.feed({ consumer: 'pages', after: 'oldest', events: ['order.*'], wait: null, limit: 5 })) seen[1]!.push(each.data.n)
  for (const each of seen) console.log(each.join(' '))
}

/** A feed that waits is ended by its signal. */
async function left(realm: string) {
  const stop = new AbortController()
  const started = Date.now()
  setTimeout(() => stop.abort(new Error('enough')), 500)
  try {
    for await (const _ of new Postrider({ realm }).feed({ consumer: 'left', signal: stop.signal })) console.log('an event')
  } catch (error) {
    console.log((error as Error).message, Date.now() - started < 10_000)
  }
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
const verbs: Record<string, (...each: string[]) => Promise<void>> = { verify: verifyAll, publish, journey, answered, follow, wrong, pages, left } as never
await verbs[verb]!(...rest)
