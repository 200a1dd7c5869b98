// The documentation in a browser: its search, its pages, and the forms of the reference for who is logged in.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { ask, newContext, newPage, serious, start } from './browser.mjs'

let world
before(async () => {
  world = await start()
})
after(async () => {
  await world?.stop()
})

async function docs(options, path = '/docs/api.html') {
  const page = await newPage(world, await newContext(world, options))
  // The reference has 34,000 elements: beside others a browser may be at them for longer than a page may take.
  await page.goto(world.url + path, { timeout: 60_000 })
  return page
}

const search = (page) => page.getByRole('searchbox', { name: 'Search' })
const found = (page) => page.getByRole('list', { name: 'What was found' }).getByRole('link')

test('the search finds operations, problems, event types and guides', async () => {
  const page = await docs({ as: null })
  for (const [text, title, where] of [
    ['rotate secret', /rotate/i, /#rotate_webhook_secret$/],
    ['idempotency-key-reused', /Idempotency-Key|key/i, /#problem-/],
    ['user.role.assigned', /user\.role\.assigned/, /#/],
    ['right receiver', /right/i, /\/docs\/probe\.html/],
    ['duplicates', /duplicates/i, /\/docs\/receiving\.html#expect-duplicates$/],
    ['dupicate', /duplicates/i, /\/docs\/receiving\.html#expect-duplicates$/],
  ]) {
    await search(page).fill(text)
    const wanted = found(page).filter({ hasText: title })
    await wanted.first().waitFor()
    const hrefs = await wanted.evaluateAll((all) => all.map((each) => each.href))
    assert.ok(
      hrefs.some((href) => where.test(href)),
      `${text}: ${JSON.stringify(hrefs)}`,
    )
  }
  await search(page).fill('xyzzy')
  await page.getByText('Nothing was found.').waitFor()
  await page.keyboard.press('Escape')
  assert.equal(await search(page).inputValue(), '')
  await page.locator('h1').click()
  await page.keyboard.press('/')
  await page.keyboard.type('<img src=x onerror=alert(1)>')
  assert.equal(await page.locator('img[src=x]').count(), 0)
  await search(page).fill('expect duplicates')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/docs/receiving.html#expect-duplicates')
  assert.deepEqual([page.complaints, page.elsewhere], [[], []])
})

test('every page fits a phone and a desk, and complains of nothing', async () => {
  const page = await docs({ as: null }, '/docs')
  const pages = await page
    .locator('nav.side a[href$=".html"]')
    .evaluateAll((all) => all.map((each) => each.href))
  assert.ok(pages.length >= 20, String(pages))
  for (const each of pages) {
    await page.setViewportSize({ width: 390, height: 900 })
    await page.goto(each, { timeout: 60_000 })
    for (const width of [390, 1440]) {
      await page.setViewportSize({ width, height: 900 })
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      assert.ok(over <= 0, `${each} is ${over} too wide at ${width}`)
    }
  }
  assert.deepEqual([page.complaints, page.elsewhere], [[], []])
})

test('the colours are the console’s, and whoever chooses keeps them', async () => {
  const page = await docs({ as: null, dark: true }, '/docs/')
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  assert.equal(await background(), 'rgb(13, 14, 18)')
  await page.getByRole('button', { name: 'Use light colours' }).click()
  assert.equal(await background(), 'rgb(250, 250, 251)')
  await page.goto(world.url + '/docs/receiving')
  assert.equal(await background(), 'rgb(250, 250, 251)')
  assert.equal(await page.evaluate(() => localStorage.getItem('theme')), 'light')
})

test('on a phone the contents open and lead to a page', async () => {
  const page = await docs({ as: null, width: 390 }, '/docs/')
  const side = page.getByRole('navigation', { name: 'Contents' })
  assert.equal(await side.isHidden(), true)
  await page.locator('label.menu').click()
  await side.getByRole('link', { name: 'Metrics' }).click()
  await page.getByRole('heading', { name: 'Metrics', level: 1 }).waitFor()
})

test('without a session there are no forms', async () => {
  const page = await docs({ as: null })
  await page.getByText('Log in to the console').waitFor()
  assert.equal(await page.locator('details.try').count(), 0)
})

test('who is logged in sends an operation as themselves', async () => {
  const page = await docs({})
  const form = (id) => page.locator(`#${id} details.try`)
  await form('publish_event').waitFor({ state: 'attached' })
  assert.equal(await form('get_stream').count(), 0)
  const open = async (id) => {
    await form(id).locator('summary').click()
    return form(id)
  }
  const list = await open('list_webhooks')
  await list.getByLabel('realm').fill(world.realm)
  await list.getByLabel('limit').fill('1')
  await list.getByRole('button', { name: 'Send GET' }).click()
  await list.getByText(/^200/).waitFor()
  assert.equal(JSON.parse(await list.locator('pre').textContent()).items.length, 1)

  // A change: the browser says that the page is the server's own.
  const publish = await open('publish_event')
  await publish.getByLabel('realm').fill(world.realm)
  const resource = '019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11'
  await publish
    .getByLabel('Body')
    .fill(JSON.stringify({ event: 'user.created', resource_id: resource, data: { docs: true } }))
  await publish.getByRole('button', { name: 'Send POST' }).click()
  await publish.getByText(/^(202|403|422)/).waitFor()
  const said = JSON.parse(await publish.locator('pre').textContent())
  if (said.id) {
    assert.equal((await ask(world, 'GET', `/events/${said.id}`)).json.data.docs, true)
  } else {
    assert.ok(said.type.startsWith('https://postrider.dev/problems/'), JSON.stringify(said))
  }

  // A deletion asks.
  const removal = await open('delete_webhook')
  await removal.getByLabel('realm').fill(world.realm)
  await removal.getByLabel('webhook_id').fill(resource)
  page.once('dialog', (dialog) => dialog.dismiss())
  await removal.getByRole('button', { name: 'Send DELETE' }).click()
  assert.equal(await removal.locator('figure').isHidden(), true)
  page.once('dialog', (dialog) => dialog.accept())
  await removal.getByRole('button', { name: 'Send DELETE' }).click()
  await removal.getByText(/^404/).waitFor()
  assert.deepEqual(page.elsewhere, [])
})

test('axe finds nothing serious, light and dark', async () => {
  for (const path of ['/docs/', '/docs/api.html', '/docs/receiving', '/docs/webhooks']) {
    const page = await docs({}, path)
    if (path === '/docs/api.html') {
      await page.locator('#list_webhooks details.try summary').click()
      await search(page).fill('webhook')
    }
    assert.deepEqual(await serious(path, page, { last: true }), [])
  }
})
