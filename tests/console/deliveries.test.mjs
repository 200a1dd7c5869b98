// Deliveries and the event log: found, understood, sent again; addresses that keep what one sees.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { ask, choose, newContext, newPage, open, settled, start } from './browser.mjs'

let world
let page
before(async () => {
  world = await start()
  page = await open(world, `/console/${world.realm}`)
})
after(async () => {
  await world?.stop()
})

const go = async (path) => {
  await page.goto(`${world.url}/console/${world.realm}${path}`)
  await settled(page)
}
const api = async (path, method = 'GET', body = undefined) =>
  (await ask(world, method, path, body)).json
const rows = () => page.getByRole('region', { name: 'Deliveries' }).locator('tbody tr')
/** Waits until there are rows, and all have a text. */
const every = (text) =>
  page.waitForFunction((wanted) => {
    const all = document.querySelectorAll('[aria-label=Deliveries] tbody tr:not([aria-hidden])')
    return all.length > 0 && [...all].every((row) => row.textContent.includes(wanted))
  }, text)

test('filters are in the address, and a reload keeps what one sees', async () => {
  await go(`/webhooks/${world.good}`)
  await page.getByLabel('State').selectOption('delivered')
  await page.getByLabel('Event type').selectOption('order.paid')
  await page.getByLabel('Time', { exact: true }).selectOption('Last hour')
  await every('order.paid')
  await page.getByRole('button', { name: 'order.paid' }).first().click()
  await page.getByRole('button', { name: 'Attempt 1' }).click()
  await page.waitForURL(/attempt=1/)
  const address = new URL(page.url())
  assert.deepEqual(
    ['state', 'event', 'since', 'attempt'].map((name) => address.searchParams.get(name)),
    ['delivered', 'order.paid', '1h', '1'],
  )
  await page.reload()
  await page.getByRole('region', { name: 'Request', exact: true }).waitFor()
  assert.equal(await page.getByLabel('State').inputValue(), 'delivered')
  assert.equal(await page.getByLabel('Time', { exact: true }).inputValue(), '1h')
  await every('order.paid')
  await page.getByRole('button', { name: 'Close the delivery' }).click()
  await page.getByRole('region', { name: 'Request', exact: true }).waitFor({ state: 'detached' })

  // A time of one's own, on the clock of who looks.
  await page.getByLabel('Time', { exact: true }).selectOption('Between…')
  await page.getByLabel('from').fill('2020-01-01T00:00')
  await page.getByLabel('until').fill('2020-01-02T00:00')
  await page.getByText('Nothing matches these filters').waitFor()
  const [since, until] = ['since', 'until'].map((name) =>
    new URL(page.url()).searchParams.get(name),
  )
  const local = await page.evaluate(() => new Date('2020-01-01T00:00').toISOString())
  assert.equal(since, local)
  assert.ok(until > since)
  await page.reload()
  await page.getByText('Nothing matches these filters').waitFor()
  assert.equal(await page.getByLabel('from').inputValue(), '2020-01-01T00:00')
})

test('one webhook, or one event, of all deliveries', async () => {
  await go('/deliveries')
  await choose(page.locator('main'), 'Webhook', 'Ledger')
  await every('Ledger')
  await every('pending')
  await page
    .getByText(/answered 503, next in/)
    .first()
    .waitFor()
  await page.getByText('answered 503').first().waitFor()
  await go(`/events/${world.event}`)
  await page.getByRole('link', { name: 'Its deliveries' }).click()
  await page.getByRole('button', { name: 'one event only' }).waitFor()
  const { items } = await api(`/deliveries?event_id=${world.event}`)
  await rows()
    .nth(items.length - 1)
    .waitFor()
  assert.equal(await rows().count(), items.length)
})

test('an attempt: request over response, a signature in one line, timings, the next one', async () => {
  const [pending] = (await api('/deliveries?state=pending')).items
  await go(`/deliveries?delivery=${pending.id}`)
  const box = (name) => page.getByRole('region', { name, exact: true }).boundingBox()
  const [request, response] = [await box('Request'), await box('Response')]
  assert.ok(response.y > request.y + request.height - 1 && Math.abs(response.x - request.x) < 2)
  const signature = page.getByText('webhook-signature:').locator('..')
  assert.ok((await signature.boundingBox()).height < 40, 'one line')
  const timings = page.getByRole('table', { name: 'Timings' })
  for (const part of ['DNS', 'Connect', 'TLS', 'Waiting', 'Reading', 'Total'])
    await timings.getByRole('rowheader', { name: part, exact: true }).waitFor()
  const next = page.getByText(/^Next attempt in/)
  const time = next.locator('time')
  assert.equal(await time.getAttribute('datetime'), pending.next_attempt_at)
  assert.match(await time.getAttribute('title'), /Z \(UTC\)\n/)
})

