// Many deliveries, many tabs.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { newContext, newPage, open, settled, start } from './browser.mjs'

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

test('a list of 100,000 deliveries answers and scrolls', async () => {
  await world.tell('many')
  const page = await open(world, '/console/many/deliveries')
  const slow = []
  const pending = []
  page.on('requestfinished', (request) =>
    pending.push(
      (async () => {
        const timing = request.timing()
        const took = timing.responseEnd - timing.requestStart
        if (request.url().includes('/api/') && !request.url().endsWith('/stream') && took > 100)
          slow.push(
            `${new URL(request.url()).pathname}${new URL(request.url()).search}: ${Math.round(took)} ms`,
          )
      })(),
    ),
  )
  await page.reload()
  await settled(page)
  const rows = page.locator('tbody tr')
  await rows.nth(49).waitFor()
  for (let more = 2; more <= 8; ++more) {
    await page.getByRole('button', { name: 'Load more' }).click()
    await rows.nth(more * 50 - 1).waitFor()
  }
  // Scrolled from end to end; no frame is left out for longer than a blink.
  const longest = await page
    .getByRole('region', { name: 'Deliveries' })
    .evaluate(async (region) => {
      let longest = 0
      let last = performance.now()
      for (let step = 0; step <= 60; ++step) {
        region.scrollTop = (region.scrollHeight * step) / 60
        await new Promise(requestAnimationFrame)
        longest = Math.max(longest, performance.now() - last)
        last = performance.now()
      }
      return longest
    })
  assert.ok(longest < 200, `a frame took ${Math.round(longest)} ms`)
  await page.getByLabel('State').selectOption('pending')
  await rows.first().getByText('pending').waitFor()
  await page.getByLabel('State').selectOption('failed')
  await page.getByText('Nothing matches these filters').waitFor()
  await page.getByRole('link', { name: 'Overview' }).click()
  await page.getByText('10,000+').waitFor()
  await Promise.all(pending)
  assert.deepEqual(slow, [])
  await page.context().close()
})

test('the overview is live', async () => {
  const page = await open(world, `/console/${world.realm}`)
  await page.getByText('live', { exact: true }).waitFor()
  const figure = page.getByText(/^\d+ delivered$/)
  const before = Number.parseInt(await figure.textContent())
  // Sooner than it would ask by itself.
  for (let number = 0; number < 3; ++number) await world.tell(`publish ${world.realm} order.paid`)
  await page.getByText(`${before + 3} delivered`).waitFor({ timeout: 9000 })
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
  await page.context().close()
})
