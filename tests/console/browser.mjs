// What the console's tests and its screenshots share: the world, a browser, a page that is logged in.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const require = createRequire(join(here, '../../console/package.json'))
const { chromium } = require('playwright-core')
const axe_source = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

/** The browser without windows of its own takes four fifths of the other's time. */
const chromiums = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium']
export const chromiumPath = chromiums.find(existsSync) ?? chromiums[0]

/** 'empty': nobody has been at the server before. */
export async function start(kind = '') {
  const data = mkdtempSync(join(tmpdir(), 'postrider-console-'))
  const child = spawn('/usr/bin/python3', ['-B', join(here, 'world.py'), data, kind], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error('the world has ended')
    return JSON.parse(value)
  }
  const end = async () => {
    child.stdin.end()
    await ended
    rmSync(data, { recursive: true, force: true })
  }
  const launched = chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] })
  let world, browser
  try {
    ;[world, browser] = await Promise.all([answer(), launched])
  } catch (error) {
    await launched.then((running) => running.close()).catch(() => {})
    await end() // It would keep this process alive.
    throw error
  }
  return {
    ...world,
    browser,
    /** Of whom somebody has a session, and its cookies. */
    sessions: new Map(),
    async tell(command) {
      if (command === 'end-sessions') this.sessions.clear()
      child.stdin.write(`${command}\n`)
      return (await answer()).done
    },
    async stop() {
      for (const context of browser.contexts()) await forgetRoutes(context)
      await browser.close()
      await end()
    },
  }
}

/** What the pages ask while they are closed is answered by nobody: a route that fetches would fail after its test. */
async function forgetRoutes(context) {
  for (const page of context.pages()) await page.unrouteAll({ behavior: 'ignoreErrors' })
}

/** The cookies of a session. Hashing a password takes a tenth of a second of a core, so one is for all windows of somebody. */
async function logIn(world, context, as, realm) {
  const answer = await context.request.post(`${world.url}/api/v1/realms/${realm}/session`, {
    data: { username: as, password: world.password },
    headers: { 'Sec-Fetch-Site': 'same-origin' },
  })
  if (answer.status() !== 201)
    throw new Error(`logging in: ${answer.status()} ${await answer.text()}`)
  return context.cookies()
}

/** A window of the browser with its own cookies; `as` somebody of a realm, who is logged in already, with a session
    `apart` from those of other windows. */
export async function newContext(
  world,
  { width = 1440, height = 900, dark = false, as = 'admin', realm = 'master', apart = false } = {},
) {
  const context = await world.browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  })
  context.setDefaultTimeout(15_000)
  const close = context.close.bind(context)
  context.close = async () => {
    await forgetRoutes(context)
    await close()
  }
  if (as) {
    const somebody = `${realm}/${as}`
    const known = apart ? undefined : world.sessions.get(somebody)
    if (known) await context.addCookies(known)
    else world.sessions.set(somebody, await logIn(world, context, as, realm))
    // As after a log in by hand: the console remembers where, and the cookie says who.
    await context.addInitScript((name) => {
      localStorage.setItem('realm', name)
    }, realm)
  }
  return context
}

/** Whether an address is one that the console asks, and not the stream, which tells it. */
export const isAsked = (url) => url.includes('/api/') && !url.endsWith('/stream')

/** A page that remembers what the browser complained about, and what it asked elsewhere. */
export async function newPage(world, context) {
  const page = await context.newPage()
  await page.addInitScript(() => {
    window.layout_shift = 0
    window.layout_shifts = []
    const box = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(' ')
    const nameOf = (node) => {
      const element = node instanceof Element ? node : node?.parentElement
      if (!element) return '(gone)'
      return `${element.outerHTML.slice(0, element.outerHTML.indexOf('>') + 1).slice(0, 120)} "${element.textContent.slice(0, 40)}"`
    }
    const add = (list) => {
      for (const entry of list.getEntries()) {
        if (entry.hadRecentInput) continue
        window.layout_shift += entry.value
        for (const { node, previousRect, currentRect } of entry.sources)
          window.layout_shifts.push(
            `${entry.value.toFixed(3)} after ${Math.round(entry.startTime)} ms: ${nameOf(node)} from ${box(previousRect)} to ${box(currentRect)}`,
          )
      }
    }
    new PerformanceObserver(add).observe({ type: 'layout-shift', buffered: true })
  })
  page.complaints = []
  page.elsewhere = []
  /** What was asked of the API and is not answered yet, but for the stream, which never is. */
  page.asking = new Set()
  page.on('request', (request) => {
    if (isAsked(request.url())) page.asking.add(request)
  })
  for (const end of ['requestfinished', 'requestfailed'])
    page.on(end, (request) => page.asking.delete(request))
  page.on('console', (message) => {
    if (message.type() === 'error') page.complaints.push(message.text())
  })
  page.on('pageerror', (error) => page.complaints.push(String(error)))
  page.on('request', (request) => {
    if (!request.url().startsWith(world.url) && !request.url().startsWith('data:'))
      page.elsewhere.push(request.url())
  })
  return page
}

