// A realm with more of everything than ten pages, and at its full size (10,000 webhooks, 1,000 roles, 100,000 users) with
// POSTRIDER_CONSOLE_FULL: all of it is found, nothing asks for all of it, and nothing is asked in vain.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import {
  ask,
  choose,
  isAsked,
  newContext,
  newPage,
  open,
  quiet,
  settled,
  start,
} from './browser.mjs'

let world
let size
let page
const asked = []
before(async () => {
  world = await start()
  size = await world.tell('size')
  page = await open(world, `/console/${size.realm}`)
  page.on('request', (request) => {
    if (isAsked(request.url())) asked.push(request.url().replace(/.*\/realms\/size/, ''))
  })
})
after(async () => {
  await world?.stop()
})
const go = async (path) => {
  asked.length = 0
  await page.goto(`${world.url}/console/${size.realm}${path}`)
  await settled(page)
}
const main = () => page.locator('main')
/** Keeps the end of what scrolls on the screen until something has come about. */
const toTheEnd = async (scroller, ended) => {
  const scrolling = await scroller.evaluateHandle((element) =>
    setInterval(() => element.scrollTo(0, element.scrollHeight), 10),
  )
  try {
    await ended
  } finally {
    await scrolling.evaluate((timer) => clearInterval(timer))
  }
}
/** The questions for a list. The same one may come again: what was answered before the stream began is asked once more. */
const lists = (name) => [...new Set(asked.filter((path) => path.startsWith(`/${name}?`)))]

test('no page asks for all webhooks, users or roles', async (context) => {
  const paths = [
    '',
    '/webhooks',
    `/webhooks/${size.webhook}`,
    '/webhooks/new',
    '/deliveries',
    '/events',
    `/events/${size.event}`,
    '/catalogue?type=order.shipped',
    '/users',
    `/users/${size.user}`,
    '/roles',
    `/roles/${size.role}`,
    '/clients',
    `/clients/${size.client}`,
    '/settings',
    '/api-keys',
    '/audit',
  ]
  let most = 0
  for (const path of paths) {
    await go(path)
    for (const name of ['webhooks', 'users', 'roles'])
      assert.ok(lists(name).length <= 1, `${path} asks ${lists(name).join(' ')}`)
    most = Math.max(most, asked.length)
  }
  context.diagnostic(`${size.webhooks} webhooks; a page asks at most ${most} times`)
  // Names of fifty rows are looked up one by one, each once.
  assert.ok(most < 80, `${most} requests`)
})

test('each list finds its oldest by a part of the name, with one question', async () => {
  for (const [path, label, part, name] of [
    ['/webhooks', 'Search webhooks', 'e oldest web', 'The oldest webhook'],
    ['/roles', 'Search roles', 'oldest rol', 'the oldest role'],
    ['/clients', 'Search clients', 'oldest-cl', 'the-oldest-client'],
    ['/users', 'Search users', 'da@exam', 'ada'],
  ]) {
    await go(path)
    asked.length = 0
    const answer = page.waitForResponse((each) => each.url().includes('search='))
    await page.getByLabel(label).fill(part)
    await answer
    await main().getByRole('link', { name, exact: true }).waitFor()
    // A pulse may have it ask the same again.
    assert.equal(new Set(asked.filter((each) => each.includes('search='))).size, 1, asked.join(' '))
  }
})

test('a list is complete: its last page is the oldest', async () => {
  await go('/roles')
  const oldest = main().getByRole('link', { name: 'the oldest role', exact: true })
  // Each time the end comes on the screen the next page is asked for.
  await toTheEnd(page.locator('html'), oldest.waitFor({ timeout: 60_000 }))
})

test('so it is when answers are quicker than the drawing, and the end stays on the screen', async () => {
  const answers = []
  const list = async (cursor) =>
    (await ask(world, 'GET', `/roles?limit=50${cursor}`, undefined, size.realm)).json
  for (let page = await list(''); answers.length < 4; answers.push(page))
    page = await list(`&cursor=${page.next_cursor}`)
  answers[3].next_cursor = null
  const tall = await newPage(world, await newContext(world, { height: 12_000 }))
  await tall.addInitScript((answers) => {
    const later = window.setTimeout
    window.setTimeout = (work, ms, ...rest) => later(work, Math.max(ms ?? 0, 50), ...rest)
    const { fetch } = window
    window.fetch = (path, options) =>
      /roles.*cursor=/.test(path)
        ? Promise.resolve(new Response(JSON.stringify(answers.shift())))
        : fetch(path, options)
  }, answers)
  await tall.goto(`${world.url}/console/${size.realm}/roles`)
  const last = answers[3].items.at(-1).name
  await tall.getByRole('link', { name: last, exact: true }).waitFor()
  await tall.context().close()
})

test('and when the browser tells at once that the end has gone and is there again', async () => {
  const late = await newPage(world, await newContext(world))
  await late.addInitScript(() => {
    window.IntersectionObserver = class extends IntersectionObserver {
      constructor(tell, options) {
        const entries = []
        super((more) => {
          if (entries.length === 0) setTimeout(() => tell(entries.splice(0)), 150)
          entries.push(...more)
        }, options)
      }
    }
  })
  await late.goto(`${world.url}/console/${size.realm}/roles`)
  await settled(late)
  const oldest = late.getByRole('link', { name: 'the oldest role', exact: true })
  await toTheEnd(late.locator('html'), oldest.waitFor({ timeout: 60_000 }))
  await late.context().close()
})

