// Every page of the console: what axe finds, width, what others wrote as text, the first load.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { newContext, newPage, open, pages, serious, settled, start, walk } from './browser.mjs'

let world
before(async () => {
  world = await start()
})
after(async () => {
  await world?.stop()
})

/** What no page says: the words of a riddle, where the field has its own. */
const unspoken = /Who gets what|going well|\bThe rest\b|Nothing is called that/

test('axe finds nothing serious, nothing is wider than a phone, nothing comes from elsewhere, nobody’s text is code', async () => {
  const found = []
  await walk(world, {}, async (name, page) => {
    await page.setViewportSize({ width: 390, height: 844 })
    await settled(page)
    const { width, pwned, text } = await page.evaluate(() => ({
      text: document.body.innerText,
      width: document.documentElement.scrollWidth,
      pwned: window.pwned,
    }))
    await page.setViewportSize({ width: 1440, height: 900 })
    if (width > 390) found.push(`${name} is ${width} px wide`)
    const words = unspoken.exec(text)
    if (words) found.push(`${name} says "${words[0]}"`)
    if (pwned !== undefined) found.push(`${name} ran what others wrote`)
    if (!/. · Postrider$/.test(await page.title())) found.push(`${name} has no title of its own`)
    if ((await page.locator('img').count()) > 0) found.push(`${name} has an img`)
    found.push(...page.elsewhere.map((url) => `${name} asks ${url}`))
    // One page is of a user who is not there.
    found.push(
      ...page.complaints
        .filter((text) => !(name === 'not-found' && text.includes('404')))
        .map((text) => `${name}: ${text}`),
    )
    await settled(page)
    found.push(...(await serious(name, page, { last: true })))
    page.complaints.length = 0
  })
  assert.deepEqual(found, [])
})

test('what others wrote is shown as text', async () => {
  const page = await open(world, pages(world).webhook)
  await page.getByRole('heading', { name: '<img src=x' }).waitFor()
  await page.getByRole('region', { name: 'response body' }).getByText('<img src=x').waitFor()
  await page.getByLabel('Response headers').getByText('<img src=x').waitFor()
  await page.getByRole('region', { name: 'request body' }).getByText('<img src=x').waitFor()
  await page.goto(world.url + pages(world).users)
  await page.getByText('<img src=x').first().waitFor()
  await page.goto(world.url + pages(world).roles)
  await page.getByText('support <img src=x').waitFor()
  for (const name of ['catalogue-own', 'event-type-edit', 'publish', 'audit', 'deliveries']) {
    await page.goto(world.url + pages(world)[name])
    await settled(page)
    assert.equal(await page.evaluate(() => window.pwned), undefined, name)
  }
  await page.goto(world.url + pages(world)['api-keys'])
  await page.getByText('<img src=x').first().waitFor()
  assert.equal(await page.evaluate(() => window.pwned), undefined)
  await page.context().close()
})

test('payloads are shown as they were sent, to the last digit', async () => {
  const id = await world.tell(
    `publish-text ${world.realm} {"b":1.10,"a":12345678901234567890123,"deep":[{"c":1e400},[],{}],"d":"\\u0000"}`,
  )
  const page = await open(world, `/console/${world.realm}/events/${id}`)
  const data = page.getByRole('region', { name: 'data' })
  await data.waitFor()
  const lines = (await data.innerText()).split('\n').map((line) => line.trim())
  assert.deepEqual(
    lines.filter((line) => line !== ''),
    [
      '{',
      '"b": 1.10,',
      '"a": 12345678901234567890123,',
      '"deep": [',
      '{',
      '"c": 1e400',
      '},',
      '[],',
      '{}',
      '],',
      '"d": "\\u0000"',
      '}',
    ],
  )
  await page.getByRole('link', { name: 'See the attempts' }).first().click()
  await page
    .getByRole('region', { name: 'request body' })
    .getByText('12345678901234567890123')
    .waitFor()
  await page.context().close()
})

test('the policy forbids inline script', async () => {
  const policy = (await fetch(world.url)).headers.get('content-security-policy')
  assert.match(policy, /script-src 'self';/)
  assert.doesNotMatch(policy, /unsafe/)
  const page = await open(world, pages(world).overview)
  await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'window.inline = 1'
    document.body.append(script)
    const image = document.createElement('div')
    image.innerHTML = '<a onclick="window.inline = 2">x</a>'
    document.body.append(image)
    image.firstChild.click()
  })
  assert.equal(await page.evaluate(() => window.inline), undefined)
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

test('the first load is at most 250 KB', async (test) => {
  const context = await newContext(world, { width: 390, height: 844 })
  const page = await newPage(world, context)
  const finished = []
  page.on('requestfinished', (request) => {
    if (!request.url().includes('/api/')) finished.push(request)
  })
  await page.goto(`${world.url}${pages(world).overview}`)
  await settled(page)
  // Eight seconds after it has loaded the pages' code is fetched: on a slow machine that has begun.
  const loaded = await page.evaluate(
    () => performance.timeOrigin + performance.getEntriesByType('navigation')[0].loadEventStart,
  )
  const first = finished.filter((request) => request.timing().startTime < loaded + 8000)
  const sizes = await Promise.all(first.map((request) => request.sizes()))
  const bytes = sizes.reduce((sum, each) => sum + each.responseBodySize, 0)
  test.diagnostic(`the first load is ${bytes} bytes`)
  assert.ok(bytes > 50_000 && bytes <= 250_000, `${bytes} bytes`)
  await context.close()
})

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
/** The text of the whole console. */
const source = readdirSync(join(root, 'console/src'), { recursive: true })
  .filter((name) => /\.tsx?$/.test(name))
  .map((name) => readFileSync(join(root, 'console/src', name), 'utf8'))
  .join('\n')

test('nothing is said in words that nobody would use', () => {
  for (const words of ['Who gets what', 'going well', 'The rest', 'Nothing is called'])
    assert.ok(!source.includes(words), words)
})

test('what the README says to press is there', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const [, part] = /\*\*In the console\*\*(.*?)\nUsers, roles/s.exec(readme)
  const pressed = [...part.matchAll(/\*([A-Z][a-z ]+)\*/g)].map(([, words]) => words)
  assert.ok(pressed.length >= 5, String(pressed))
  const missing = pressed.filter(
    (words) => !new RegExp(`^\\s*${words}\\s*$|'${words}'`, 'm').test(source),
  )
  assert.deepEqual(missing, [])
})
