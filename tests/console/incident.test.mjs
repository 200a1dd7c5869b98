// Three in the morning: twelve webhooks, most of them ill. What is wrong is said truly, and mended in a few clicks.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { ask, open, settled, start } from './browser.mjs'

let world
let incident
let page
before(async () => {
  world = await start()
  incident = await world.tell('incident')
  page = await open(world, `/console/${incident.realm}`)
})
after(async () => {
  await world?.stop()
})
const go = async (path) => {
  await page.goto(`${world.url}/console/${incident.realm}${path}`)
  await settled(page)
}
const api = async (method, path, body) =>
  (await ask(world, method, path, body, incident.realm)).json

test('the list of webhooks says of each how it is', async () => {
  await go('/webhooks')
  const says = {
    Healthy: 'all succeed',
    'A quarter fails': /\d+ % fail/,
    'Search index, 500': 'all fail',
    Slow: 'all succeed',
    Hangs: 'all fail',
    'Gone, 410': 'disabled: the receiver answered 410 Gone',
    'No such name': 'all fail',
    'Not TLS': 'all fail',
    'Rate limited': 'all fail',
    'Switched off': 'disabled by hand',
    'Moved, 301': 'all fail',
    'Nobody listens': 'all fail',
  }
  for (const [name, text] of Object.entries(says))
    await page.getByRole('listitem').filter({ hasText: name }).getByText(text).first().waitFor()
})

test('the overview has those that fail first, and none that is well before them', async () => {
  await go('')
  const ranked = page.locator('section').filter({ hasText: 'Webhooks, failing first' })
  const names = ranked.getByRole('listitem').getByRole('link')
  await ranked
    .getByRole('listitem')
    .filter({ hasText: 'Hangs' })
    .getByText(/attempts failed/)
    .waitFor()
  const order = await names.allTextContents()
  for (const name of ['Healthy', 'Slow', 'Switched off'])
    assert.ok(!order.slice(0, 6).includes(name), order.join(', '))
})

test('what is pending says what it waits for, all of it, and an entry of the log what it is about', async () => {
  await go('/deliveries?state=pending')
  const waiting = page.getByText('due, left alone: the receiver fails').first()
  await waiting.waitFor()
  assert.ok(await waiting.evaluate((each) => each.scrollWidth <= each.parentElement.clientWidth))
  await go('/audit')
  const made = page.getByRole('row').filter({ hasText: 'realm.create' })
  await made.getByText(incident.realm, { exact: true }).waitFor()
})

test('what a rate limit held says so, and once it is cancelled that it was not attempted', async () => {
  const here = async (...request) => (await ask(world, ...request)).json
  const { id } = await here('POST', '/webhooks', {
    name: 'One a day',
    url: `${world.receiver}/one`,
    events: ['order.shipped'],
    rate_limit: { count: 1, per: '1d' },
  })
  const resource_id = '019ab200-7c3e-7b1a-9a54-3f0f6b1d2c11'
  for (const number of [1, 2, 3])
    await here('POST', '/events', { event: 'order.shipped', resource_id, data: { number } })
  const list = `${world.url}/console/${world.realm}/deliveries?webhook=${id}`
  await page.goto(`${list}&state=pending`)
  await page.getByText('due, waits for the rate limit').first().waitFor()
  await here('PATCH', `/webhooks/${id}`, { enabled: false })
  await page.goto(`${list}&state=cancelled`)
  await page.getByText('not attempted', { exact: true }).first().waitFor()
})

test('find, fix, test, send again what failed: in nine clicks, with figures before and after', async () => {
  let clicks = 0
  const click = async (target) => {
    clicks += 1
    await target.click()
  }
  await go('')
  await click(page.getByRole('link', { name: 'Search index, 500' }))
  // The first delivery's answer says what is wrong.
  await click(page.getByRole('button', { name: /order\.paid/ }).first())
  await page.getByText('the index is read-only').waitFor()
  await click(page.getByRole('link', { name: 'Edit', exact: true }))
  await page.getByLabel('URL', { exact: true }).fill(`${world.receiver}/mended`)
  await click(page.getByRole('button', { name: 'Save changes' }))
  await click(page.getByRole('button', { name: 'Send test event' }))
  await click(page.getByRole('button', { name: 'Send', exact: true }))
  await click(page.getByRole('button', { name: 'Redeliver what failed…' }))
  await page.getByText('9 failed or cancelled deliveries').waitFor()
  await click(page.getByRole('button', { name: 'Redeliver', exact: true }))
  const became = page.getByLabel('What became of them')
  await became.getByText('24 are delivered').waitFor()
  await became.getByText('0 have failed').waitFor()
  await click(page.getByRole('button', { name: 'Close' }).last())
  assert.ok(clicks <= 9, `${clicks} clicks`)
  // What was recovered has failed all the same: chart and rate are of attempts, by the time of each.
  await go('')
  await page
    .getByRole('listitem')
    .filter({ hasText: 'Search index, 500' })
    .getByText(/^\d+ of \d+ attempts failed/)
    .waitFor()
})