test('selected deliveries are sent again', async () => {
  await go(`/webhooks/${world.bad}?state=failed`)
  const before = (await api(`/deliveries/${world.delivery}`)).attempts
  await rows().nth(2).waitFor()
  for (const row of [0, 1, 2]) await rows().nth(row).getByRole('checkbox').check()
  await page.getByRole('button', { name: 'Redeliver 3' }).click()
  await page.getByText('3 deliveries are on their way again.').waitFor()
  await page.waitForFunction(
    async ([url, token, least]) =>
      (await (await fetch(url, { headers: { Authorization: `Bearer ${token}` } })).json())
        .attempts > least,
    [`/api/v1/realms/${world.realm}/deliveries/${world.delivery}`, world.token, before],
  )
})

test('all that failed since are sent again, with a bar that a reload keeps', async () => {
  const failed = async () => (await api(`/webhooks/${world.bad}/deliveries?state=failed`)).items
  assert.ok((await failed()).length >= 30)
  await api(`/webhooks/${world.bad}`, 'PATCH', { url: `${world.receiver}/mended` })
  await go(`/webhooks/${world.bad}?state=failed&since=1h`)
  await page.getByRole('button', { name: 'Redeliver all failed…' }).click()
  const dialog = page.getByRole('dialog')
  assert.equal(await dialog.getByLabel('Everything accepted in').inputValue(), '1h')
  await dialog.getByRole('button', { name: 'Redeliver' }).click()
  await dialog.getByRole('progressbar').waitFor({ state: 'attached' })
  await dialog.getByText('done', { exact: true }).waitFor()
  assert.equal(await dialog.getByRole('progressbar').getAttribute('aria-valuenow'), '100')
  assert.match(page.url(), /operation=/)
  await page.reload()
  await dialog.getByText('done', { exact: true }).waitFor()
  await dialog.getByRole('button', { name: 'Close' }).last().click()
  await page.getByText('Nothing matches these filters').waitFor()
  assert.deepEqual(await failed(), [])
})

const ledger = async () => (await api('/webhooks?search=Ledger')).items[0].id
const pending = async () => (await api('/deliveries?state=pending')).items

test('what waits is attempted now, and what came of it shows without asking', async () => {
  const [waiting] = await pending()
  await go(`/deliveries?delivery=${waiting.id}`)
  await page.getByRole('button', { name: `Attempt ${waiting.attempts} · 503` }).waitFor()
  await page.getByRole('button', { name: 'Attempt now', exact: true }).click()
  await page.getByText('It is attempted now.').waitFor()
  // It fails and stays pending: the stream says that there is something new.
  await page.getByRole('button', { name: `Attempt ${waiting.attempts + 1} · 503` }).waitFor()
  await page.getByText(/^Next attempt in/).waitFor()

  // From an event, where it says why it has not arrived.
  await go(`/events/${waiting.event_id}`)
  const verdict = page.getByRole('listitem').filter({ hasText: 'Ledger' })
  await verdict.getByRole('button', { name: 'Attempt now' }).click()
  await page.getByText('It is attempted now.').waitFor()
  await verdict.getByText(`Attempt ${waiting.attempts + 2} failed`).waitFor()
})

