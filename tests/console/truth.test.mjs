// What is shown is so: never the rows of another filter, nothing as sent that was not, nothing due in the past.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { ask, newContext, newPage, open, quiet, settled, start } from './browser.mjs'

let world
before(async () => {
  world = await start()
})
after(async () => {
  await world?.stop()
})

const at = (path) => `/console/${world.realm}${path}`
const api = async (...request) => (await ask(world, ...request)).json
const rows = (page) => page.getByRole('region', { name: 'Deliveries' }).locator('tbody tr')

test('while a filter is being looked up no rows of another one are shown', async () => {
  const page = await open(world, at('/deliveries'))
  await rows(page).first().waitFor()
  const held = []
  let holds = true
  await page.route('**/deliveries?*state=failed*', (route) =>
    holds ? held.push(route) : route.continue(),
  )
  await page.getByLabel('State').selectOption('failed')
  await page.getByRole('status', { name: 'Loading' }).waitFor()
  assert.equal(await rows(page).count(), 0)
  holds = false
  await Promise.all(held.map((route) => route.continue()))
  await rows(page).first().waitFor()
  for (const text of await rows(page).allTextContents()) assert.match(text, /failed/)
  await page.context().close()
})

test('an attempt that broke says in which phase, and that nothing was sent', async () => {
  const port = 1 // Nobody listens there.
  const webhook = await api('POST', '/webhooks', {
    name: 'Nobody there',
    url: `http://127.0.0.1:${port}/`,
    events: ['order.paid'],
    retry_schedule: ['1h'],
  })
  const delivery = await api('POST', `/webhooks/${webhook.id}/test`, {})
  const page = await open(world, at(`/deliveries?delivery=${delivery.id}`))
  const timings = page.getByRole('table', { name: 'Timings' })
  const connect = timings.getByRole('rowheader', { name: 'Connect (it broke here)' })
  await connect.waitFor()
  assert.match(await connect.getAttribute('class'), /text-bad/)
  await page.getByRole('heading', { name: 'Request not sent' }).waitFor()
  await page.getByText('Nothing was sent:').waitFor()
  await api('DELETE', `/webhooks/${webhook.id}`)
  await page.context().close()
})

test('what is due says so, and not that it will be in the past', async () => {
  const page = await newPage(world, await newContext(world))
  // The server's answer, as it is when an attempt waits behind others.
  await page.route('**/deliveries?*', async (route) => {
    const answer = await route.fetch()
    const list = await answer.json()
    for (const item of list.items) {
      item.state = 'pending'
      item.next_attempt_at = new Date(Date.now() - 180_000).toISOString()
    }
    await route.fulfill({ response: answer, json: list })
  })
  await page.goto(world.url + at('/deliveries'))
  await page.getByText('due, waits for its turn').first().waitFor()
  assert.equal(await page.getByText(/next .* ago/).count(), 0)
  await page.context().close()
})

test('"back" closes what was opened, and closing leaves nothing behind', async () => {
  const page = await open(world, at('/webhooks'))
  await settled(page)
  await page.getByRole('link', { name: 'Deliveries' }).click()
  await rows(page).first().getByRole('button').click()
  const close = page.getByRole('button', { name: 'Close the delivery' })
  await close.waitFor()
  await page.goBack()
  await close.waitFor({ state: 'detached' })
  assert.match(page.url(), /\/deliveries$/)
  await rows(page).first().getByRole('button').click()
  await close.click()
  await close.waitFor({ state: 'detached' })
  await page.goBack()
  await page.getByRole('heading', { name: 'Webhooks' }).waitFor()
  await page.context().close()
})

test('times are dates for whoever wants them, without a mouse', async () => {
  const page = await open(world, at('/deliveries'))
  const time = rows(page).first().locator('time').last()
  assert.match(await time.textContent(), /ago|now/)
  const button = page.getByRole('button', { name: /Show dates/ })
  await button.click()
  assert.match(await time.textContent(), /\d:\d\d/)
  await page.reload()
  assert.match(await time.textContent(), /\d:\d\d/)
  await button.click()
  assert.match(await time.textContent(), /ago|now/)
  await page.context().close()
})

test('another realm shows the same page', async () => {
  const page = await open(world, at(`/webhooks/${world.good}`))
  await page.getByRole('button', { name: /^Realm/ }).click()
  await page.getByRole('menuitem', { name: 'master' }).click()
  await page.getByRole('heading', { name: 'Webhooks', exact: true }).waitFor()
  assert.match(page.url(), /\/console\/master\/webhooks$/)
  await page.context().close()
})