export async function open(world, path, options) {
  const page = await newPage(world, await newContext(world, options))
  await page.goto(world.url + path)
  await page.locator('#content').waitFor()
  return page
}

/** What the API answers to the world's administrator. */
export async function ask(world, method, path, body, realm = world.realm) {
  const answer = await fetch(`${world.url}/api/v1/realms/${realm}${path}`, {
    method,
    body: body && JSON.stringify(body),
    headers: {
      Authorization: `Bearer ${world.token}`,
      ...(body ? { 'Content-Type': 'application/json' } : {}),
    },
  })
  return { status: answer.status, json: answer.status === 204 ? null : await answer.json() }
}

/** Waits until nothing loads any more. */
export async function settled(page) {
  await page.locator('h1').first().waitFor()
  await page.waitForFunction(
    () => document.querySelectorAll('[role=status][aria-label=Loading]').length === 0,
  )
  await page.evaluate(() => document.fonts.ready)
}

/** Waits until all is answered, names too, and what came of it asks for nothing more. */
export async function quiet(page) {
  const drawn = () =>
    page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
    )
  do {
    for (const request of page.asking) await (await request.response())?.finished()
    await drawn()
  } while (page.asking.size > 0)
}

/** Chooses one of many by a part of its name. */
export async function choose(within, label, text) {
  await within.getByRole('combobox', { name: label, exact: true }).fill(text)
  const option = within.page().getByRole('option', { name: text })
  await option.first().click()
}

/** In a page: what is coloured as something before it is, with all in it and around it. Contrast is the same there. */
function colouredAsBefore() {
  const ids = new Map()
  const repeated = []
  /** Whether anything in an element is new. */
  const visit = (element, parent) => {
    const style = getComputedStyle(element)
    const hasText = [...element.childNodes].some(
      (each) => each.nodeType === 3 && /\S/.test(each.data),
    )
    const { color, backgroundColor, backgroundImage, fontSize, fontWeight, opacity } = style
    const look = [color, backgroundColor, backgroundImage, fontSize, fontWeight, opacity]
    const key = [
      parent,
      element.tagName,
      element.getAttribute('class'),
      hasText,
      element.disabled,
      ...look,
    ]
    const before = ids.size
    const id = ids.get(key.join('|')) ?? before
    if (id === before) ids.set(key.join('|'), id)
    const kept = [...element.children].filter((child) => visit(child, id))
    if (id === before || kept.length > 0) {
      repeated.push(...[...element.children].filter((child) => !kept.includes(child)))
      return true
    }
    return false
  }
  visit(document.documentElement, '')
  return repeated
}

/** What axe finds serious or critical: by all its rules in the light colours, by those that look at colours in the dark ones
    too. Nothing else is done with a page that is looked at for the last time: it may lose what is there twice. */
export async function serious(name, page, { last = false } = {}) {
  // Not as a <script>: the policy would refuse it.
  await page.evaluate(`${axe_source}; window.colouredAsBefore = ${colouredAsBefore}`)
  const found = []
  for (const colours of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: colours })
    const violations = await page.evaluate(
      async ([dark, last]) => {
        document.documentElement.classList.toggle('dark', dark)
        const changing = document.getAnimations().filter((each) => each instanceof CSSTransition)
        await Promise.allSettled(changing.map((each) => each.finished))
        // Only what is wrong is described in full: the rest would take most of the time.
        const run = async (what, options) =>
          (await window.axe.run(what, { resultTypes: ['violations'], ...options })).violations
        const of_colours = ['color-contrast', 'link-in-text-block']
        const rules = Object.fromEntries(of_colours.map((each) => [each, { enabled: false }]))
        const others = dark ? [] : await run(document, { rules })
        // And a thing in the colours of another needs no second look.
        const again = window.colouredAsBefore()
        if (last) again.forEach((each) => each.remove())
        const context = last ? document : { include: document, exclude: again }
        return [...others, ...(await run(context, { runOnly: of_colours }))]
      },
      [colours === 'dark', last],
    )
    for (const { id, impact, nodes } of violations) {
      if (impact !== 'serious' && impact !== 'critical') continue
      const summary = nodes[0].failureSummary?.split('\n')[1] ?? ''
      found.push(`${name}, ${colours}: ${id}: ${nodes[0].html.slice(0, 160)} ${summary}`)
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.evaluate(() => document.documentElement.classList.remove('dark'))
  return found
}

