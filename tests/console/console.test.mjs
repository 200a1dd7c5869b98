// The console in a browser, against the real binary and a real receiver: node --test tests/console/
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { axe_source, logIn, open, pages, settled, start } from './browser.mjs'

let world
before(async () => { world = await start() })
after(async () => { await world?.stop() })

test('from a new webhook to a green redelivery', async () => {
  const page = await open(world, `/console/${world.realm}/webhooks/new`)
  await page.getByLabel('Name', { exact: true }).fill('Journey')
  await page.getByLabel('URL', { exact: true }).fill(`${world.receiver}/journey`)
  await page.getByText('Looks good').waitFor()
  await page.getByRole('checkbox', { name: /order\.shipped/ }).check()
  await page.getByText('Advanced').click()
  await page.getByLabel('Use the realm’s schedule').uncheck()
  await page.getByLabel('Retry after').fill('')
  await page.getByRole('button', { name: 'Create webhook' }).click()
  await page.getByText(/^whsec_/).waitFor()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('heading', { name: 'Journey' }).waitFor()
  const address = page.url()

  await page.getByRole('button', { name: 'Send test event' }).click()
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  await page.getByRole('dialog').getByText('delivered').waitFor()
  await page.getByRole('button', { name: 'Close' }).click()

  await world.tell('break')
  await page.getByRole('link', { name: 'Events', exact: true }).click()
  await page.getByRole('button', { name: 'Publish event' }).click()
  await page.getByRole('dialog').getByLabel('Event type').selectOption('order.shipped')
  await page.getByLabel('Data').fill('{"order": 7}')
  await page.getByRole('button', { name: 'Publish', exact: true }).click()
  const verdict = page.getByRole('listitem').filter({ hasText: 'Journey' })
  await verdict.getByText('failed', { exact: true }).waitFor()
  await verdict.getByRole('link', { name: 'See the attempts' }).click()
  await page.getByRole('region', { name: 'response body' }).getByText('down for maintenance').waitFor()
  assert.ok(page.url().startsWith(address), 'the delivery is opened at its webhook')

  await world.tell('fix')
  await page.getByRole('button', { name: 'Redeliver', exact: true }).click()
  await page.getByRole('button', { name: /Attempt 2 · 200/ }).waitFor()
  assert.deepEqual(page.elsewhere, [], 'nothing is fetched from elsewhere')
  assert.deepEqual(page.complaints, [])
  await page.context().close()
})

test('what others wrote is shown as text, and the policy forbids inline script', async () => {
  for (const [name, path] of Object.entries(pages(world))) {
    const page = await open(world, path)
    await settled(page)
    assert.equal(await page.evaluate(() => window.pwned), undefined, name)
    assert.equal(await page.locator('img').count(), 0, name)
    if (name === 'webhook') await page.getByRole('region', { name: 'response body' }).getByText('<img src=x').waitFor()
    await page.context().close()
  }
  const answer = await fetch(world.url)
  const policy = answer.headers.get('content-security-policy')
  assert.match(policy, /script-src 'self';/)
  assert.doesNotMatch(policy, /unsafe/)
  const page = await open(world, '/')
  await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'window.inline = 1'
    document.body.append(script)
  })
  assert.equal(await page.evaluate(() => window.inline), undefined)
  await page.context().close()
})

test('the token is in no storage, and a reload asks for it again', async () => {
  const page = await open(world, `/console/${world.realm}/webhooks`)
  await settled(page)
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]))
  assert.ok(!stored.includes(world.token), stored)
  await page.reload()
  await page.getByLabel('API token').fill('prk_wrong')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByText('does not know this token').waitFor()
  await logIn(page, world)
  await page.getByRole('heading', { name: 'Webhooks' }).waitFor()
  await page.context().close()
})

test('the palette works by keyboard alone', async () => {
  const page = await open(world, `/console/${world.realm}`)
  await settled(page)
  await page.keyboard.press('Control+k')
  await page.keyboard.type('billing')
  await page.getByRole('option', { name: /Billing/ }).waitFor()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Billing' }).waitFor()
  await page.context().close()
})

test('files have an ETag, and assets are for ever', async () => {
  const first = await fetch(world.url)
  const again = await fetch(world.url, { headers: { 'If-None-Match': first.headers.get('etag') } })
  assert.equal(again.status, 304)
  const asset = (await first.text()).match(/src="(\/assets\/[^"]+)"/)[1]
  const plain = await fetch(world.url + asset, { headers: { 'Accept-Encoding': 'identity' } })
  assert.equal(plain.headers.get('content-encoding'), null)
  assert.match(plain.headers.get('cache-control'), /immutable/)
  assert.equal(await plain.text(), await (await fetch(world.url + asset)).text())
  assert.equal((await fetch(`${world.url}/assets/none.js`)).status, 404)
})

for (const dark of [false, true]) {
  test(`axe finds nothing serious, ${dark ? 'dark' : 'light'}`, async () => {
    const found = []
    for (const [name, path] of Object.entries(pages(world))) {
      const page = await open(world, path, { dark })
      await settled(page)
      // Not as a <script>: the policy would refuse it.
      await page.evaluate(axe_source)
      const { violations } = await page.evaluate(() => window.axe.run())
      for (const each of violations) {
        if (each.impact === 'serious' || each.impact === 'critical') found.push(`${name}: ${each.id}: ${each.nodes[0].html.slice(0, 160)} ${each.nodes[0].failureSummary?.split('\n')[1] ?? ''}`)
      }
      await page.context().close()
    }
    assert.deepEqual(found, [])
  })
}

test('the first load is at most 250 KB, and nothing is wider than a phone', async () => {
  const context = await world.browser.newContext({ viewport: { width: 390, height: 844 } })
  const page = await context.newPage()
  const sizes = []
  page.on('requestfinished', (request) => { if (!request.url().includes('/api/')) sizes.push(request.sizes()) })
  await page.goto(`${world.url}${pages(world).overview}`)
  await logIn(page, world)
  await settled(page)
  const bytes = (await Promise.all(sizes)).reduce((sum, each) => sum + each.responseBodySize, 0)
  assert.ok(bytes > 50_000 && bytes <= 250_000, `${bytes} bytes`)
  await context.close()
  for (const [name, path] of Object.entries(pages(world))) {
    const phone = await open(world, path, { width: 390, height: 844 })
    await settled(phone)
    const width = await phone.evaluate(() => document.documentElement.scrollWidth)
    assert.ok(width <= 390, `${name} is ${width} px wide`)
    await phone.context().close()
  }
})