test("a field's error goes when the field changes", async () => {
  const page = await open(world, at('/users/new'))
  await page.getByLabel('Username').fill('ada')
  await page.getByRole('button', { name: 'Create user' }).click()
  await page.locator('[aria-invalid=true]').waitFor()
  await page.getByLabel('Username').fill('ada2')
  assert.equal(await page.locator('[aria-invalid=true]').count(), 0)
  await page.getByLabel('Username').fill('ada')
  await page.getByRole('button', { name: 'Create user' }).click()
  await page.locator('[aria-invalid=true]').waitFor()
  await page.context().close()
})

test('without a network a click stays in the console, and comes back with it', async () => {
  const page = await open(world, at('/webhooks'))
  await settled(page)
  // Every page's code is fetched some seconds after the first one stands.
  await page.waitForFunction(
    () => performance.getEntriesByType('resource').some((each) => /audit-.*\.js/.test(each.name)),
    undefined,
    { timeout: 60_000 },
  )
  await page.context().setOffline(true)
  await page.getByRole('link', { name: 'Audit log' }).click()
  await page.waitForURL(/\/audit$/)
  await page.getByRole('heading', { name: 'Audit log' }).waitFor()
  await page.context().setOffline(false)
  await page.locator('tbody tr').first().waitFor()
  await page.context().close()
})

test('without a network a list says so, and shows no rows of another filter', async () => {
  const page = await open(world, at('/deliveries'))
  await rows(page).first().waitFor()
  await page.context().setOffline(true)
  await page.getByLabel('State').selectOption('failed')
  await page.getByRole('alert').getByText('The server does not answer').waitFor()
  assert.equal(await rows(page).count(), 0)
  await page.context().setOffline(false)
  // By itself.
  await rows(page).first().waitFor()
  for (const text of await rows(page).allTextContents()) assert.match(text, /failed/)
  await page.context().close()
})

test('behind a dead proxy a click stays in the console, and "Try again" works', async () => {
  const page = await newPage(world, await newContext(world))
  const dead = (route) =>
    route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad Gateway</h1>' })
  // The code of this page is not there, however long the others took: what was there stays until it comes.
  await page.route('**/audit-*.js', dead)
  await page.goto(world.url + at('/webhooks'))
  await settled(page)
  await page.route('**/*', dead)
  await page.getByRole('link', { name: 'Audit log' }).click()
  await page.getByText('what you see may be old').waitFor()
  assert.equal(await page.getByText('Bad Gateway').count(), 0)
  await page.unrouteAll({ behavior: 'wait' })
  await page.getByRole('heading', { name: 'Audit log' }).waitFor()
  await page.locator('tbody tr').first().waitFor()
  await page.getByText('what you see may be old').waitFor({ state: 'detached' })

  await page.route('**/api/**', dead)
  await page.getByRole('link', { name: 'Roles', exact: true }).click()
  await page.getByRole('heading', { name: 'Roles' }).waitFor()
  const failure = page.getByRole('alert').filter({ hasText: 'The server answered 502.' })
  await failure.waitFor()
  await page.unroute('**/api/**')
  await failure.getByRole('button', { name: 'Try again' }).click()
  await page.getByRole('link', { name: 'auditor' }).waitFor()
  await page.context().close()
})

test('a server that is away for a moment logs nobody out', async () => {
  const page = await newPage(world, await newContext(world))
  await page.route('**/session', (route) => route.fulfill({ status: 503, body: '' }))
  await page.goto(world.url + at('/roles'))
  await page.getByRole('heading', { name: 'Postrider does not answer' }).waitFor()
  await page.getByRole('button', { name: 'Try again' }).waitFor()
  await page.unroute('**/session')
  // By itself.
  await page.getByRole('link', { name: 'auditor' }).waitFor()
  await page.context().close()
})