test('so are selected ones, and all that is pending of a webhook, counted before', async () => {
  const id = await ledger()
  await go(`/webhooks/${id}?state=pending`)
  await rows().nth(2).waitFor()
  for (const row of [0, 1]) await rows().nth(row).getByRole('checkbox').check()
  await page.getByRole('button', { name: 'Attempt 2 now' }).click()
  await page.getByText('2 deliveries are attempted now.').waitFor()

  const before = (await pending()).length
  await page.getByRole('button', { name: 'Attempt all now…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(`${before} pending deliveries`).waitFor()
  await dialog.getByRole('button', { name: 'Attempt now', exact: true }).click()
  await dialog.getByText('done', { exact: true }).waitFor()
  await dialog.getByText(`${before} of ${before} made due`).waitFor()
  await dialog.getByLabel('What became of them').getByText('pending').waitFor()
  await page.reload()
  await dialog.getByText('done', { exact: true }).waitFor()
  await dialog.getByRole('button', { name: 'Close' }).last().click()
  // Nothing of their schedules was used up.
  await page.waitForFunction(
    async ([url, token]) => {
      const answer = await fetch(url, { headers: { Authorization: `Bearer ${token}` } })
      return (await answer.json()).items.every((each) => each.attempts >= 2)
    },
    [`/api/v1/realms/${world.realm}/webhooks/${id}/deliveries?limit=200`, world.token],
  )
  assert.equal((await pending()).length, before)
})

test('deliveries by resource, status, outcome and duration', async () => {
  await go('/deliveries')
  await page.getByLabel('Last attempt').selectOption('answered 5xx')
  await page.waitForURL(/status=5xx/)
  await every('answered 50')
  await page.getByLabel('Status').fill('503')
  await page.keyboard.press('Enter')
  await page.waitForURL(/status=503/)
  await every('answered 503')
  await page.getByLabel('Last attempt').selectOption('no answer at all')
  await page.getByText('Nothing matches these filters').waitFor()
  await page.getByRole('button', { name: 'Clear the filters' }).click()
  const [one] = (await api('/deliveries?state=delivered')).items
  await page.getByLabel('Resource id').fill(one.resource_id)
  await page.waitForURL(/resource_id=/)
  const { items } = await api(`/deliveries?resource_id=${one.resource_id}`)
  await page.waitForFunction(
    (wanted) => document.querySelectorAll('[aria-label=Deliveries] tbody tr').length === wanted,
    Math.min(items.length, 50),
  )
  await page.getByLabel('Duration').selectOption('10s or longer')
  await page.waitForURL(/slower=10s/)
  await page.getByText('Nothing matches these filters').waitFor()
})

test('the event log is filtered by type, group, resource and time', async () => {
  await go('/events')
  const links = page.getByRole('region', { name: 'Events' }).getByRole('link')
  await page.getByLabel('Event type').selectOption('user.*')
  await page.waitForFunction(() => {
    const all = [...document.querySelectorAll('[aria-label=Events] tbody a')]
    return all.length > 0 && all.every((link) => link.textContent.startsWith('user.'))
  })
  await page.getByLabel('Event type').selectOption('user.created')
  await page.getByLabel('Resource id').fill(world.user)
  await page.keyboard.press('Enter')
  await page.waitForURL(/resource_id=/)
  await page.reload()
  await links.first().waitFor()
  const { items } = await api(`/events?event=user.created&resource_id=${world.user}`)
  await page.waitForFunction(
    (wanted) => document.querySelectorAll('[aria-label=Events] tbody tr').length === wanted,
    items.length,
  )
  await page.getByLabel('Time', { exact: true }).selectOption('Between…')
  await page.getByLabel('until').fill('2020-01-02T00:00')
  await page.getByText('Nothing matches these filters').waitFor()
})

test('an event says for each webhook why it was or was not delivered', async () => {
  await go(`/events/${world.event}`)
  const { items } = await api(`/events/${world.event}/explain`)
  for (const { name, verdict } of items) {
    const item = page.getByRole('listitem').filter({ hasText: name.slice(0, 20) })
    await item.getByText(verdict.replaceAll('_', ' '), { exact: true }).first().waitFor()
  }
  // Its sentences have times on the clock of who looks, and UTC when the mouse rests on one.
  const sentence = page.getByText('Delivered after').locator('time').first()
  assert.match(await sentence.getAttribute('title'), /\(UTC\)/)
  assert.doesNotMatch(await sentence.textContent(), /T\d\d:/)
})

test('the overview’s period is in the address, and failing webhooks come first', async () => {
  await world.tell(`publish ${world.realm} order.shipped`)
  await go('')
  await page.getByRole('button', { name: '1 hour' }).click()
  await page.getByText('in the last hour').waitFor()
  await page.reload()
  await page.getByText('in the last hour').waitFor()
  const list = page
    .locator('section')
    .filter({ hasText: 'Webhooks, failing first' })
    .getByRole('listitem')
  await list
    .first()
    .getByText(/all \d+ attempts failed/)
    .waitFor()
  await list
    .filter({ hasText: 'Ledger' })
    .getByText(/all \d+ attempts failed/)
    .waitFor()
  await page.getByText('p99').first().waitFor()
})

test('realms are switched, and light and dark', async () => {
  await go('')
  await page.getByRole('button', { name: /The shop/ }).click()
  await page.getByRole('menuitem', { name: 'Master' }).click()
  await page.waitForURL(`${world.url}/console/master`)
  await page.getByRole('button', { name: 'Use dark colours' }).click()
  await page.reload()
  await settled(page)
  assert.ok(await page.evaluate(() => document.documentElement.classList.contains('dark')))
  await page.getByRole('button', { name: 'Use light colours' }).click()
})

test('a server that does not answer is told, and asked again', async () => {
  const other = await newPage(world, await newContext(world))
  await other.route('**/api/v1/realms/*/webhooks?*', (route) => route.abort())
  await other.goto(`${world.url}/console/${world.realm}/webhooks`)
  await other.getByRole('alert').getByText('does not answer').waitFor()
  await other.unroute('**/api/v1/realms/*/webhooks?*')
  await other.getByRole('button', { name: 'Try again' }).click()
  await other.getByRole('link', { name: 'Billing' }).waitFor()

  // What is on the screen stays there, with what was typed, while nothing answers.
  await other.goto(`${world.url}/console/${world.realm}/users/${world.user}`)
  await settled(other)
  await other.getByLabel('First name').fill('Typed')
  await other.route('**/api/**', (route) => route.abort())
  await other.waitForTimeout(2500)
  await other.evaluate(() => window.dispatchEvent(new Event('visibilitychange')))
  await other.getByText('what you see may be old').waitFor()
  assert.equal(await other.getByLabel('First name').inputValue(), 'Typed')
  await other.unroute('**/api/**')
  await other.getByRole('button', { name: 'Try again' }).click()
  await other.getByText('what you see may be old').waitFor({ state: 'detached' })
  assert.equal(await other.getByLabel('First name').inputValue(), 'Typed')
  await other.context().close()
})