test('what runs is listed until it ends', async () => {
  // An operation as the server lists it while it runs.
  await page.route('**/operations?*', async (route) => {
    const answer = await route.fetch()
    const list = await answer.json()
    for (const item of list.items) Object.assign(item, { state: 'running', done: 7, total: 24 })
    await route.fulfill({ response: answer, json: list })
  })
  await go('')
  const running = page.getByRole('region', { name: 'Running operations' })
  await running.getByText('7 of 24').waitFor()
  // While it runs its progress is asked for every two seconds, and the list goes when it has ended.
  await running.getByRole('link', { name: 'Recovering Search index, 500' }).click()
  await page.getByLabel('What became of them').waitFor()
  await page.unrouteAll({ behavior: 'wait' })
})

test('“was this user’s event delivered to that webhook” takes three clicks', async () => {
  const user = await api('POST', '/users', { username: 'grace' })
  await api('PATCH', `/webhooks/${incident.Healthy}`, { events: ['order.paid', 'user.*'] })
  await api('PATCH', `/users/${user.id}`, { first_name: 'Grace' })
  let clicks = 0
  const click = async (target) => {
    clicks += 1
    await target.click()
  }
  await go('')
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').fill('grace')
  await click(page.getByRole('option', { name: 'grace' }).first())
  await click(page.getByRole('main').getByRole('link', { name: 'Events', exact: true }))
  await click(page.getByRole('link', { name: 'user.updated' }).first())
  const verdict = page.getByRole('list', { name: 'Verdicts' }).getByRole('listitem').first()
  await verdict.getByText('Healthy').waitFor()
  await verdict.getByText('delivered', { exact: true }).waitFor()
  assert.ok(clicks <= 3, `${clicks} clicks`)
})

test('after a test that succeeds what waits is attempted now', async () => {
  await api('PATCH', `/webhooks/${incident['Nobody listens']}`, { url: `${world.receiver}/mended` })
  await go(`/webhooks/${incident['Nobody listens']}?do=test`)
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: /^Attempt \d+ pending now…/ }).click()
  await dialog.getByText(/^\d+ pending deliveries/).waitFor()
  await dialog.getByRole('button', { name: 'Attempt now', exact: true }).click()
  const became = dialog.getByLabel('What became of them')
  await became.getByText('24 are delivered').waitFor()
  await became.getByText('0 are pending').waitFor()
})

test('the overview names who fails and how, and a bar leads to its list', async () => {
  await go('')
  const row = (name) => page.getByRole('listitem').filter({ hasText: name })
  await row('A quarter fails')
    .getByText(/6 of \d+ attempts failed/)
    .waitFor()
  await row('A quarter fails').getByText('6 × 5xx').waitFor()
  await row('Hangs').getByText('never succeeded').waitFor()
  await row('Hangs')
    .getByText(/pending, oldest from/)
    .waitFor()
  await page.getByRole('region', { name: 'Deliveries by state' }).getByText('pending now').waitFor()
  await page.getByRole('button', { name: 'By status' }).click()
  await page.getByText('no answer', { exact: true }).waitFor()
  const chart = page.getByRole('slider', { name: /attempts over time/ })
  await chart.focus()
  await page.keyboard.press('End')
  // The last bar may have begun since.
  const isOfAll = async () => /2xx.*5xx/.test(await chart.getAttribute('aria-valuetext'))
  if (!(await isOfAll())) await page.keyboard.press('ArrowLeft')
  assert.ok(await isOfAll(), await chart.getAttribute('aria-valuetext'))
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/deliveries\?since=.*until=/)
  await page.getByRole('region', { name: 'Deliveries' }).locator('tbody tr').first().waitFor()
  await page.goBack()
  await chart.waitFor()
})

test('a webhook’s own page says since when it fails, and has its own chart', async () => {
  await go(`/webhooks/${incident['Rate limited']}`)
  const health = page.getByLabel('Health')
  await health.getByText(/in a row/).waitFor()
  await health.getByText('never', { exact: true }).waitFor()
  const chart = page.getByRole('slider', { name: /attempts over time/ })
  const [, all, failed] = /^([\d,]+) attempts over time, ([\d,]+)/.exec(
    await chart.getAttribute('aria-label'),
  )
  assert.equal(all, failed)
})