test('a noisy webhook hides no other one that fails', async () => {
  const quiet = await api('POST', '/webhooks', {
    name: 'Quiet',
    url: 'http://127.0.0.1:1/',
    events: ['order.shipped'],
    retry_schedule: [],
  })
  const event = { resource_id: '019ab200-7c3e-7b1a-9a54-3f0f6b1d2c11', data: {} }
  for (let n = 0; n < 3; ++n) await api('POST', '/events', { event: 'order.shipped', ...event })
  // All of the newest 200 failures are of the webhook that fails whatever comes.
  const many = Array.from({ length: 300 }, () => ({ event: 'order.paid', ...event }))
  await api('POST', '/events/batch', { events: many })
  const page = await open(world, at(''))
  const row = page.getByRole('listitem').filter({ hasText: 'Quiet' })
  await row.getByText('all 3 attempts failed').waitFor()
  await api('DELETE', `/webhooks/${quiet.id}`)
  await page.context().close()
})

test('one part that cannot be had does not take the page', async () => {
  const page = await newPage(world, await newContext(world))
  await page.route('**/statistics?group_by*', (route) => route.fulfill({ status: 503, body: '' }))
  await page.goto(world.url + at(''))
  await page.getByRole('heading', { name: 'Attempts over time' }).waitFor()
  const again = page.getByRole('alert').getByRole('button', { name: 'Try again' })
  await again.waitFor()
  // It is asked for again when something happens: until that is answered, what is said of it stays, and so does the page.
  await page.evaluate(() => {
    window.taken = 0
    const look = () => {
      const loads = document.querySelector('main [role=status][aria-label=Loading]')
      if (loads || !document.querySelector('main [role=alert]')) window.taken += 1
    }
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true })
  })
  const asked = page.waitForRequest('**/statistics?group_by*')
  await world.tell(`publish ${world.realm} order.paid`)
  await asked
  await quiet(page)
  const once_more = page.waitForRequest('**/statistics?group_by*')
  await again.click()
  await once_more
  await page.getByRole('alert').getByRole('button', { name: 'Try again', disabled: true }).waitFor()
  assert.equal(await page.evaluate(() => window.taken), 0)
  await page.unroute('**/statistics?group_by*')
  await again.waitFor({ state: 'detached' })
  await page.getByRole('heading', { name: 'Webhooks, failing first' }).waitFor()
  // Nor is what is not known said to be nothing.
  await page.route('**/webhooks?*event=*', (route) => route.fulfill({ status: 503, body: '' }))
  await page.goto(world.url + at('/catalogue?type=order.paid'))
  await page.getByText('could not be looked up').waitFor()
  assert.equal(await page.getByText('No webhook subscribes').count(), 0)
  await page.context().close()
})

test('an example that comes late does not come into what somebody types', async () => {
  const page = await newPage(world, await newContext(world))
  const held = []
  let holds = true
  await page.route('**/event-types*', (route) => (holds ? held.push(route) : route.continue()))
  await page.goto(world.url + at('/events?publish=order.paid'))
  const publish = page.getByRole('dialog', { name: 'Publish an event' })
  await publish.getByRole('status', { name: 'Loading' }).waitFor()
  assert.equal(await publish.getByLabel('Data').count(), 0)
  holds = false
  await Promise.all(held.map((route) => route.continue()))
  assert.match(await publish.getByLabel('Data').inputValue(), /A-1042/)
  await page.context().close()
})

test('an answer that takes longer than the pause between two changes comes all the same', async () => {
  const page = await newPage(world, await newContext(world))
  await page.addInitScript((name) => {
    window.told = []
    new BroadcastChannel(name).onmessage = ({ data }) => window.told.push(data.pulse?.newest_event)
  }, `postrider-live-${world.realm}`)
  await page.goto(world.url + at('/events'))
  await settled(page)
  await page.waitForFunction(() => window.told.some(Boolean))
  await quiet(page)
  const held = []
  let holds = true
  await page.route('**/events?*', (route) => (holds ? held.push(route) : route.continue()))
  const ended = []
  page.on('requestfailed', (request) => {
    if (request.url().includes('/events?')) ended.push(request.url())
  })
  let event
  for (let n = 0; n < 2; ++n) {
    event = await world.tell(`publish ${world.realm} order.paid`)
    await page.waitForFunction((id) => window.told.includes(id), event)
  }
  assert.deepEqual([held.length, ended], [1, []])
  // What came meanwhile is in the next one.
  const again = page.waitForRequest('**/events?*')
  holds = false
  await held[0].fulfill({ response: await held[0].fetch(), json: { items: [], next_cursor: null } })
  await again
  await page.locator(`a[href$="/events/${event}"]`).waitFor()
  await page.context().close()
})