test('who subscribes to a type is asked of the server', async () => {
  await go('/catalogue?type=order.shipped')
  await main().getByRole('link', { name: 'A quiet webhook' }).waitFor()
  await go('/webhooks?event=order.shipped')
  await main().getByRole('link', { name: 'A quiet webhook' }).waitFor()
  assert.equal(
    await main().getByRole('list', { name: 'Webhooks' }).getByRole('listitem').count(),
    1,
  )
})

test('the oldest webhook is found by name: in the list, a filter, the search, and over its delivery', async () => {
  await go('/webhooks?find=oldest')
  await page.getByRole('link', { name: 'The oldest webhook' }).waitFor()
  await go('/deliveries')
  await choose(main(), 'Webhook', 'The oldest webhook')
  const row = page.getByRole('region', { name: 'Deliveries' }).locator('tbody tr')
  await row.getByText('The oldest webhook').waitFor()
  assert.equal(await page.getByText('a deleted webhook').count(), 0)
  await row.first().click()
  await main().getByRole('link', { name: 'The oldest webhook' }).waitFor()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: /^Search/ }).fill('the oldest webhook')
  await page.getByRole('option', { name: 'The oldest webhook' }).click()
  await page.getByRole('heading', { name: 'The oldest webhook' }).waitFor()
})

test('the oldest role is given by typing a part of its name', async () => {
  await go(`/users/${size.user}`)
  await choose(main(), 'Role', 'the oldest role')
  await page.getByRole('button', { name: 'Assign' }).click()
  await main().getByRole('link', { name: 'the oldest role' }).waitFor()
})

test('why an event went where is paged, searched, and folds who never asked for it', async () => {
  await go(`/events/${size.event}`)
  const verdicts = page.getByRole('list', { name: 'Verdicts' }).getByRole('listitem')
  await verdicts.first().waitFor()
  assert.ok((await verdicts.count()) <= 50)
  await page.getByText('1 webhook does not subscribe to it').waitFor()
  assert.equal(await page.getByText('A quiet webhook').isVisible(), false)
  await page.getByLabel('Search webhooks').fill('oldest')
  await verdicts.nth(1).waitFor({ state: 'detached' })
  await verdicts.getByText('delivered', { exact: true }).waitFor()
  assert.equal(await verdicts.count(), 1)
})

test('scrolling through deliveries beside all these webhooks keeps memory small', async (context) => {
  await go('/deliveries')
  const region = page.getByRole('region', { name: 'Deliveries' })
  await region.locator('tbody tr').nth(15).waitFor()
  const pages_wanted = 32
  const loaded = () => asked.filter((path) => path.startsWith('/deliveries?')).length
  await toTheEnd(
    region,
    page.waitForRequest(() => loaded() >= pages_wanted, { timeout: 120_000 }),
  )
  await quiet(page)
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  await session.send('HeapProfiler.collectGarbage')
  const { metrics } = await session.send('Performance.getMetrics')
  const of = (name) => metrics.find((each) => each.name === name).value
  const mib = of('JSHeapUsedSize') / 1024 / 1024
  context.diagnostic(`${mib.toFixed(1)} MiB of heap and ${of('Nodes')} nodes after 32 pages`)
  assert.ok(mib < 60, `${mib} MiB`)
  assert.equal(await page.getByText('a deleted webhook').count(), 0)
})

test('a console that nobody touches asks for nothing', async () => {
  const idle = await newPage(world, await newContext(world))
  await idle.clock.install()
  // A silence of 40 s is after which it asks by itself. The clock that goes on is the page's alone: nothing is heard
  // meanwhile, so that it may go on for less than that, and for longer than all pauses between two questions.
  const [silence, pause] = [40_000, 10_000]
  const requests = []
  const listen = (request) => requests.push(request.url())
  /** Comes to a page; how far the clock may go from there. */
  const come = async (name) => {
    const begun = Date.now()
    await idle.goto(`${world.url}/console/${world.realm}`)
    await idle.getByText('live', { exact: true }).waitFor()
    await idle.getByRole('link', { name, exact: true }).first().click()
    await idle.getByRole('heading', { level: 1, name }).waitFor()
    await settled(idle)
    await quiet(idle)
    return silence - 2_000 - (Date.now() - begun)
  }
  for (const name of ['Webhooks', 'Deliveries', 'Events', 'Users', 'Audit log', 'Overview']) {
    // On a machine that stood still for a while it is looked at again.
    let jump = 0
    for (let tries = 0; tries < 4 && jump <= pause; ++tries) jump = await come(name)
    assert.ok(jump > pause, `${name} took ${silence - 2_000 - jump} ms, four times`)
    idle.on('request', listen)
    await idle.clock.fastForward(jump)
    await idle.evaluate(() => new Promise(requestAnimationFrame))
    idle.off('request', listen)
    assert.deepEqual(requests.filter(isAsked), [], name)
  }
  await idle.context().close()
})
