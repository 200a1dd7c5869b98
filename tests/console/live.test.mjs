// What is live: many tabs, the overview, the search.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { ask, newContext, newPage, open, settled, start } from './browser.mjs'

let world
before(async () => {
  world = await start()
})
after(async () => {
  await world?.stop()
})

test('eight tabs share one stream, and all stay usable', async () => {
  const context = await newContext(world)
  const streams = new Map()
  const tabs = []
  for (let tab = 0; tab < 8; ++tab) {
    const page = await newPage(world, context)
    page.on('request', (request) => {
      if (request.url().endsWith('/stream')) streams.set(request, tab)
    })
    for (const end of ['requestfinished', 'requestfailed'])
      page.on(end, (request) => streams.delete(request))
    await page.goto(`${world.url}/console/${world.realm}/events`)
    await settled(page)
    tabs.push(page)
  }
  // Headless tabs are all visible, so that one of them leads and the others wait for its lock.
  const event = await world.tell(`publish ${world.realm} order.shipped`)
  for (const page of tabs) await page.locator(`a[href$="/events/${event}"]`).waitFor()
  assert.equal(streams.size, 1, 'one connection for the whole browser')

  // When the tab with the stream goes, another one takes over.
  const [leader] = streams.values()
  await tabs[leader].close()
  const left = tabs.filter((_, tab) => tab !== leader)
  const next = await world.tell(`publish ${world.realm} order.paid`)
  for (const page of left) await page.locator(`a[href$="/events/${next}"]`).waitFor()
  for (const page of left) {
    await page.getByRole('link', { name: 'Webhooks', exact: true }).click()
    await page.getByRole('link', { name: 'Billing' }).waitFor()
  }
  // A hidden tab listens to nothing.
  for (const page of left) {
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: true })
      document.dispatchEvent(new Event('visibilitychange'))
    })
  }
  await left[0].waitForFunction(async () => (await navigator.locks.query()).held.length === 0)
  await context.close()
})

test('the overview is live', async () => {
  const page = await open(world, `/console/${world.realm}`)
  await page.getByText('live', { exact: true }).waitFor()
  // All that was published before is attempted and counted.
  const deliveries = async (state) =>
    (await ask(world, 'GET', `/deliveries?state=${state}&limit=200`)).json.items
  while ((await deliveries('pending')).some((each) => each.attempts === 0));
  const before = (await deliveries('delivered')).length
  await page.getByRole('link', { name: new RegExp(`^${before} delivered`) }).waitFor()
  // Sooner than it would ask by itself.
  for (let number = 0; number < 3; ++number) await world.tell(`publish ${world.realm} order.paid`)
  await page
    .getByRole('link', { name: new RegExp(`^${before + 3} delivered`) })
    .waitFor({ timeout: 9000 })
  await page.context().close()
})

test('the palette goes to a webhook', async () => {
  const page = await open(world, `/console/${world.realm}`)
  await settled(page)
  await page.keyboard.press('Control+k')
  await page.keyboard.type('billing')
  await page.getByRole('option', { name: /Billing/ }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Billing' }).waitFor()
  // An id that somebody pastes is an event's, a delivery's or a resource's.
  await page.keyboard.press('Control+k')
  await page.keyboard.type(world.delivery)
  await page.getByRole('option', { name: /Delivery/ }).click()
  await page.getByRole('region', { name: 'Request', exact: true }).waitFor()
  // A user's leads to the user, and so does the name, the address, or a part of either.
  for (const text of [world.user, world.user.slice(0, 13), 'ada', 'ada@example.com', 'DA@EXAM']) {
    await page.keyboard.press('Control+k')
    await page.keyboard.type(text)
    const user = page.getByRole('option', { name: /^ada .*User/ })
    await user.click()
    await page.getByRole('heading', { name: 'ada' }).waitFor()
    await page.getByRole('link', { name: 'Overview' }).click()
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
  }
  // Everything else that has an id or a name.
  const [key] = (await ask(world, 'GET', '/api-keys')).json.items
  const found = [
    [world.event, /Event$/, /\/events\//],
    [world.role, /Role$/, /\/roles\//],
    [world.client_role, /Role$/, /\/clients\/.*\/roles\//],
    [world.client, /Client$/, /\/clients\//],
    ['storefr', /Client$/, /\/clients\//],
    ['shop.example/call', /Redirect URI$/, /tab=redirects/],
    ['order.shi', /Event type$/, /type=order.shipped/],
    [key.id, /API key$/, /\/api-keys/],
    [world.receiver.slice(7) + '/lat', /Webhook$/, /\/webhooks\//],
  ]
  for (const [text, kind, address] of found) {
    await page.keyboard.press('Control+k')
    await page.keyboard.type(text)
    await page.getByRole('option', { name: kind }).first().click()
    await page.waitForURL(address)
  }
  await page.context().close()
})