/** Every page, and every dialog that has an address, by the name of its screenshot. */
export function pages(world) {
  const at = (path) => `/console/${world.realm}${path}`
  return {
    overview: at(''),
    webhooks: at('/webhooks'),
    'webhook-new': at('/webhooks/new'),
    webhook: at(`/webhooks/${world.bad}?delivery=${world.delivery}`),
    'webhook-good': at(`/webhooks/${world.good}`),
    'webhook-edit': at(`/webhooks/${world.bad}/edit`),
    'webhook-test': at(`/webhooks/${world.good}?do=test`),
    'webhook-reveal': at(`/webhooks/${world.good}?do=reveal`),
    'webhook-rotate': at(`/webhooks/${world.good}?do=rotate`),
    'webhook-recover': at(`/webhooks/${world.bad}?do=recover`),
    'webhook-disable': at(`/webhooks/${world.good}?do=disable`),
    'webhook-delete': at(`/webhooks/${world.good}?do=delete`),
    deliveries: at('/deliveries?state=failed'),
    delivery: at(`/deliveries?delivery=${world.delivery}`),
    'deliveries-retry': at('/deliveries?state=failed&do=retry'),
    'deliveries-nothing': at('/deliveries?state=cancelled&since=1h'),
    events: at('/events'),
    publish: at('/events?publish=order.paid'),
    event: at(`/events/${world.event}`),
    catalogue: at('/catalogue?type=user.created'),
    'catalogue-own': at(`/catalogue?type=order.paid&webhook=${world.good}`),
    'event-type-new': at('/catalogue/new'),
    'event-type-edit': at('/catalogue/order.paid/edit'),
    users: at('/users'),
    'user-new': at('/users/new'),
    user: at(`/users/${world.user}`),
    roles: at('/roles'),
    'role-new': at('/roles/new'),
    role: at(`/roles/${world.role}`),
    clients: at('/clients'),
    'client-new': at('/clients/new'),
    client: at(`/clients/${world.client}`),
    'client-redirects': at(`/clients/${world.client}?tab=redirects`),
    'client-roles': at(`/clients/${world.client}?tab=roles`),
    'client-role': at(`/clients/${world.client}/roles/${world.client_role}`),
    'client-service': at(`/clients/${world.client}?tab=service`),
    realms: at('/realms'),
    'realm-new': at('/realms?create=1'),
    settings: at('/settings'),
    'settings-master': '/console/master/settings',
    'api-keys': at('/api-keys'),
    'api-key-new': at('/api-keys?create=1'),
    sessions: '/console/master/sessions',
    audit: at('/audit'),
    empty: '/console/master',
    'not-found': at('/users/019ab200-7c3e-7b1a-9a54-3f0f6b1d2c11'),
  }
}
/** What opens on a page without an address of its own: where, and what is pressed there. */
export const opened = {
  palette: ['overview', (page) => page.keyboard.press('Control+k')],
  'realm-menu': ['overview', (page) => page.getByRole('button', { name: /^Realm/ }).click()],
  'set-user-password': [
    'user',
    (page) => page.getByRole('button', { name: 'Set password', exact: true }).click(),
  ],
  'reset-password': [
    'user',
    (page) => page.getByRole('button', { name: 'Reset password' }).click(),
  ],
  'delete-user': ['user', (page) => page.getByRole('button', { name: 'Delete' }).first().click()],
  'redirect-new': [
    'client-redirects',
    (page) => page.getByRole('button', { name: 'Add redirect URI' }).click(),
  ],
  'audit-entry': ['audit', (page) => page.locator('tbody button').first().click()],
  'time-between': [
    'events',
    (page) => page.getByLabel('Time', { exact: true }).selectOption('between'),
  ],
  'webhook-advanced': ['webhook-edit', (page) => page.getByText('Advanced').click()],
  'webhook-template': [
    'webhook-edit',
    async (page) => {
      await page.getByText('Advanced').click()
      await page.getByLabel('Body').selectOption('template')
      await page.getByLabel('Authentication', { exact: true }).selectOption('oauth2')
    },
  ],
  'webhook-tested': [
    'webhook-test',
    async (page) => {
      await page.getByRole('button', { name: 'Send', exact: true }).click()
      await page.getByRole('region', { name: 'request body' }).waitFor()
    },
  ],
}
/** What people see who are not logged in. */
export const fronts = { login: '/', 'set-password': '/set-password#realm=shop&token=made-up' }

/** Looks at every page in one window. */
export async function walk(world, { prepare = () => {}, ...options }, look) {
  const context = await newContext(world, options)
  const page = await newPage(world, context)
  await prepare(page)
  for (const [name, path] of Object.entries(pages(world))) {
    await page.goto(world.url + path)
    await page.locator('#content').waitFor()
    await settled(page)
    await look(name, page)
  }
  await context.close()
  const outside = await newContext(world, { ...options, as: null })
  const front = await newPage(world, outside)
  await prepare(front)
  for (const [name, path] of Object.entries(fronts)) {
    await front.goto(world.url + path)
    await settled(front)
    await look(name, front)
  }
  await outside.close()
}
